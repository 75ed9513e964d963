// Which of llama.cpp's pre-tokenizers a tokenizer.json means.
#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/tokenizer/gguf_export.h"
#include "verify/tokenizer/gguf_pre_list.h"
#include "verify/tokenizer/json_values.h"
#include "verify/tokenizer/section.h"

namespace plumb::text {
namespace {

using Json = nlohmann::json;

constexpr std::string_view kAnyCase = "(?i:'s|'t|'re|'ve|'m|'ll|'d)";
constexpr std::string_view kSpeltOut = "(?:'[sS]|'[tT]|'[rR][eE]|'[vV][eE]|'[mM]|'[lL][lL]|'[dD])";
// The set within a set is how BLOOM's file writes what llama.cpp writes plainly.
constexpr std::string_view kBloomInFiles = " ?[^(\\s|[.,!?…。，、।۔،])]+";

// Sequences taken apart, however deep ParseTokenizerJson let them be.
void Flatten(const Json& json, std::vector<const Json*>& out) {
  if (json.is_object() && json.contains("pretokenizers") && json["pretokenizers"].is_array()) {
    for (const Json& each : json["pretokenizers"]) Flatten(each, out);
  } else if (!json.is_null()) {
    out.push_back(&json);
  }
}

std::string Spelt(std::string pattern) {
  if (pattern == kBloomInFiles) return std::string(kBloomPatterns[0]);
  if (pattern.starts_with(kAnyCase)) pattern.replace(0, kAnyCase.size(), kSpeltOut);
  return pattern;
}

// One rule as expressions that isolate their matches.
absl::Status AppendPatterns(const Json& rule, std::vector<std::string>& out) {
  const std::string type = TextOf(At(rule, "type"));
  auto refuse = [&](std::string_view what) {
    return Refuse("pre_tokenizer", fmt::format("'{}' {} is in none of llama.cpp's pre-tokenizers", type, what));
  };
  if (type == "ByteLevel") {
    if (FlagOr(At(rule, "add_prefix_space"), true)) return refuse("with add_prefix_space");
    if (FlagOr(At(rule, "use_regex"), true)) out.emplace_back(kGpt2Patterns[0]);
    return absl::OkStatus();
  }
  if (type == "Digits") {
    out.emplace_back(FlagOr(At(rule, "individual_digits"), false) ? "\\p{N}" : "\\p{N}+");
    return absl::OkStatus();
  }
  if (type != "Split") return refuse("of this kind");
  if (TextOf(At(rule, "behavior")) != "Isolated" || FlagOr(At(rule, "invert"), false))
    return refuse("with this behavior");
  auto pattern = rule.find("pattern");
  if (pattern == rule.end() || !pattern->is_object() || !pattern->contains("Regex")) return refuse("by a string");
  out.push_back(Spelt(TextOf(At(*pattern, "Regex"))));
  return absl::OkStatus();
}

// Falcon's file is the only one with rules behind the spelling of bytes.
bool IsFalcon(const std::vector<const Json*>& rules) {
  if (rules.size() != 4) return false;
  const char* const kTypes[] = {"Punctuation", "ByteLevel", "Digits", "Split"};
  for (size_t i = 0; i < rules.size(); ++i) {
    if (TextOf(At(*rules[i], "type")) != kTypes[i]) return false;
  }
  auto pattern = rules[3]->find("pattern");
  return TextOf(At(*rules[0], "behavior")) == "Contiguous" && !FlagOr(At(*rules[1], "add_prefix_space"), true) &&
         !FlagOr(At(*rules[2], "individual_digits"), false) && pattern != rules[3]->end() && pattern->is_object() &&
         TextOf(At(*pattern, "Regex")) == kFalconPatterns[2];
}

bool Matches(const GgufPre& pre, const std::vector<std::string>& patterns) {
  std::vector<std::string_view> own(pre.patterns->begin(), pre.patterns->end());
  std::erase(own, std::string_view());
  return std::equal(own.begin(), own.end(), patterns.begin(), patterns.end());
}

}  // namespace

absl::StatusOr<std::string> GgufPreOf(const Json& pre_tokenizer, bool ignore_merges) {
  std::vector<const Json*> rules;
  Flatten(pre_tokenizer, rules);
  if (IsFalcon(rules)) return std::string("falcon");
  std::vector<std::string> patterns;
  for (const Json* rule : rules) PLUMB_RETURN_IF_ERROR(AppendPatterns(*rule, patterns));
  const GgufPre* found = nullptr;
  // The names that converters give most often; others of the same expressions say nothing else.
  for (std::string_view name : {"llama-bpe", "gpt-2", "qwen2", "starcoder", "bloom"}) {
    for (const GgufPre& pre : kGgufPres) {
      if (pre.name == name && pre.ignore_merges == ignore_merges && Matches(pre, patterns)) return std::string(name);
    }
  }
  for (const GgufPre& pre : kGgufPres) {
    if (!Matches(pre, patterns)) continue;
    if (pre.ignore_merges == ignore_merges) return std::string(pre.name);
    if (found == nullptr) found = &pre;
  }
  if (found != nullptr) return std::string(found->name);
  return Refuse("pre_tokenizer", "its expressions are none of those that llama.cpp knows");
}

}  // namespace plumb::text
