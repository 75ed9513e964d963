#include "verify/tokenizer/post_processor.h"

#include <string>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/tokenizer/section.h"

namespace plumb::text {
namespace {

class Parser {
 public:
  explicit Parser(uint64_t vocabulary_size) : vocabulary_size_(vocabulary_size) {}

  absl::Status Parse(const nlohmann::json& json, const std::string& where) {
    if (++stages_ > limits::kTokenizerStagesMax) {
      return NotKnown(where, fmt::format("more than {} processors", limits::kTokenizerStagesMax));
    }
    Section section(json, where);
    const std::string type = section.Text("type");
    if (section.failed()) return section.Finish();
    if (type == "TemplateProcessing") return ParseTemplate(section);
    if (type == "BertProcessing" || type == "RobertaProcessing") return ParsePair(section);
    if (type == "Sequence") return ParseSequence(section);
    if (type == "ByteLevel") {  // Moves offsets only.
      section.Irrelevant({"add_prefix_space", "trim_offsets", "use_regex"});
      return section.Finish();
    }
    section.NotKnownKey("type", fmt::format("'{}' is a post-processor that Plumb does not know", type));
    return section.Finish();
  }

  Surroundings Take() { return std::move(around_); }

 private:
  absl::Status ParseSequence(Section& section) {
    const nlohmann::json& list = section.List("processors");
    PLUMB_RETURN_IF_ERROR(section.Finish());
    for (size_t i = 0; i < list.size(); ++i) {
      PLUMB_RETURN_IF_ERROR(Parse(list[i], fmt::format("{}[{}]", section.where(), i)));
    }
    return absl::OkStatus();
  }

  // `cls` before and `sep` behind, each [text, id].
  absl::Status ParsePair(Section& section) {
    const nlohmann::json& cls = section.List("cls");
    const nlohmann::json& sep = section.List("sep");
    section.Irrelevant({"trim_offsets", "add_prefix_space"});
    PLUMB_RETURN_IF_ERROR(section.Finish());
    std::vector<int32_t> ids;
    for (const nlohmann::json* pair : {&cls, &sep}) {
      if (pair->size() != 2) return Refuse(section.where(), "cls and sep must be a token and its id");
      PLUMB_RETURN_IF_ERROR(AddId((*pair)[1], section.where(), ids));
    }
    return Surround({ids[0]}, {ids[1]});
  }

  absl::Status ParseTemplate(Section& section) {
    const nlohmann::json& single = section.List("single");
    const nlohmann::json& special = section.Need("special_tokens");
    section.Irrelevant({"pair"});
    PLUMB_RETURN_IF_ERROR(section.Finish());
    std::vector<int32_t> before;
    std::vector<int32_t> behind;
    bool seen = false;  // The text itself.
    for (size_t i = 0; i < single.size(); ++i) {
      Section piece(single[i], fmt::format("{}.single[{}]", section.where(), i));
      const nlohmann::json* sequence = piece.Find("Sequence");
      const nlohmann::json* token = piece.Find("SpecialToken");
      PLUMB_RETURN_IF_ERROR(piece.Finish());
      if ((sequence == nullptr) == (token == nullptr))
        return Refuse(piece.where(), "expected Sequence or SpecialToken");
      Section inner(sequence != nullptr ? *sequence : *token, piece.where());
      const std::string id = inner.Text("id");
      inner.Irrelevant({"type_id"});
      PLUMB_RETURN_IF_ERROR(inner.Finish());
      if (token != nullptr) {
        PLUMB_RETURN_IF_ERROR(AddSpecial(special, id, piece.where(), seen ? behind : before));
      } else if (id != "A" || seen) {
        return Refuse(piece.where(), "a single text must be sequence A, once");
      } else {
        seen = true;
      }
    }
    if (!seen) return Refuse(section.where(), "the template for one text leaves the text out");
    return Surround(std::move(before), std::move(behind));
  }

  // The ids of special token `name`.
  absl::Status AddSpecial(const nlohmann::json& special, const std::string& name, const std::string& where,
                          std::vector<int32_t>& ids) const {
    const auto found = special.is_object() ? special.find(name) : special.end();
    if (found == special.end()) return Refuse(where, fmt::format("'{}' is not in special_tokens", name));
    Section token(*found, fmt::format("special_tokens.{}", name));
    const nlohmann::json& list = token.List("ids");
    token.Irrelevant({"id", "tokens"});
    PLUMB_RETURN_IF_ERROR(token.Finish());
    for (const nlohmann::json& id : list) PLUMB_RETURN_IF_ERROR(AddId(id, where, ids));
    return absl::OkStatus();
  }

  absl::Status AddId(const nlohmann::json& id, const std::string& where, std::vector<int32_t>& ids) const {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= vocabulary_size_) {
      return Refuse(where, fmt::format("an id that is not a whole number below {}", vocabulary_size_));
    }
    ids.push_back(id.get<int32_t>());
    return absl::OkStatus();
  }

  // Later processors stand outside earlier ones.
  absl::Status Surround(std::vector<int32_t> before, std::vector<int32_t> behind) {
    around_.before.insert(around_.before.begin(), before.begin(), before.end());
    around_.behind.insert(around_.behind.end(), behind.begin(), behind.end());
    return absl::OkStatus();
  }

  uint64_t vocabulary_size_;
  size_t stages_ = 0;
  Surroundings around_;
};

}  // namespace

absl::StatusOr<Surroundings> ParsePostProcessor(const nlohmann::json& json, uint64_t vocabulary_size) {
  Parser parser(vocabulary_size);
  PLUMB_RETURN_IF_ERROR(parser.Parse(json, "post_processor"));
  return parser.Take();
}

}  // namespace plumb::text
