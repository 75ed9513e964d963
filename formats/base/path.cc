#include "plumb/base/path.h"

#include <unicode/bytestream.h>
#include <unicode/normalizer2.h>
#include <unicode/stringpiece.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <map>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

absl::Status BadPath(std::string_view path, std::string_view rule) {
  // A path may hold anything; show it without letting it write to a terminal.
  std::string shown;
  for (char c : path.substr(0, 200)) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      shown += fmt::format("\\x{:02x}", static_cast<unsigned char>(c));
    } else {
      shown += c;
    }
  }
  return InvalidArgument(fmt::format("path \"{}\" is not allowed: {}", shown, rule));
}

bool IsReservedDeviceName(std::string_view part) {
  static constexpr std::array<std::string_view, 4> kPlain = {"con", "prn", "aux", "nul"};
  std::string stem(part.substr(0, part.find('.')));
  std::transform(stem.begin(), stem.end(), stem.begin(), [](unsigned char c) { return std::tolower(c); });
  if (std::find(kPlain.begin(), kPlain.end(), stem) != kPlain.end()) return true;
  return stem.size() == 4 && (stem.starts_with("com") || stem.starts_with("lpt")) && stem[3] >= '1' && stem[3] <= '9';
}

absl::Status ValidatePart(std::string_view path, std::string_view part) {
  if (part.empty()) return BadPath(path, "empty part (leading, trailing or double `/`)");
  if (part == "." || part == "..") return BadPath(path, "a part is `.` or `..`");
  if (part.size() > limits::kPathPartBytesMax) {
    return BadPath(path, fmt::format("a part is longer than {} bytes", limits::kPathPartBytesMax));
  }
  if (part.back() == '.' || part.back() == ' ') return BadPath(path, "a part ends in a dot or a space");
  if (IsReservedDeviceName(part)) return BadPath(path, "a part is a reserved device name");
  for (char c : part) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) return BadPath(path, "control character");
    if (c == '\\' || c == ':') return BadPath(path, "backslash or colon");
  }
  return absl::OkStatus();
}

// Matches `[...]` at the start of `glob` with `c`; sets `length` to the set's length, 0 when it is no set.
bool MatchSet(std::string_view glob, char c, size_t* length) {
  size_t close = glob.find(']', 2);
  *length = close == std::string_view::npos ? 0 : close + 1;
  if (*length == 0) return false;
  std::string_view set = glob.substr(1, close - 1);
  bool negated = set.front() == '!' || set.front() == '^';
  if (negated) set.remove_prefix(1);
  bool found = false;
  for (size_t i = 0; i < set.size(); ++i) {
    if (i + 2 < set.size() && set[i + 1] == '-') {
      found |= set[i] <= c && c <= set[i + 2];
      i += 2;
    } else {
      found |= set[i] == c;
    }
  }
  return found != negated;
}

// Matches by trying, remembering what was tried in vain, so that the time is bounded by the product of the lengths.
class GlobMatcher {
 public:
  GlobMatcher(std::string_view glob, std::string_view path)
      : glob_(glob), path_(path), failed_((glob.size() + 1) * (path.size() + 1), false) {}

  // True when the glob from `g` matches the path from `p`.
  bool Match(size_t g, size_t p) {
    size_t state = g * (path_.size() + 1) + p;
    if (failed_[state]) return false;
    bool matches = Try(g, p);
    failed_[state] = !matches;
    return matches;
  }

 private:
  bool Try(size_t g, size_t p) {
    std::string_view glob = glob_.substr(g);
    if (glob.empty()) return p == path_.size();
    if (glob.starts_with("**/") && Match(g + 3, p)) return true;
    if (glob.starts_with("**")) return Star(g, g + 2, p, true);
    if (glob.front() == '*') return Star(g, g + 1, p, false);
    if (p == path_.size()) return false;
    char c = path_[p];
    if (glob.front() == '?') return c != '/' && Match(g + 1, p + 1);
    size_t length = 0;
    bool in_set = glob.front() == '[' && MatchSet(glob, c, &length);
    if (length > 0) return in_set && c != '/' && Match(g + length, p + 1);
    return glob.front() == c && Match(g + 1, p + 1);
  }

  // The star at `g` takes nothing more, or one character and stays.
  bool Star(size_t g, size_t after, size_t p, bool across_folders) {
    if (Match(after, p)) return true;
    return p < path_.size() && (across_folders || path_[p] != '/') && Match(g, p + 1);
  }

  std::string_view glob_;
  std::string_view path_;
  std::vector<bool> failed_;
};

}  // namespace

bool IsValidUtf8(std::string_view text) {
  int32_t position = 0;
  const auto length = static_cast<int32_t>(text.size());
  while (position < length) {
    UChar32 c = 0;
    U8_NEXT(text.data(), position, length, c);
    if (c < 0) return false;
  }
  return true;
}

absl::Status ValidateRelativePath(std::string_view path) {
  if (path.empty()) return BadPath(path, "empty");
  if (path.size() > limits::kPathBytesMax) {
    return BadPath(path, fmt::format("longer than {} bytes", limits::kPathBytesMax));
  }
  if (!IsValidUtf8(path)) return BadPath(path, "not UTF-8");
  size_t begin = 0;
  while (true) {
    size_t end = path.find('/', begin);
    PLUMB_RETURN_IF_ERROR(ValidatePart(path, path.substr(begin, end - begin)));
    if (end == std::string_view::npos) return absl::OkStatus();
    begin = end + 1;
  }
}

std::string FoldPath(std::string_view path) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* folder = icu::Normalizer2::getNFKCCasefoldInstance(error);
  std::string folded;
  if (U_FAILURE(error)) return std::string(path);
  icu::StringByteSink<std::string> sink(&folded);
  folder->normalizeUTF8(0, icu::StringPiece(path.data(), static_cast<int32_t>(path.size())), sink, nullptr, error);
  return U_FAILURE(error) ? std::string(path) : folded;
}

absl::Status ValidatePathSet(const std::vector<std::string>& paths) {
  std::map<std::string, std::string_view> by_folded;
  for (const std::string& path : paths) {
    PLUMB_RETURN_IF_ERROR(ValidateRelativePath(path));
    auto [other, inserted] = by_folded.emplace(FoldPath(path), path);
    if (!inserted) {
      return BadPath(path, fmt::format("the same file as \"{}\" on a case-insensitive file system", other->second));
    }
  }
  for (const auto& [folded, path] : by_folded) {
    for (size_t slash = folded.find('/'); slash != std::string::npos; slash = folded.find('/', slash + 1)) {
      auto file = by_folded.find(folded.substr(0, slash));
      if (file != by_folded.end()) return BadPath(path, fmt::format("\"{}\" is a file, not a folder", file->second));
    }
  }
  return absl::OkStatus();
}

bool GlobMatches(std::string_view glob, std::string_view path) {
  if (glob.find('/') == std::string_view::npos && glob.find("**") == std::string_view::npos) {
    path = path.substr(path.rfind('/') == std::string_view::npos ? 0 : path.rfind('/') + 1);
  }
  return GlobMatcher(glob, path).Match(0, 0);
}

}  // namespace plumb
