#include "verify/tokenizer/pre_tokenizer.h"

#include <optional>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/tokenizer/byte_level.h"
#include "verify/tokenizer/metaspace.h"
#include "verify/tokenizer/section.h"
#include "verify/tokenizer/split.h"
#include "verify/tokenizer/unicode.h"

namespace plumb::text {
namespace {

class Sequence : public PreTokenizer {
 public:
  explicit Sequence(std::vector<std::unique_ptr<PreTokenizer>> all) : all_(std::move(all)) {}
  absl::Status Apply(std::vector<Piece>& pieces, Work& work) const override {
    for (const auto& one : all_) {
      PLUMB_RETURN_IF_ERROR(one->Apply(pieces, work));
      size_t total = 0;
      for (const Piece& piece : pieces) total += piece.text.size();
      if (total > limits::kNormalizedBytesMax) {
        return absl::ResourceExhaustedError(fmt::format(
            "tokenizer: the pre-tokenizer makes more than {} bytes of this text", limits::kNormalizedBytesMax));
      }
    }
    return absl::OkStatus();
  }
  void Describe(Fingerprint& fingerprint) const override {
    for (const auto& one : all_) one->Describe(fingerprint);
  }

 private:
  std::vector<std::unique_ptr<PreTokenizer>> all_;
};

// Cuts each piece at delimiters that a subclass finds.
class Splitter : public PreTokenizer {
 public:
  Splitter(SplitBehavior behavior, bool invert) : behavior_(behavior), invert_(invert) {}
  absl::Status Apply(std::vector<Piece>& pieces, Work& work) const override {
    std::vector<Piece> parts;
    for (Piece& piece : pieces) {
      PLUMB_ASSIGN_OR_RETURN(const std::vector<Range> delimiters, Delimiters(piece.text, work));
      for (const Range& part : SplitParts(Stretches(piece.text.size(), delimiters, invert_), behavior_)) {
        if (part.begin == part.end) continue;
        parts.push_back({piece.text.substr(part.begin, part.end - part.begin), piece.first && part.begin == 0});
      }
    }
    pieces = std::move(parts);
    return absl::OkStatus();
  }

 protected:
  virtual absl::StatusOr<std::vector<Range>> Delimiters(std::string_view text, Work& work) const = 0;
  void DescribeSplit(std::string_view name, Fingerprint& fingerprint) const {
    fingerprint.Text(name);
    fingerprint.Number(static_cast<int64_t>(behavior_));
    fingerprint.Number(invert_);
  }

 private:
  SplitBehavior behavior_;
  bool invert_;
};

class RegexSplitter : public Splitter {
 public:
  RegexSplitter(Regex delimiter, SplitBehavior behavior, bool invert)
      : Splitter(behavior, invert), delimiter_(std::move(delimiter)) {}
  void Describe(Fingerprint& fingerprint) const override {
    DescribeSplit("split matches", fingerprint);
    fingerprint.Text(delimiter_.pattern());
  }

 protected:
  absl::StatusOr<std::vector<Range>> Delimiters(std::string_view text, Work& work) const override {
    return delimiter_.FindAll(text, work);
  }

 private:
  Regex delimiter_;
};

class TextSplitter : public Splitter {
 public:
  TextSplitter(std::string delimiter, SplitBehavior behavior, bool invert)
      : Splitter(behavior, invert), delimiter_(std::move(delimiter)) {}
  void Describe(Fingerprint& fingerprint) const override {
    DescribeSplit("split text", fingerprint);
    fingerprint.Text(delimiter_);
  }

 protected:
  absl::StatusOr<std::vector<Range>> Delimiters(std::string_view text, Work&) const override {
    std::vector<Range> found;
    for (size_t at = text.find(delimiter_); at != std::string_view::npos;
         at = text.find(delimiter_, found.back().end)) {
      found.push_back({at, at + delimiter_.size()});
    }
    return found;
  }

 private:
  std::string delimiter_;
};

// Each character of a class is a delimiter.
class ClassSplitter : public Splitter {
 public:
  using Class = bool (*)(char32_t);
  ClassSplitter(std::string_view name, Class is_delimiter, SplitBehavior behavior)
      : Splitter(behavior, false), name_(name), is_delimiter_(is_delimiter) {}
  void Describe(Fingerprint& fingerprint) const override { DescribeSplit(name_, fingerprint); }

