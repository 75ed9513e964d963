#include "plumb/pack/pack_source.h"

#include <cstring>
#include <utility>

#include "plumb/base/file.h"

namespace plumb {

PackSource PackSourceOf(int fd, uint64_t size_bytes, std::string name) {
  auto read = [fd, name](uint64_t offset, std::span<uint8_t> out) { return PreadExactly(fd, out, offset, name); };
  return {.size_bytes = size_bytes, .read = std::move(read), .name = std::move(name)};
}

PackSource PackSourceOf(std::span<const uint8_t> bytes) {
  auto read = [bytes](uint64_t offset, std::span<uint8_t> out) {
    std::memcpy(out.data(), bytes.data() + offset, out.size());
    return absl::OkStatus();
  };
  return {.size_bytes = bytes.size(), .read = std::move(read), .name = "a pack"};
}

}  // namespace plumb
