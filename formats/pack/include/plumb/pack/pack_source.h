// Where a pack's bytes come from: a file, memory, or ranges from a host.
#ifndef PLUMB_PACK_PACK_SOURCE_H_
#define PLUMB_PACK_PACK_SOURCE_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "absl/status/status.h"

namespace plumb {

// Bytes that can be read at any position. As thread-safe as what it reads from.
struct PackSource {
  uint64_t size_bytes = 0;
  // Fills `out` from `offset`. Only asked for what lies inside `size_bytes`.
  std::function<absl::Status(uint64_t offset, std::span<uint8_t> out)> read;
  std::string name;  // For messages.
};

// An open file, which must outlive the source, up to `size_bytes`.
PackSource PackSourceOf(int fd, uint64_t size_bytes, std::string name);
// Bytes that outlive the source.
PackSource PackSourceOf(std::span<const uint8_t> bytes);

}  // namespace plumb

#endif  // PLUMB_PACK_PACK_SOURCE_H_
