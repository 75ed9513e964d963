// Amounts as people write them.
#ifndef PLUMB_CLIENT_CLI_QUANTITY_H_
#define PLUMB_CLIENT_CLI_QUANTITY_H_

#include <chrono>
#include <cstdint>
#include <string_view>

#include "absl/status/statusor.h"

namespace plumb::cli {

// Bytes: `4096`, `500k`, `1.5MB`, `10 MiB`, `2G`, for a rate also `1.5MB/s`. k, M, G and T are powers of 1000, with an
// i after them of 1024; large and small letters mean the same. INVALID_ARGUMENT for anything else, less than nothing
// and more than 64 bits hold included.
absl::StatusOr<uint64_t> ParseBytes(std::string_view text);

// A time: `90`, `1.5s`, `500ms`, `2m`, `1h30m`; a bare number is seconds. At most a year. INVALID_ARGUMENT for anything
// else.
absl::StatusOr<std::chrono::milliseconds> ParseDuration(std::string_view text);

// A number that counts something: digits, no sign. INVALID_ARGUMENT for anything else.
absl::StatusOr<uint64_t> ParseCount(std::string_view text);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_QUANTITY_H_
