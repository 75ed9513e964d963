// How to run a registry.
#ifndef PLUMB_REGISTRY_SERVER_OPTIONS_H_
#define PLUMB_REGISTRY_SERVER_OPTIONS_H_

#include <chrono>
#include <cstdint>
#include <string>

#include "registry/service/service_limits.h"
#include "registry/storage/clock.h"

namespace plumb {

// Everything but `data_dir` has a default that serves one machine.
struct ServerOptions {
  std::string data_dir;
  std::string listen = "127.0.0.1:7070";  // HOST:PORT; port 0 picks a free one.
  // PEM files; both or none. Without them the server speaks plain text.
  std::string tls_cert_file;
  std::string tls_key_file;
  bool anonymous_read = true;
  // What gRPC may use for messages in flight.
  uint64_t message_memory_bytes = 128u << 20;
  // Free disk space that uploads leave for metadata, at most 5 % of the file system.
  uint64_t reserve_bytes = 64u << 20;
  // What a pack file grows to.
  uint64_t pack_bytes = 256u << 20;
  // How long running calls may take to end when the server stops.
  std::chrono::milliseconds stop_grace = std::chrono::seconds(10);
  // A line in the log for each call.
  bool log_requests = false;
  ServiceLimits limits;
  Clock clock = SystemClock();
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVER_OPTIONS_H_
