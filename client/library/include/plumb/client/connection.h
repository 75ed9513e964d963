// A connection to one registry.
#ifndef PLUMB_CLIENT_CONNECTION_H_
#define PLUMB_CLIENT_CONNECTION_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "plumb/client/connection_options.h"
#include "plumb/v1/catalogue.pb.h"

namespace plumb {

class Cache;

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
  // A connection that asks nobody. Resolve, GetManifest and GetChunkList answer from what RememberIn named; every other
  // call is UNAVAILABLE.
  static std::unique_ptr<Connection> Offline(const std::string& registry);
  ~Connection();

  bool offline() const;
  // Where releases, manifests and chunk lists that the registry shows are kept (cached_releases.h). Borrowed; nullptr,
  // as at first, for nowhere. Not thread-safe.
  void RememberIn(const Cache* cache) { memory_ = cache; }
  const Cache* memory() const { return memory_; }

  // `host:port` as connected.
  const std::string& registry() const;
  const v1::Capabilities& capabilities() const;
  // For the library's own parts.
  rpc::Channel& channel() { return *channel_; }

 private:
  explicit Connection(std::unique_ptr<rpc::Channel> channel);
  std::unique_ptr<rpc::Channel> channel_;
  v1::Capabilities capabilities_;
  const Cache* memory_ = nullptr;
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_CONNECTION_H_
