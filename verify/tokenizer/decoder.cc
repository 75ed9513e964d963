#include "verify/tokenizer/decoder.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"
#include "verify/tokenizer/byte_level.h"
#include "verify/tokenizer/metaspace.h"
#include "verify/tokenizer/regex.h"
#include "verify/tokenizer/section.h"
#include "verify/tokenizer/unicode.h"

namespace plumb::text {
namespace {

constexpr std::string_view kReplacement = "\xEF\xBF\xBD";  // U+FFFD.

// Stops once the text is larger than a result may be; CheckTotal then refuses it.
std::string ReplaceAll(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  size_t end = 0;
  for (size_t at = text.find(from); at != std::string_view::npos; at = text.find(from, end)) {
    out.append(text, end, at - end).append(to);
    end = at + from.size();
    if (out.size() > limits::kNormalizedBytesMax) return out;
  }
  return out.append(text, end);
}

// Adds `bytes` to `total` and says whether the result is still small enough.
absl::Status CheckTotal(size_t bytes, size_t& total) {
  total += bytes;
  if (total <= limits::kNormalizedBytesMax) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      fmt::format("tokenizer: these ids decode to more than {} bytes", limits::kNormalizedBytesMax));
}

// Changes each token by a function of it and its index.
template <typename Function>
class EachToken : public Decoder {
 public:
  explicit EachToken(Function function) : function_(std::move(function)) {}
  absl::Status Apply(std::vector<std::string>& tokens, Work&) const override {
    size_t total = 0;
    for (size_t i = 0; i < tokens.size(); ++i) {
      tokens[i] = function_(tokens[i], i, i + 1 == tokens.size());
      PLUMB_RETURN_IF_ERROR(CheckTotal(tokens[i].size(), total));
    }
    return absl::OkStatus();
  }

 private:
  Function function_;
};

template <typename Function>
std::unique_ptr<Decoder> ForEachToken(Function function) {
  return std::make_unique<EachToken<Function>>(std::move(function));
}

class Sequence : public Decoder {
 public:
  explicit Sequence(std::vector<std::unique_ptr<Decoder>> all) : all_(std::move(all)) {}
  absl::Status Apply(std::vector<std::string>& tokens, Work& work) const override {
    for (const auto& one : all_) PLUMB_RETURN_IF_ERROR(one->Apply(tokens, work));
    return absl::OkStatus();
  }

 private:
  std::vector<std::unique_ptr<Decoder>> all_;
};

class ByteLevel : public Decoder {
 public:
  absl::Status Apply(std::vector<std::string>& tokens, Work&) const override {
    std::string all;
    std::string bytes;
    for (const std::string& token : tokens) all += DecodeByteLevel(token, bytes) ? bytes : token;
    tokens = {ReplaceInvalidUtf8(all)};
    return absl::OkStatus();
  }
};

class Fuse : public Decoder {
 public:
  absl::Status Apply(std::vector<std::string>& tokens, Work&) const override {
    std::string all;
    for (const std::string& token : tokens) all += token;
    tokens = {std::move(all)};
    return absl::OkStatus();
  }
};

// The byte that `<0xHH>` stands for.
std::optional<char> ParseByteToken(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return std::nullopt;
  uint8_t value = 0;
  for (char c : token.substr(3, 2)) {
    const bool digit = c >= '0' && c <= '9';
    const char lower = static_cast<char>(c | 0x20);
    if (!digit && (lower < 'a' || lower > 'f')) return std::nullopt;
    value = static_cast<uint8_t>(value * 16 + (digit ? c - '0' : lower - 'a' + 10));
  }
  return static_cast<char>(value);
}

class ByteFallback : public Decoder {
 public:
  absl::Status Apply(std::vector<std::string>& tokens, Work&) const override {
    std::vector<std::string> out;
    std::string bytes;
    auto flush = [&] {
      if (IsValidUtf8(bytes)) {
        if (!bytes.empty()) out.push_back(bytes);
      } else {
        out.insert(out.end(), bytes.size(), std::string(kReplacement));
      }
      bytes.clear();
    };
    for (std::string& token : tokens) {
      if (const std::optional<char> byte = ParseByteToken(token)) {
        bytes += *byte;
        continue;
      }
      flush();
      out.push_back(std::move(token));
    }
    flush();
    tokens = std::move(out);
    return absl::OkStatus();
  }
};

class ReplaceMatches : public Decoder {
 public:
  ReplaceMatches(Regex from, std::string to) : from_(std::move(from)), to_(std::move(to)) {}
  absl::Status Apply(std::vector<std::string>& tokens, Work& work) const override {
    size_t total = 0;
    for (std::string& token : tokens) {
      PLUMB_ASSIGN_OR_RETURN(const std::vector<Range> matches, from_.FindAll(token, work));
      std::string out;
      size_t end = 0;
      for (const Range& match : matches) {
        out.append(token, end, match.begin - end);
        PLUMB_RETURN_IF_ERROR(CheckTotal(match.begin - end + to_.size(), total));
        out.append(to_);
        end = match.end;
      }
      token = out.append(token, end);
    }
    return absl::OkStatus();
  }

