// Which of a GGUF file's keys make its vocabulary.
#include <algorithm>
#include <array>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/tokenizer/tokenizer.h"
#include "verify/tokenizer/section.h"

namespace plumb {
namespace {

constexpr std::string_view kPrefix = "tokenizer.ggml.";

// Keys that do not change the ids of a text, or that only tokenizers read which are refused by their model's name.
constexpr auto kIrrelevant = std::to_array<std::string_view>(
    {"token_type_count", "add_sep_token", "remove_extra_whitespaces", "precompiled_charsmap", "hf_json"});

// The id of a token with a purpose (padding, end of a turn, fill-in-the-middle, ...): which it is changes no text's
// ids.
bool NamesAToken(std::string_view key) { return key.ends_with("_token_id") || key.ends_with("_token_ids"); }

// Takes keys out of the metadata. The first error is kept; reads after it give harmless values.
class Keys {
 public:
  explicit Keys(const Metadata& metadata) : metadata_(metadata) {}

  // Leaves `out` as it is when the key is missing.
  template <typename T>
  void Read(std::string_view key, T& out) {
    const MetadataValue* value = Take(key);
    if (value == nullptr) return;
    const T* typed = std::get_if<T>(value);
    if (typed == nullptr) return WrongType(key);
    out = *typed;
  }
  void Read(std::string_view key, std::optional<bool>& out) {
    const MetadataValue* value = Take(key);
    if (value == nullptr) return;
    const bool* typed = std::get_if<bool>(value);
    if (typed == nullptr) return WrongType(key);
    out = *typed;
  }
  void Read(std::string_view key, std::optional<int64_t>& out) {
    if (Take(key) == nullptr) return;
    out = metadata_.Signed(fmt::format("{}{}", kPrefix, key));
    if (!out) WrongType(key);
  }
  // A list of numbers, which are kept as another type.
  template <typename Number, typename Wide>
  void ReadList(std::string_view key, std::vector<Number>& out) {
    std::vector<Wide> wide;
    Read(key, wide);
    out.assign(wide.begin(), wide.end());
  }

  absl::Status Finish() const {
    PLUMB_RETURN_IF_ERROR(error_);
    for (const MetadataEntry& entry : metadata_.entries()) {
      if (!entry.key.starts_with(kPrefix)) continue;
      const std::string key = entry.key.substr(kPrefix.size());
      if (std::find(seen_.begin(), seen_.end(), key) != seen_.end()) continue;
      if (NamesAToken(key) || std::find(kIrrelevant.begin(), kIrrelevant.end(), key) != kIrrelevant.end()) continue;
      return text::NotKnown("GGUF",
                            fmt::format("{} is a key that Plumb does not know and that may change ids", entry.key));
    }
    return absl::OkStatus();
  }

 private:
  const MetadataValue* Take(std::string_view key) {
    seen_.emplace_back(key);
    return metadata_.Find(fmt::format("{}{}", kPrefix, key));
  }
  void WrongType(std::string_view key) {
    if (error_.ok()) error_ = text::Refuse("GGUF", fmt::format("{}{} is of another type than expected", kPrefix, key));
  }

  const Metadata& metadata_;
  std::vector<std::string> seen_;
  absl::Status error_;
};

}  // namespace

absl::StatusOr<GgufVocabulary> ReadGgufVocabulary(const Metadata& metadata) {
  Keys keys(metadata);
  GgufVocabulary out;
  keys.Read("model", out.model);
  keys.Read("pre", out.pre);
  keys.Read("tokens", out.tokens);
  keys.Read("merges", out.merges);
  keys.ReadList<float, double>("scores", out.scores);
  keys.ReadList<int32_t, int64_t>("token_type", out.types);
  keys.Read("bos_token_id", out.bos_id);
  keys.Read("eos_token_id", out.eos_id);
  keys.Read("unknown_token_id", out.unknown_id);
  keys.Read("seperator_token_id", out.separator_id);
  keys.Read("cls_token_id", out.cls_id);
  keys.Read("add_bos_token", out.add_bos);
  keys.Read("add_eos_token", out.add_eos);
  keys.Read("add_space_prefix", out.add_space_prefix);
  keys.Read("normalizer.lowercase", out.lowercase);
  keys.Read("normalizer.strip_accents", out.strip_accents);
  keys.Read("normalizer.nfc", out.nfc);
  PLUMB_RETURN_IF_ERROR(keys.Finish());
  return out;
}

}  // namespace plumb
