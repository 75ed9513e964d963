#include "verify/tokenizer/normalizer.h"

#include <utility>

#include "absl/strings/escaping.h"
#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/tokenizer/byte_level.h"
#include "verify/tokenizer/precompiled.h"
#include "verify/tokenizer/regex.h"
#include "verify/tokenizer/section.h"
#include "verify/tokenizer/unicode.h"

namespace plumb::text {
namespace {

absl::Status CheckSize(size_t bytes) {
  if (bytes <= limits::kNormalizedBytesMax) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      fmt::format("tokenizer: the normalizer makes more than {} bytes of this text", limits::kNormalizedBytesMax));
}

class Sequence : public Normalizer {
 public:
  explicit Sequence(std::vector<std::unique_ptr<Normalizer>> all) : all_(std::move(all)) {}
  absl::Status Apply(std::string& text, Work& work) const override {
    for (const auto& one : all_) {
      PLUMB_RETURN_IF_ERROR(one->Apply(text, work));
      PLUMB_RETURN_IF_ERROR(CheckSize(text.size()));
    }
    return absl::OkStatus();
  }
  void Describe(Fingerprint& fingerprint) const override {
    for (const auto& one : all_) one->Describe(fingerprint);
  }

 private:
  std::vector<std::unique_ptr<Normalizer>> all_;
};

// A rule without parameters.
class Plain : public Normalizer {
 public:
  using Function = absl::Status (*)(std::string&);
  Plain(std::string_view name, Function function) : name_(name), function_(function) {}
  absl::Status Apply(std::string& text, Work&) const override { return function_(text); }
  void Describe(Fingerprint& fingerprint) const override { fingerprint.Text(name_); }

