// What decides a tokenizer's ids, hashed field by field.
#ifndef PLUMB_VERIFY_TOKENIZER_FINGERPRINT_H_
#define PLUMB_VERIFY_TOKENIZER_FINGERPRINT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "plumb/content/digest.h"

namespace plumb::text {

// Hashes values so that no two different lists of values give the same bytes: a text goes with its length, a number as
// eight bytes. Not thread-safe.
class Fingerprint {
 public:
  void Text(std::string_view value);
  void Number(int64_t value);
  // Equal only when the bits are.
  void Real(double value);

  // 64 lower-case digits.
  std::string Finish() { return hash_.Finish().ToHex(); }

 private:
  Sha256 hash_;
};

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_FINGERPRINT_H_
