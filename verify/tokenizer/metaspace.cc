#include "verify/tokenizer/metaspace.h"

#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "verify/tokenizer/split.h"

namespace plumb::text {
namespace {

class Metaspace : public PreTokenizer {
 public:
  explicit Metaspace(MetaspaceRules rules) : rules_(std::move(rules)) {}

  absl::Status Apply(std::vector<Piece>& pieces, Work&) const override {
    std::vector<Piece> parts;
    for (const Piece& piece : pieces) {
      std::string text = ReplaceSpaces(piece.text);
      const bool wanted =
          rules_.prepend == PrependScheme::kAlways || (rules_.prepend == PrependScheme::kFirst && piece.first);
      if (wanted && !text.empty() && !text.starts_with(rules_.replacement)) text.insert(0, rules_.replacement);
      Split(text, piece.first, parts);
    }
    pieces = std::move(parts);
    return absl::OkStatus();
  }

  void Describe(Fingerprint& fingerprint) const override {
    fingerprint.Text("metaspace");
    fingerprint.Text(rules_.replacement);
    fingerprint.Number(static_cast<int64_t>(rules_.prepend));
    fingerprint.Number(rules_.split);
  }

 private:
  std::string ReplaceSpaces(std::string_view text) const {
    std::string out;
    out.reserve(text.size());
    for (char c : text) {
      if (c == ' ') {
        out += rules_.replacement;
      } else {
        out += c;
      }
    }
    return out;
  }

  void Split(const std::string& text, bool first, std::vector<Piece>& parts) const {
    if (!rules_.split) {
      if (!text.empty()) parts.push_back({text, first});
      return;
    }
    size_t at = 0;
    const char32_t delimiter = NextCharacter(rules_.replacement, at);
    const std::vector<Range> found = CharacterRanges(text, [delimiter](char32_t c) { return c == delimiter; });
    for (const Range& part : SplitParts(Stretches(text.size(), found, false), SplitBehavior::kMergedWithNext)) {
      parts.push_back({text.substr(part.begin, part.end - part.begin), first && part.begin == 0});
    }
  }

  MetaspaceRules rules_;
};

}  // namespace

MetaspaceRules ParseMetaspace(Section& section) {
  MetaspaceRules rules;
  rules.replacement = section.Text("replacement");
  if (!section.failed() && !OnlyCharacter(rules.replacement)) {
    section.RefuseKey("replacement", "expected one character");
  }
  const std::string scheme = section.TextIf("prepend_scheme").value_or("always");
  if (scheme == "first") {
    rules.prepend = PrependScheme::kFirst;
  } else if (scheme == "never") {
    rules.prepend = PrependScheme::kNever;
  } else if (scheme != "always") {
    section.NotKnownKey("prepend_scheme", fmt::format("'{}' is unknown", scheme));
  }
  const std::optional<bool> add_prefix_space = section.FlagIf("add_prefix_space");
  if (add_prefix_space == false && rules.prepend != PrependScheme::kNever) {
    section.RefuseKey("add_prefix_space", fmt::format("false, but prepend_scheme is '{}'", scheme));
  }
  rules.split = section.FlagOr("split", true);
  section.Irrelevant({"str_rep"});
  return rules;
}

std::unique_ptr<PreTokenizer> MakeMetaspace(const MetaspaceRules& rules) { return std::make_unique<Metaspace>(rules); }

}  // namespace plumb::text