 private:
  std::string_view name_;
  Function function_;
};

template <NormalForm kForm>
absl::Status ToForm(std::string& text) {
  return Normalize(kForm, text);
}

absl::Status ToLower(std::string& text) {
  text = Lowercase(text);
  return absl::OkStatus();
}

// Rebuilds `text` from what `change(character, out)` appends for each character.
template <typename Change>
absl::Status Rebuild(std::string& text, Change change) {
  std::string out;
  out.reserve(text.size());
  for (size_t at = 0; at < text.size();) change(NextCharacter(text, at), out);
  text = std::move(out);
  return absl::OkStatus();
}

absl::Status StripMarks(std::string& text) {
  return Rebuild(text, [](char32_t c, std::string& out) {
    if (!IsMark(c)) AppendCharacter(c, out);
  });
}

// SentencePiece's clean-up: control characters away, what it counts as white space to spaces.
absl::Status Nmt(std::string& text) {
  return Rebuild(text, [](char32_t c, std::string& out) {
    const bool removed =
        (c >= 1 && c <= 8) || c == 0xB || (c >= 0xE && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F;
    if (removed) return;
    const bool space = c == 9 || c == 0xA || c == 0xC || c == 0xD || c == 0x1680 || (c >= 0x200B && c <= 0x200F) ||
                       c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF || c == 0xFFFD;
    AppendCharacter(space ? U' ' : c, out);
  });
}

absl::Status ToByteLevel(std::string& text) {
  text = EncodeByteLevel(text);
  return absl::OkStatus();
}

class Strip : public Normalizer {
 public:
  Strip(bool left, bool right) : left_(left), right_(right) {}
  absl::Status Apply(std::string& text, Work&) const override {
    size_t begin = text.size();  // Of what stays, where left_; a text of white space only goes altogether.
    size_t end = 0;
    for (size_t at = 0; at < text.size();) {
      const size_t start = at;
      if (IsWhiteSpace(NextCharacter(text, at))) continue;
      begin = std::min(begin, start);
      end = at;
    }
    if (begin >= end) {
      if (left_ || right_) text.clear();
      return absl::OkStatus();
    }
    if (right_) text.resize(end);
    if (left_) text.erase(0, begin);
    return absl::OkStatus();
  }
  void Describe(Fingerprint& fingerprint) const override {
    fingerprint.Text("strip");
    fingerprint.Number(left_);
    fingerprint.Number(right_);
  }

 private:
  bool left_;
  bool right_;
};

class Prepend : public Normalizer {
 public:
  explicit Prepend(std::string prefix) : prefix_(std::move(prefix)) {}
  absl::Status Apply(std::string& text, Work&) const override {
    if (!text.empty()) text.insert(0, prefix_);
    return absl::OkStatus();
  }
  void Describe(Fingerprint& fingerprint) const override {
    fingerprint.Text("prepend");
    fingerprint.Text(prefix_);
  }

 private:
  std::string prefix_;
};

class ReplaceText : public Normalizer {
 public:
  ReplaceText(std::string from, std::string to) : from_(std::move(from)), to_(std::move(to)) {}
  absl::Status Apply(std::string& text, Work&) const override {
    std::string out;
    out.reserve(text.size());
    size_t end = 0;  // Of what is copied.
    for (size_t at = text.find(from_); at != std::string::npos; at = text.find(from_, end)) {
      out.append(text, end, at - end).append(to_);
      end = at + from_.size();
      PLUMB_RETURN_IF_ERROR(CheckSize(out.size()));
    }
    text = out.append(text, end);
    return absl::OkStatus();
  }
  void Describe(Fingerprint& fingerprint) const override {
    fingerprint.Text("replace");
    fingerprint.Text(from_);
    fingerprint.Text(to_);
  }

 private:
  std::string from_;
  std::string to_;
};

class ReplaceMatches : public Normalizer {
 public:
  ReplaceMatches(Regex from, std::string to) : from_(std::move(from)), to_(std::move(to)) {}
  absl::Status Apply(std::string& text, Work& work) const override {
    PLUMB_ASSIGN_OR_RETURN(const std::vector<Range> matches, from_.FindAll(text, work));
    std::string out;
    size_t end = 0;  // Of what is copied.
    for (const Range& match : matches) {
      out.append(text, end, match.begin - end).append(to_);
      end = match.end;
      PLUMB_RETURN_IF_ERROR(CheckSize(out.size()));
    }
    text = out.append(text, end);
    return absl::OkStatus();
  }
  void Describe(Fingerprint& fingerprint) const override {
    fingerprint.Text("replace matches");
    fingerprint.Text(from_.pattern());
    fingerprint.Text(to_);
  }

 private:
  Regex from_;
  std::string to_;
};

class Bert : public Normalizer {
 public:
  explicit Bert(const BertRules& rules) : rules_(rules) {}
  absl::Status Apply(std::string& text, Work&) const override {
    PLUMB_RETURN_IF_ERROR(Rebuild(text, [this](char32_t c, std::string& out) { Clean(c, out); }));
    if (rules_.strip_accents) {
      PLUMB_RETURN_IF_ERROR(Normalize(NormalForm::kD, text));
      PLUMB_RETURN_IF_ERROR(Rebuild(text, [](char32_t c, std::string& out) {
        if (!IsNonSpacingMark(c)) AppendCharacter(c, out);
      }));
    }
    return rules_.lowercase ? ToLower(text) : absl::OkStatus();
  }
  void Describe(Fingerprint& fingerprint) const override {
    fingerprint.Text("bert");
    fingerprint.Number(rules_.clean_text);
    fingerprint.Number(rules_.handle_chinese_chars);
    fingerprint.Number(rules_.strip_accents);
    fingerprint.Number(rules_.lowercase);
  }

 private:
  void Clean(char32_t c, std::string& out) const {
    if (rules_.clean_text) {
      const bool space = c == '\t' || c == '\n' || c == '\r' || IsWhiteSpace(c);
      const bool line = c == '\t' || c == '\n' || c == '\r';
      if (c == 0 || c == 0xFFFD || (!line && IsControl(c))) return;
      if (space) c = U' ';
    }
    if (rules_.handle_chinese_chars && IsChinese(c)) {
      out += ' ';
      AppendCharacter(c, out);
      out += ' ';
    } else {
      AppendCharacter(c, out);
    }
  }

  BertRules rules_;
};

class Precompiled : public Normalizer {
 public:
  explicit Precompiled(CharacterMap map) : map_(std::move(map)) {}
  absl::Status Apply(std::string& text, Work&) const override {
    PLUMB_ASSIGN_OR_RETURN(text, ApplyCharacterMap(map_, text));
    return CheckSize(text.size());
  }
  void Describe(Fingerprint& fingerprint) const override {
    fingerprint.Text("precompiled");
    fingerprint.Text(map_.bytes());
  }

 private:
  CharacterMap map_;
};

using Made = absl::StatusOr<std::unique_ptr<Normalizer>>;

Made ParseSequence(Section& section, size_t& stages) {
  std::vector<std::unique_ptr<Normalizer>> all;
  const nlohmann::json& list = section.List("normalizers");
  for (size_t i = 0; i < list.size(); ++i) {
    PLUMB_ASSIGN_OR_RETURN(auto one, ParseNormalizer(list[i], fmt::format("{}[{}]", section.where(), i), stages));
    all.push_back(std::move(one));
  }
  return MakeNormalizerSequence(std::move(all));
}

Made ParseReplace(Section& section) {
  Section pattern(section.Need("pattern"), section.where() + ".pattern");
  const std::optional<std::string> text = pattern.TextIf("String");
  const std::optional<std::string> expression = pattern.TextIf("Regex");
  std::string content = section.Text("content");
  PLUMB_RETURN_IF_ERROR(section.Finish());
  PLUMB_RETURN_IF_ERROR(pattern.Finish());
  if (text && !text->empty() && !expression) return MakeReplaceText(*text, std::move(content));
  if (text || !expression) return Refuse(section.where(), "a pattern must be one String, not empty, or one Regex");
  PLUMB_ASSIGN_OR_RETURN(Regex regex, Regex::Compile(*expression, section.where()));
  return std::make_unique<ReplaceMatches>(std::move(regex), std::move(content));
}

Made ParsePrecompiled(Section& section) {
  const nlohmann::json& encoded = section.Need("precompiled_charsmap");
  if (!encoded.is_string()) return Refuse(section.where(), "precompiled_charsmap must be a text");
  const auto& base64 = encoded.get_ref<const std::string&>();
  std::string bytes;
  if (!absl::Base64Unescape(absl::string_view(base64.data(), base64.size()), &bytes)) {
    return Refuse(section.where(), "precompiled_charsmap is not base64");
  }
  PLUMB_ASSIGN_OR_RETURN(CharacterMap map, CharacterMap::Parse(bytes, section.where()));
  return std::make_unique<Precompiled>(std::move(map));
}

Made ParseBert(Section& section) {
  BertRules rules;
  rules.clean_text = section.Flag("clean_text");
  rules.handle_chinese_chars = section.Flag("handle_chinese_chars");
  rules.lowercase = section.Flag("lowercase");
  rules.strip_accents = section.FlagOr("strip_accents", rules.lowercase);
  return MakeBertNormalizer(rules);
}

// A rule without parameters; nullptr when `type` is none.
std::unique_ptr<Normalizer> MakePlain(std::string_view type) {
  constexpr std::pair<std::string_view, Plain::Function> kPlain[] = {
      {"NFC", ToForm<NormalForm::kC>},
      {"NFD", ToForm<NormalForm::kD>},
      {"NFKC", ToForm<NormalForm::kKC>},
      {"NFKD", ToForm<NormalForm::kKD>},
      {"Lowercase", ToLower},
      {"StripAccents", StripMarks},
      {"Nmt", Nmt},
      {"ByteLevel", ToByteLevel},
  };
  for (const auto& [name, function] : kPlain) {
    if (name == type) return std::make_unique<Plain>(name, function);
  }
  return nullptr;
}

Made ParseKind(Section& section, const std::string& type, size_t& stages) {
  if (std::unique_ptr<Normalizer> plain = MakePlain(type)) return plain;
  if (type == "Sequence") return ParseSequence(section, stages);
  if (type == "Replace") return ParseReplace(section);
  if (type == "BertNormalizer") return ParseBert(section);
  if (type == "Precompiled") return ParsePrecompiled(section);
  if (type == "Prepend") return MakePrepend(section.Text("prepend"));
  if (type == "Strip") {
    const bool left = section.Flag("strip_left");
    return std::make_unique<Strip>(left, section.Flag("strip_right"));
  }
  section.NotKnownKey("type", fmt::format("'{}' is a normalizer that Plumb does not know", type));
  return section.Finish();
}

}  // namespace

Made ParseNormalizer(const nlohmann::json& json, std::string_view where, size_t& stages) {
  return ParseStage<Made>(json, where, stages, &ParseKind);
}

std::unique_ptr<Normalizer> MakeNormalizerSequence(std::vector<std::unique_ptr<Normalizer>> all) {
  return std::make_unique<Sequence>(std::move(all));
}
std::unique_ptr<Normalizer> MakePrepend(std::string prefix) { return std::make_unique<Prepend>(std::move(prefix)); }
std::unique_ptr<Normalizer> MakeReplaceText(std::string from, std::string to) {
  return std::make_unique<ReplaceText>(std::move(from), std::move(to));
}
std::unique_ptr<Normalizer> MakeBertNormalizer(const BertRules& rules) { return std::make_unique<Bert>(rules); }

}  // namespace plumb::text
