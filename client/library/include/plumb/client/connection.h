// A connection to one registry.
#ifndef PLUMB_CLIENT_CONNECTION_H_
#define PLUMB_CLIENT_CONNECTION_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "plumb/client/connection_options.h"
#include "plumb/v1/catalogue.pb.h"

namespace plumb {

namespace rpc {
class Channel;
}

// Keeps gRPC, which is the transport, from writing lines of its own on standard error, for the whole process: what
// matters of them is in the errors that calls return. For programs that own their terminal; call it before anything
// else.
void SilenceTransport();

// Thread-safe: any number of calls may run at once.
class Connection {
 public:
  // Connects and asks for the server's capabilities. UNAVAILABLE when nobody answers,
  // FAILED_PRECONDITION when server and client have no protocol version in common.
  static absl::StatusOr<std::unique_ptr<Connection>> Connect(const ConnectionOptions& options);
  ~Connection();

  // `host:port` as connected.
  const std::string& registry() const;
  const v1::Capabilities& capabilities() const;
  // For the library's own parts.
  rpc::Channel& channel() { return *channel_; }

 private:
  explicit Connection(std::unique_ptr<rpc::Channel> channel);
  std::unique_ptr<rpc::Channel> channel_;
  v1::Capabilities capabilities_;
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_CONNECTION_H_
