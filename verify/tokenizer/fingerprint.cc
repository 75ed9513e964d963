#include "verify/tokenizer/fingerprint.h"

#include <array>
#include <bit>

#include "plumb/base/file.h"

namespace plumb::text {

void Fingerprint::Text(std::string_view value) {
  Number(static_cast<int64_t>(value.size()));
  hash_.Update(AsBytes(value));
}

void Fingerprint::Number(int64_t value) {
  std::array<uint8_t, sizeof(value)> bytes;
  for (size_t b = 0; b < bytes.size(); ++b) bytes[b] = static_cast<uint8_t>(static_cast<uint64_t>(value) >> (8 * b));
  hash_.Update(bytes);
}

void Fingerprint::Real(double value) { Number(std::bit_cast<int64_t>(value)); }

}  // namespace plumb::text
