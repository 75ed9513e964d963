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

// One step of the backtracking match; `glob` and `path` are what is left.
bool MatchHere(std::string_view glob, std::string_view path);

bool MatchStar(std::string_view glob, std::string_view path, bool across_folders) {
  for (size_t taken = 0;; ++taken) {
    if (MatchHere(glob, path.substr(taken))) return true;
    if (taken == path.size() || (!across_folders && path[taken] == '/')) return false;
  }
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

bool MatchHere(std::string_view glob, std::string_view path) {
  while (!glob.empty()) {
    if (glob.starts_with("**/")) return MatchHere(glob.substr(3), path) || MatchStar(glob.substr(2), path, true);
    if (glob.starts_with("**")) return MatchStar(glob.substr(2), path, true);
    if (glob.front() == '*') return MatchStar(glob.substr(1), path, false);
    if (path.empty()) return false;
    size_t used = 1;
    if (glob.front() == '?') {
      if (path.front() == '/') return false;
    } else if (size_t length = 0; glob.front() == '[' && (MatchSet(glob, path.front(), &length) || length > 0)) {
      if (!MatchSet(glob, path.front(), &length) || path.front() == '/') return false;
      used = length;
    } else if (glob.front() != path.front()) {
      return false;
    }
    glob.remove_prefix(used);
    path.remove_prefix(1);
  }
  return path.empty();
}

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
  return MatchHere(glob, path);
}

}  // namespace plumb