 protected:
  absl::StatusOr<std::vector<Range>> Delimiters(std::string_view text, Work&) const override {
    return CharacterRanges(text, is_delimiter_);
  }

 private:
  std::string_view name_;
  Class is_delimiter_;
};

// Runs of word characters and runs of what is neither word nor white space.
class WordSplitter : public Splitter {
 public:
  WordSplitter() : Splitter(SplitBehavior::kRemoved, true) {}
  void Describe(Fingerprint& fingerprint) const override { DescribeSplit("words", fingerprint); }

 protected:
  absl::StatusOr<std::vector<Range>> Delimiters(std::string_view text, Work&) const override {
    enum Kind { kSpace, kWord, kOther };
    std::vector<Range> runs;
    Kind last = kSpace;
    for (size_t at = 0; at < text.size();) {
      const size_t begin = at;
      const char32_t c = NextCharacter(text, at);
      const Kind kind = IsWord(c) ? kWord : IsWhiteSpace(c) ? kSpace : kOther;
      if (kind != kSpace && kind == last) {
        runs.back().end = at;
      } else if (kind != kSpace) {
        runs.push_back({begin, at});
      }
      last = kind;
    }
    return runs;
  }
};

// Bytes as characters.
class ByteLevelSpelling : public PreTokenizer {
 public:
  absl::Status Apply(std::vector<Piece>& pieces, Work&) const override {
    for (Piece& piece : pieces) piece.text = EncodeByteLevel(piece.text);
    return absl::OkStatus();
  }
  void Describe(Fingerprint& fingerprint) const override { fingerprint.Text("byte level"); }
};

// A space in front of each piece that has none.
class PrefixSpace : public PreTokenizer {
 public:
  absl::Status Apply(std::vector<Piece>& pieces, Work&) const override {
    for (Piece& piece : pieces) {
      if (!piece.text.starts_with(' ')) piece.text.insert(0, 1, ' ');
    }
    return absl::OkStatus();
  }
  void Describe(Fingerprint& fingerprint) const override { fingerprint.Text("prefix space"); }
};

using Made = absl::StatusOr<std::unique_ptr<PreTokenizer>>;

std::optional<SplitBehavior> ParseBehavior(Section& section, std::string_view absent) {
  constexpr std::pair<std::string_view, SplitBehavior> kNames[] = {
      {"Removed", SplitBehavior::kRemoved},
      {"Isolated", SplitBehavior::kIsolated},
      {"MergedWithPrevious", SplitBehavior::kMergedWithPrevious},
      {"MergedWithNext", SplitBehavior::kMergedWithNext},
      {"Contiguous", SplitBehavior::kContiguous},
  };
  const std::string found = section.TextIf("behavior").value_or(std::string(absent));
  for (const auto& [name, behavior] : kNames) {
    if (name == found) return behavior;
  }
  section.NotKnownKey("behavior", fmt::format("'{}' is unknown", found));
  return std::nullopt;
}

Made ParseSplit(Section& section) {
  Section pattern(section.Need("pattern"), section.where() + ".pattern");
  const std::optional<std::string> text = pattern.TextIf("String");
  const nlohmann::json* expression = pattern.Find("Regex");
  const bool invert = section.Flag("invert");
  const std::optional<SplitBehavior> behavior = ParseBehavior(section, "");
  PLUMB_RETURN_IF_ERROR(section.Finish());
  PLUMB_RETURN_IF_ERROR(pattern.Finish());
  if (text && !text->empty() && expression == nullptr) {
    return std::make_unique<TextSplitter>(*text, *behavior, invert);
  }
  if (text || expression == nullptr || !expression->is_string()) {
    return Refuse(section.where(), "a pattern must be one String, not empty, or one Regex");
  }
  PLUMB_ASSIGN_OR_RETURN(Regex regex, Regex::Compile(expression->get_ref<const std::string&>(), section.where()));
  return MakeRegexSplit(std::move(regex), *behavior, invert);
}

Made ParseByteLevel(Section& section) {
  const bool add_prefix_space = section.Flag("add_prefix_space");
  const bool use_regex = section.FlagOr("use_regex", true);
  section.Irrelevant({"trim_offsets"});
  PLUMB_RETURN_IF_ERROR(section.Finish());
  return MakeByteLevel(add_prefix_space, use_regex);
}

Made ParseSequence(Section& section, size_t& stages) {
  std::vector<std::unique_ptr<PreTokenizer>> all;
  const nlohmann::json& list = section.List("pretokenizers");
  for (size_t i = 0; i < list.size(); ++i) {
    PLUMB_ASSIGN_OR_RETURN(auto one, ParsePreTokenizer(list[i], fmt::format("{}[{}]", section.where(), i), stages));
    all.push_back(std::move(one));
  }
  return MakePreTokenizerSequence(std::move(all));
}

Made ParseDelimiter(Section& section) {
  std::string delimiter = section.Text("delimiter");
  if (!OnlyCharacter(delimiter)) section.RefuseKey("delimiter", "expected one character");
  return std::make_unique<TextSplitter>(std::move(delimiter), SplitBehavior::kRemoved, false);
}

Made ParseKind(Section& section, const std::string& type, size_t& stages) {
  if (type == "Sequence") return ParseSequence(section, stages);
  if (type == "ByteLevel") return ParseByteLevel(section);
  if (type == "Split") return ParseSplit(section);
  if (type == "BertPreTokenizer") return MakeBertPreTokenizer();
  if (type == "Whitespace") return std::make_unique<WordSplitter>();
  if (type == "CharDelimiterSplit") return ParseDelimiter(section);
  if (type == "WhitespaceSplit") {
    return std::make_unique<ClassSplitter>("white space", IsWhiteSpace, SplitBehavior::kRemoved);
  }
  if (type == "Metaspace") {
    const MetaspaceRules rules = ParseMetaspace(section);
    return MakeMetaspace(rules);
  }
  if (type == "Punctuation") {
    const std::optional<SplitBehavior> behavior = ParseBehavior(section, "Isolated");
    if (!behavior) return section.Finish();
    return std::make_unique<ClassSplitter>("punctuation", IsPunctuation, *behavior);
  }
  if (type == "Digits") {
    const bool alone = section.Flag("individual_digits");
    return std::make_unique<ClassSplitter>("digits", IsNumeric,
                                           alone ? SplitBehavior::kIsolated : SplitBehavior::kContiguous);
  }
  section.NotKnownKey("type", fmt::format("'{}' is a pre-tokenizer that Plumb does not know", type));
  return section.Finish();
}

}  // namespace

Made ParsePreTokenizer(const nlohmann::json& json, std::string_view where, size_t& stages) {
  return ParseStage<Made>(json, where, stages, &ParseKind);
}

std::unique_ptr<PreTokenizer> MakePreTokenizerSequence(std::vector<std::unique_ptr<PreTokenizer>> all) {
  return std::make_unique<Sequence>(std::move(all));
}

std::unique_ptr<PreTokenizer> MakeRegexSplit(Regex delimiter, SplitBehavior behavior, bool invert) {
  return std::make_unique<RegexSplitter>(std::move(delimiter), behavior, invert);
}

Made MakeByteLevel(bool add_prefix_space, bool use_regex) {
  constexpr std::string_view kGpt2 = R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)";
  std::vector<std::unique_ptr<PreTokenizer>> all;
  if (add_prefix_space) all.push_back(std::make_unique<PrefixSpace>());
  if (use_regex) {
    PLUMB_ASSIGN_OR_RETURN(Regex regex, Regex::Compile(kGpt2, "ByteLevel"));
    all.push_back(MakeRegexSplit(std::move(regex), SplitBehavior::kIsolated, false));
  }
  all.push_back(std::make_unique<ByteLevelSpelling>());
  return MakePreTokenizerSequence(std::move(all));
}

std::unique_ptr<PreTokenizer> MakeBertPreTokenizer() {
  std::vector<std::unique_ptr<PreTokenizer>> all;
  all.push_back(std::make_unique<ClassSplitter>("white space", IsWhiteSpace, SplitBehavior::kRemoved));
  all.push_back(std::make_unique<ClassSplitter>("punctuation", IsPunctuation, SplitBehavior::kIsolated));
  return MakePreTokenizerSequence(std::move(all));
}

}  // namespace plumb::text
