// SHA-256 (FIPS 180-4), the one hash that names things in Plumb.
#ifndef PLUMB_CONTENT_DIGEST_H_
#define PLUMB_CONTENT_DIGEST_H_

#include <array>
#include <compare>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"

namespace plumb {

// A SHA-256 value. A plain value type; thread-safe as one.
struct Digest {
  static constexpr size_t kSizeBytes = 32;

  // From exactly 32 raw bytes, as they stand in messages. INVALID_ARGUMENT otherwise.
  static absl::StatusOr<Digest> FromBytes(std::string_view bytes);
  // From 64 hexadecimal digits, with or without `sha256:` in front.
  static absl::StatusOr<Digest> FromHex(std::string_view text);

  // 64 lower-case digits.
  std::string ToHex() const;
  // `sha256:` and 64 lower-case digits.
  std::string ToString() const;
  // The first 12 digits, for people.
  std::string Short() const;
  // 32 raw bytes, as they stand in messages.
  std::string ToBytes() const { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

  friend bool operator==(const Digest&, const Digest&) = default;
  friend auto operator<=>(const Digest&, const Digest&) = default;

  std::array<uint8_t, kSizeBytes> bytes{};
};

// Hashes a stream piece by piece. Not thread-safe.
class Sha256 {
 public:
  Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  ~Sha256();

  void Update(std::span<const uint8_t> bytes);
  // The digest of all bytes so far; the object then starts afresh.
  Digest Finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// The digest of `bytes`.
Digest Sha256Of(std::span<const uint8_t> bytes);
Digest Sha256Of(std::string_view bytes);

}  // namespace plumb

template <>
struct std::hash<plumb::Digest> {
  size_t operator()(const plumb::Digest& digest) const noexcept {
    size_t value = 0;  // The bytes are uniform already.
    std::memcpy(&value, digest.bytes.data(), sizeof value);
    return value;
  }
};

#endif  // PLUMB_CONTENT_DIGEST_H_
