// Lower-case hexadecimal.
#ifndef PLUMB_BASE_HEX_H_
#define PLUMB_BASE_HEX_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace plumb {

// Two lower-case digits for each byte.
std::string HexEncode(std::span<const uint8_t> bytes);

// The inverse of HexEncode; accepts both cases. INVALID_ARGUMENT for an odd length or
// another character.
absl::StatusOr<std::string> HexDecode(std::string_view text);

}  // namespace plumb

#endif  // PLUMB_BASE_HEX_H_
