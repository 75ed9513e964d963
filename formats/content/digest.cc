#include "plumb/content/digest.h"

#include <openssl/evp.h>

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/hex.h"
#include "plumb/base/status.h"

namespace plumb {

absl::StatusOr<Digest> Digest::FromBytes(std::string_view bytes) {
  if (bytes.size() != kSizeBytes) {
    return InvalidArgument(fmt::format("a SHA-256 digest has {} bytes, found {}", kSizeBytes, bytes.size()));
  }
  Digest digest;
  std::memcpy(digest.bytes.data(), bytes.data(), kSizeBytes);
  return digest;
}

absl::StatusOr<Digest> Digest::FromHex(std::string_view text) {
  if (text.starts_with("sha256:")) text.remove_prefix(7);
  PLUMB_ASSIGN_OR_RETURN(std::string bytes, HexDecode(text));
  return FromBytes(bytes);
}

std::string Digest::ToHex() const { return HexEncode(bytes); }
std::string Digest::ToString() const { return "sha256:" + ToHex(); }
std::string Digest::Short() const { return ToHex().substr(0, 12); }

struct Sha256::Context {
  Context() : md(EVP_MD_CTX_new()) { EVP_DigestInit_ex(md, EVP_sha256(), nullptr); }
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;
  ~Context() { EVP_MD_CTX_free(md); }
  EVP_MD_CTX* md;
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {}
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;
Sha256::~Sha256() = default;

void Sha256::Update(std::span<const uint8_t> bytes) { EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()); }

Digest Sha256::Finish() {
  Digest digest;
  unsigned length = 0;
  EVP_DigestFinal_ex(context_->md, digest.bytes.data(), &length);
  EVP_DigestInit_ex(context_->md, nullptr, nullptr);
  return digest;
}

Digest Sha256Of(std::span<const uint8_t> bytes) {
  Sha256 hash;
  hash.Update(bytes);
  return hash.Finish();
}

Digest Sha256Of(std::string_view bytes) { return Sha256Of(AsBytes(bytes)); }

}  // namespace plumb
