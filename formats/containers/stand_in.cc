#include <algorithm>
#include <array>
#include <cctype>

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/quote.h"
#include "plumb/containers/file_roles.h"
#include "plumb/containers/incomplete.h"

namespace plumb {
namespace {

// Larger files are no pointers: the specification of Git LFS allows 1,024 bytes.
constexpr uint64_t kPointerBytesMax = 1024;

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return lower;
}

// The rest of the line that begins with `key`; empty when there is none.
std::string_view Field(std::string_view text, std::string_view key) {
  const size_t at = text.find(key);
  if (at == text.npos) return {};
  const std::string_view rest = text.substr(at + key.size());
  return rest.substr(0, rest.find_first_of("\r\n"));
}

std::string PointerTo(std::string_view kind, uint64_t size, std::string_view target_bytes) {
  const bool number = !target_bytes.empty() && std::all_of(target_bytes.begin(), target_bytes.end(),
                                                           [](unsigned char c) { return std::isdigit(c) != 0; });
  return fmt::format("is a {} pointer ({} bytes){}", kind, size,
                     number ? fmt::format(" to a file of {} bytes", target_bytes) : "");
}

std::optional<IncompleteFile> Pointer(std::string_view path, uint64_t size, std::string_view text) {
  if (size > kPointerBytesMax) return std::nullopt;
  IncompleteFile found{.path = std::string(path)};
  for (std::string_view version : {"version https://git-lfs.github.com/spec/",
                                   "version https://hawser.github.com/spec/", "version http://git-media.io/v/"}) {
    if (!text.starts_with(version)) continue;
    found.what = PointerTo("Git LFS", size, Field(text, "\nsize "));
    found.mend = "run `git lfs install && git lfs pull` in the clone, or download the file again";
    return found;
  }
  if (text.starts_with("# xet version ")) {
    found.what = PointerTo("Xet", size, Field(text, "\nfilesize = "));
    found.mend = "check the clone out again with git-xet installed, or download the file with `hf download`";
    return found;
  }
  if (text.starts_with("/annex/objects/")) {
    found.what = PointerTo("git-annex", size, "");
    found.mend = "run `git annex get` in the clone";
    return found;
  }
  return std::nullopt;
}

bool IsText(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(),
                                      [](unsigned char c) { return c >= 0x20 || c == '\t' || c == '\r' || c == '\n'; });
}

// What servers say instead of a file, in lower case.
bool IsErrorMessage(std::string_view lower) {
  static constexpr std::array<std::string_view, 14> kWords = {
      "\"error\"",   "\"message\"",      "\"detail\"", "not found", "access denied", "accessdenied",     "forbidden",
      "unauthorize", "invalid username", "restricted", "is gated",  "rate limit",    "too many request", "<error>"};
  return std::any_of(kWords.begin(), kWords.end(),
                     [&](std::string_view word) { return lower.find(word) != lower.npos; });
}

bool IsPage(std::string_view lower) {
  const size_t first = lower.find_first_not_of(" \t\r\n");
  if (first == lower.npos) return false;
  lower.remove_prefix(first);
  return lower.starts_with("<!doctype html") || lower.starts_with("<html") || lower.starts_with("<head") ||
         (lower.starts_with("<?xml") && lower.find("<error>") != lower.npos);
}

// Text where weights should be. Of endings that other tools use for text of their own, only what servers say counts.
std::optional<IncompleteFile> Message(std::string_view path, uint64_t size, std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const bool json = path.ends_with(".json") || path.ends_with(".jinja");
  if ((!IsWeightName(path) && !json) || IsShardIndex(path) || !IsText(text)) return std::nullopt;
  const std::string lower = Lower(text);
  const std::string_view format = json ? std::string_view() : FormatOfName(path);
  const bool never_text = !format.empty() && format != "pytorch";
  IncompleteFile found{.path = std::string(path), .mend = "download it again, signed in where that is needed"};
  if (IsPage(lower)) {
    found.what = fmt::format("is a web page ({} bytes), not what its name says", size);
    return found;
  }
  if (json || (!never_text && (size > 4096 || !IsErrorMessage(lower)))) return std::nullopt;
  found.what =
      fmt::format("is text ({} bytes), not weights: it begins with {}", size, QuoteForMessage(text.substr(0, 60)));
  return found;
}

// Endings that downloading tools give to what is not finished.
std::optional<IncompleteFile> Unfinished(std::string_view path) {
  static constexpr std::array<std::string_view, 5> kAlways = {".incomplete", ".crdownload", ".aria2", ".opdownload",
                                                              ".!ut"};
  static constexpr std::array<std::string_view, 6> kOfWeights = {".part",     ".partial", ".download",
                                                                 ".filepart", ".tmp",     ".temp"};
  const auto ends = [path](std::string_view ending) { return path.ends_with(ending); };
  const bool of_weights = std::any_of(kOfWeights.begin(), kOfWeights.end(), [&](std::string_view ending) {
    return ends(ending) && IsWeightName(path.substr(0, path.size() - ending.size()));
  });
  if (!of_weights && std::none_of(kAlways.begin(), kAlways.end(), ends)) return std::nullopt;
  return IncompleteFile{.path = std::string(path),
                        .what = "is another tool's unfinished download",
                        .mend = "let that tool finish, or remove the file"};
}

// Files of a model that are never empty, beside its weights.
bool IsModelText(std::string_view path) {
  static constexpr std::array<std::string_view, 12> kNames = {"config.json",
                                                              "tokenizer.json",
                                                              "tokenizer_config.json",
                                                              "vocab.json",
                                                              "vocab.txt",
                                                              "merges.txt",
                                                              "special_tokens_map.json",
                                                              "generation_config.json",
                                                              "adapter_config.json",
                                                              "preprocessor_config.json",
                                                              "model_index.json",
                                                              "modules.json"};
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return std::find(kNames.begin(), kNames.end(), name) != kNames.end() || IsShardIndex(path);
}

}  // namespace

std::optional<IncompleteFile> StandInFor(std::string_view path, uint64_t size, std::span<const uint8_t> head) {
  const std::string_view text = AsText(head);
  if (std::optional<IncompleteFile> pointer = Pointer(path, size, text)) return pointer;
  if (std::optional<IncompleteFile> unfinished = Unfinished(path)) return unfinished;
  if (size == 0 && (IsWeightName(path) || IsModelText(path))) {
    return IncompleteFile{.path = std::string(path), .what = "is empty", .mend = "download or save it again"};
  }
  return Message(path, size, text);
}

}  // namespace plumb
