#include "formats/gguf/cursor.h"

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"

namespace plumb::gguf {

absl::StatusOr<std::span<const uint8_t>> Cursor::Bytes(uint64_t count, std::string_view what) {
  if (count > remaining()) {
    return InvalidArgument(
        fmt::format("{} at byte {} takes {} bytes, only {} follow", what, position_, count, remaining()));
  }
  auto bytes = window_.At(position_, count);
  if (bytes.ok()) position_ += count;
  return bytes;
}

absl::StatusOr<std::string> Cursor::String(uint64_t bytes_max, std::string_view what) {
  PLUMB_ASSIGN_OR_RETURN(uint64_t length, Read<uint64_t>(what));
  if (length > bytes_max) {
    return InvalidArgument(fmt::format("{} at byte {} is said to have {} bytes, at most {} are allowed", what,
                                       position_, length, bytes_max));
  }
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, Bytes(length, what));
  return std::string(AsText(bytes));
}

}  // namespace plumb::gguf
