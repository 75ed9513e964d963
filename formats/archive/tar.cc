#include "plumb/archive/tar.h"

#include <algorithm>
#include <optional>
#include <set>

#include "fmt/format.h"
#include "formats/archive/fields.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/quote.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr uint64_t kBlockBytes = 512;

// A field of octal digits that ends in a space, a NUL or at its end; nullopt for anything else.
std::optional<uint64_t> Octal(std::span<const uint8_t> field) {
  uint64_t number = 0;
  size_t digits = 0;
  for (uint8_t c : field) {
    if (c == ' ' && digits == 0) continue;
    if (c == ' ' || c == 0) break;
    if (c < '0' || c > '7' || number >> 60 != 0) return std::nullopt;
    number = number * 8 + (c - '0');
    ++digits;
  }
  return digits > 0 ? std::optional(number) : std::nullopt;
}

// The sum of all bytes with the sum's own field taken as spaces.
bool ChecksumHolds(std::span<const uint8_t> block) {
  constexpr size_t kBegin = 148;
  constexpr size_t kEnd = 156;
  uint64_t sum = 0;
  for (size_t i = 0; i < block.size(); ++i) sum += i >= kBegin && i < kEnd ? ' ' : block[i];
  return Octal(block.subspan(kBegin, kEnd - kBegin)) == sum;
}

std::string TextField(std::span<const uint8_t> field) {
  return std::string(field.begin(), std::find(field.begin(), field.end(), uint8_t{0}));
}

std::string NameOf(std::span<const uint8_t> block) {
  const std::string prefix = TextField(block.subspan(345, 155));
  const bool ustar = AsText(block.subspan(257, 5)) == "ustar" && block[262] == 0;
  std::string name = TextField(block.first(100));
  return ustar && !prefix.empty() ? prefix + "/" + name : name;
}

bool IsZero(std::span<const uint8_t> block) {
  return std::all_of(block.begin(), block.end(), [](uint8_t c) { return c == 0; });
}

// What follows the first end block must be zeros.
absl::Status CheckEnd(ByteWindow& window, uint64_t at) {
  for (; at < window.size(); at += kBlockBytes) {
    PLUMB_ASSIGN_OR_RETURN(auto rest, window.At(at, std::min(kBlockBytes, window.size() - at)));
    if (!IsZero(rest)) return RefusedFile(fmt::format("something follows the end of the archive, at byte {}", at));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<TarEntry>> ReadTar(const ByteSource& bytes) {
  ByteWindow window(bytes);
  std::vector<TarEntry> entries;
  std::set<std::string> names;
  uint64_t at = 0;
  while (true) {
    if (bytes.Size() - at < kBlockBytes) return DamagedFile("the archive ends without an end block");
    PLUMB_ASSIGN_OR_RETURN(auto block, window.At(at, kBlockBytes));
    if (IsZero(block)) break;
    if (!ChecksumHolds(block)) return DamagedFile(fmt::format("the header at byte {} has a wrong checksum", at));
    const std::optional<uint64_t> size = Octal(block.subspan(124, 12));
    const uint8_t kind = block[156];
    std::string name = NameOf(block);
    at += kBlockBytes;
    if (!size || *size > bytes.Size() - at)
      return DamagedFile(fmt::format("{} goes past the end", QuoteForMessage(name)));
    const bool file = kind == '0' || kind == 0;
    if (!file && kind != '5') {
      return RefusedFile(fmt::format("{} is a link, a device or an extended header (type '{}')", QuoteForMessage(name),
                                     kind >= ' ' && kind < 127 ? static_cast<char>(kind) : '?'));
    }
    if (!IsValidUtf8(name) || !names.insert(name).second || names.size() > limits::kArchiveEntriesMax) {
      return RefusedFile(fmt::format("{} is not text, occurs twice, or is one of too many", QuoteForMessage(name)));
    }
    if (file) entries.push_back({std::move(name), at, at + *size});
    at += std::min((*size + kBlockBytes - 1) / kBlockBytes * kBlockBytes, bytes.Size() - at);
  }
  PLUMB_RETURN_IF_ERROR(CheckEnd(window, at));
  return entries;
}

bool LooksLikeTar(std::span<const uint8_t> head) {
  return head.size() >= kBlockBytes && !IsZero(head.first(kBlockBytes)) && ChecksumHolds(head.first(kBlockBytes));
}

}  // namespace plumb
