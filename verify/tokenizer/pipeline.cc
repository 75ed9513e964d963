#include "verify/tokenizer/pipeline.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"
#include "verify/tokenizer/fingerprint.h"
#include "verify/tokenizer/section.h"
#include "verify/tokenizer/work.h"

namespace plumb::text {
namespace {

class Pipeline : public Tokenizer {
 public:
  Pipeline(Steps steps, AddedTokens added) : steps_(std::move(steps)), added_(std::move(added)) {}

  absl::StatusOr<std::vector<int32_t>> Encode(std::string_view text, const EncodeOptions& options) const override {
    PLUMB_RETURN_IF_ERROR(CheckPrompt(text));
    std::vector<int32_t> ids;
    if (options.add_special) ids = steps_.surroundings.before;
    Work work;
    for (const AddedPart& part : added_.Split(text, false, options.parse_special)) {
      if (part.id) {
        ids.push_back(*part.id);
        continue;
      }
      const bool first = part.text.data() == text.data();
      PLUMB_RETURN_IF_ERROR(EncodePart(std::string(part.text), first, options.parse_special, work, ids));
    }
    if (options.add_special) {
      ids.insert(ids.end(), steps_.surroundings.behind.begin(), steps_.surroundings.behind.end());
    }
    return ids;
  }

  absl::StatusOr<std::string> Decode(std::span<const int32_t> ids) const override {
    if (ids.size() > limits::kDecodedIdsMax) {
      return InvalidArgument(fmt::format("{} ids to decode, expected at most {}", ids.size(), limits::kDecodedIdsMax));
    }
    std::vector<std::string> tokens;
    size_t total = 0;
    for (int32_t id : ids) {
      const std::string* token = added_.Token(id);
      if (token == nullptr) token = steps_.model->vocabulary().Token(id);
      if (token == nullptr) return InvalidArgument(fmt::format("id {} is not in the vocabulary", id));
      total += token->size();
      if (total > limits::kNormalizedBytesMax) {
        return InvalidArgument(fmt::format("these ids decode to more than {} bytes", limits::kNormalizedBytesMax));
      }
      tokens.push_back(*token);
    }
    if (tokens.empty()) return std::string();
    Work work;
    if (steps_.decoder != nullptr) PLUMB_RETURN_IF_ERROR(steps_.decoder->Apply(tokens, work));
    const std::string_view separator = steps_.decoder == nullptr ? " " : "";
    return fmt::format("{}", fmt::join(tokens, separator));
  }

  uint64_t VocabularySize() const override {
    return std::max<uint64_t>(steps_.model->vocabulary().size(), added_.size());
  }

  std::string Fingerprint() const override {
    text::Fingerprint fingerprint;
    fingerprint.Text("plumb tokenizer 1");
    added_.Describe(fingerprint);
    fingerprint.Text("normalizer");
    if (steps_.normalizer != nullptr) steps_.normalizer->Describe(fingerprint);
    fingerprint.Text("pre-tokenizer");
    if (steps_.pre_tokenizer != nullptr) steps_.pre_tokenizer->Describe(fingerprint);
    fingerprint.Text("model");
    steps_.model->Describe(fingerprint);
    for (const std::vector<int32_t>* around : {&steps_.surroundings.before, &steps_.surroundings.behind}) {
      fingerprint.Number(static_cast<int64_t>(around->size()));
      for (int32_t id : *around) fingerprint.Number(id);
    }
    return fingerprint.Finish();
  }

 private:
  // Appends the ids of a part between added tokens that are looked for in the text as given.
  absl::Status EncodePart(std::string text, bool first, bool parse_special, Work& work,
                          std::vector<int32_t>& ids) const {
    if (steps_.normalizer != nullptr) PLUMB_RETURN_IF_ERROR(steps_.normalizer->Apply(text, work));
    for (const AddedPart& part : added_.Split(text, true, parse_special)) {
      if (part.id) {
        ids.push_back(*part.id);
        continue;
      }
      std::vector<Piece> pieces = {{std::string(part.text), first && part.text.data() == text.data()}};
      if (steps_.pre_tokenizer != nullptr) PLUMB_RETURN_IF_ERROR(steps_.pre_tokenizer->Apply(pieces, work));
      for (const Piece& piece : pieces) PLUMB_RETURN_IF_ERROR(steps_.model->Encode(piece.text, ids));
    }
    return absl::OkStatus();
  }

  Steps steps_;
  AddedTokens added_;
};

}  // namespace

absl::Status CheckPrompt(std::string_view text) {
  if (text.size() > limits::kPromptBytesMax) {
    return InvalidArgument(
        fmt::format("a text of {} bytes to encode, expected at most {}", text.size(), limits::kPromptBytesMax));
  }
  return IsValidUtf8(text) ? absl::OkStatus() : InvalidArgument("the text to encode is not UTF-8");
}

absl::StatusOr<std::unique_ptr<Tokenizer>> MakePipeline(Steps steps) {
  PLUMB_ASSIGN_OR_RETURN(AddedTokens added, AddedTokens::Make(steps.added_tokens, steps.normalizer.get()));
  for (const std::vector<int32_t>* around : {&steps.surroundings.before, &steps.surroundings.behind}) {
    for (int32_t id : *around) {
      if (steps.model->vocabulary().Token(id) != nullptr || added.Token(id) != nullptr) continue;
      return Refuse("post_processor", fmt::format("id {} is not in the vocabulary", id));
    }
  }
  return std::make_unique<Pipeline>(std::move(steps), std::move(added));
}

}  // namespace plumb::text
