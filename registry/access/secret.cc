#include "registry/access/secret.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr std::string_view kPrefix = "plumb_";
constexpr size_t kRandomCharacters = 43;
constexpr std::string_view kAlphabet = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

}  // namespace

absl::StatusOr<std::string> RandomText(size_t size) {
  // Bytes from the largest multiple of 62 upwards are thrown away, so that none is favoured.
  constexpr unsigned kFair = 256 / kAlphabet.size() * kAlphabet.size();
  std::string text;
  while (text.size() < size) {
    std::array<unsigned char, 64> random{};
    ssize_t got = ::getrandom(random.data(), random.size(), 0);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ErrnoStatus(errno, "get random bytes");
    for (ssize_t i = 0; i < got && text.size() < size; ++i) {
      if (random[static_cast<size_t>(i)] < kFair) text += kAlphabet[random[static_cast<size_t>(i)] % kAlphabet.size()];
    }
  }
  return text;
}

absl::StatusOr<std::string> NewSecret() {
  PLUMB_ASSIGN_OR_RETURN(std::string random, RandomText(kRandomCharacters));
  return std::string(kPrefix) + random;
}

bool LooksLikeSecret(std::string_view text) {
  if (!text.starts_with(kPrefix)) return false;
  text.remove_prefix(kPrefix.size());
  return text.size() == kRandomCharacters &&
         std::all_of(text.begin(), text.end(), [](char c) { return kAlphabet.find(c) != kAlphabet.npos; });
}

}  // namespace plumb