 private:
  Regex from_;
  std::string to_;
};

// Spaces that English does not write, as BERT's decoder takes them away.
std::string Cleanup(std::string text) {
  constexpr std::pair<std::string_view, std::string_view> kRules[] = {
      {" .", "."},   {" ?", "?"},           {" !", "!"},   {" ,", ","},     {" ' ", "'"},   {" n't", "n't"},
      {" 'm", "'m"}, {" do not", " don't"}, {" 's", "'s"}, {" 've", "'ve"}, {" 're", "'re"}};
  for (const auto& [from, to] : kRules) text = ReplaceAll(text, from, to);
  return text;
}

std::string StripToken(std::string_view token, std::string_view content, uint64_t start, uint64_t stop) {
  for (uint64_t i = 0; i < start && token.starts_with(content); ++i) token.remove_prefix(content.size());
  for (uint64_t i = 0; i < stop && token.ends_with(content); ++i) token.remove_suffix(content.size());
  return std::string(token);
}

using Made = absl::StatusOr<std::unique_ptr<Decoder>>;

std::unique_ptr<Decoder> MakeMetaspaceDecoder(const MetaspaceRules& rules) {
  return ForEachToken([rules](const std::string& token, size_t i, bool) {
    return ReplaceAll(token, rules.replacement, i == 0 && rules.prepend != PrependScheme::kNever ? "" : " ");
  });
}

Made ParseReplace(Section& section) {
  Section pattern(section.Need("pattern"), section.where() + ".pattern");
  const std::optional<std::string> text = pattern.TextIf("String");
  const std::optional<std::string> expression = pattern.TextIf("Regex");
  std::string content = section.Text("content");
  PLUMB_RETURN_IF_ERROR(section.Finish());
  PLUMB_RETURN_IF_ERROR(pattern.Finish());
  if (text && !text->empty() && !expression) return MakeReplaceDecoder(*text, std::move(content));
  if (text || !expression) return Refuse(section.where(), "a pattern must be one String, not empty, or one Regex");
  PLUMB_ASSIGN_OR_RETURN(Regex regex, Regex::Compile(*expression, section.where()));
  return std::make_unique<ReplaceMatches>(std::move(regex), std::move(content));
}

Made ParseSequence(Section& section, size_t& stages) {
  std::vector<std::unique_ptr<Decoder>> all;
  const nlohmann::json& list = section.List("decoders");
  for (size_t i = 0; i < list.size(); ++i) {
    PLUMB_ASSIGN_OR_RETURN(auto one, ParseDecoder(list[i], fmt::format("{}[{}]", section.where(), i), stages));
    all.push_back(std::move(one));
  }
  return MakeDecoderSequence(std::move(all));
}

Made ParseStrip(Section& section) {
  const std::optional<char32_t> content = OnlyCharacter(section.Text("content"));
  if (!content) section.RefuseKey("content", "expected one character");
  const uint64_t start = section.Number("start", limits::kTokenBytesMax);
  return MakeStripDecoder(content.value_or(U' '), start, section.Number("stop", limits::kTokenBytesMax));
}

Made ParseBpe(Section& section) {
  const std::string suffix = section.Text("suffix");
  if (suffix.empty()) section.RefuseKey("suffix", "must not be empty");
  return ForEachToken([suffix](const std::string& token, size_t, bool last) {
    return ReplaceAll(token, suffix.empty() ? " " : suffix, last ? "" : " ");
  });
}

Made ParseKind(Section& section, const std::string& type, size_t& stages) {
  if (type == "Sequence") return ParseSequence(section, stages);
  if (type == "Replace") return ParseReplace(section);
  if (type == "Strip") return ParseStrip(section);
  if (type == "BPEDecoder") return ParseBpe(section);
  if (type == "Fuse") return MakeFuseDecoder();
  if (type == "ByteFallback") return MakeByteFallbackDecoder();
  if (type == "ByteLevel") {
    section.Irrelevant({"add_prefix_space", "trim_offsets", "use_regex"});
    return MakeByteLevelDecoder();
  }
  if (type == "Metaspace") {
    const MetaspaceRules rules = ParseMetaspace(section);
    if (section.failed()) return section.Finish();
    return MakeMetaspaceDecoder(rules);
  }
  if (type == "WordPiece") {
    std::string prefix = section.Text("prefix");
    return MakeWordPieceDecoder(std::move(prefix), section.Flag("cleanup"));
  }
  section.NotKnownKey("type", fmt::format("'{}' is a decoder that Plumb does not know", type));
  return section.Finish();
}

}  // namespace

Made ParseDecoder(const nlohmann::json& json, std::string_view where, size_t& stages) {
  return ParseStage<Made>(json, where, stages, &ParseKind);
}

std::unique_ptr<Decoder> MakeDecoderSequence(std::vector<std::unique_ptr<Decoder>> all) {
  return std::make_unique<Sequence>(std::move(all));
}
std::unique_ptr<Decoder> MakeByteLevelDecoder() { return std::make_unique<ByteLevel>(); }
std::unique_ptr<Decoder> MakeByteFallbackDecoder() { return std::make_unique<ByteFallback>(); }
std::unique_ptr<Decoder> MakeFuseDecoder() { return std::make_unique<Fuse>(); }
std::unique_ptr<Decoder> MakeReplaceDecoder(std::string from, std::string to) {
  return ForEachToken([from = std::move(from), to = std::move(to)](const std::string& token, size_t, bool) {
    return ReplaceAll(token, from, to);
  });
}
std::unique_ptr<Decoder> MakeStripDecoder(char32_t content, uint64_t start, uint64_t stop) {
  std::string character;
  AppendCharacter(content, character);
  return ForEachToken([character = std::move(character), start, stop](const std::string& token, size_t, bool) {
    return StripToken(token, character, start, stop);
  });
}
std::unique_ptr<Decoder> MakeWordPieceDecoder(std::string prefix, bool cleanup) {
  return ForEachToken([prefix = std::move(prefix), cleanup](const std::string& token, size_t i, bool) {
    std::string text = token;
    if (i != 0) text = token.starts_with(prefix) ? token.substr(prefix.size()) : " " + token;
    return cleanup ? Cleanup(std::move(text)) : text;
  });
}

}  // namespace plumb::text
