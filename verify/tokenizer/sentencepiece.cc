// tokenizer.model, read and run by the SentencePiece library.
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/content/digest.h"
#include "plumb/tokenizer/tokenizer.h"
#include "verify/tokenizer/fingerprint.h"
#include "verify/tokenizer/pipeline.h"
#include "verify/tokenizer/section.h"
#include "verify/tokenizer/sentencepiece_library.h"

namespace plumb {
namespace {

class SentencePieceTokenizer : public Tokenizer {
 public:
  SentencePieceTokenizer(std::unique_ptr<text::SentencePieceLibrary> library, const SentencePieceOptions& options,
                         std::string fingerprint)
      : library_(std::move(library)), options_(options), fingerprint_(std::move(fingerprint)) {}

  absl::StatusOr<std::vector<int32_t>> Encode(std::string_view text, const EncodeOptions& options) const override {
    PLUMB_RETURN_IF_ERROR(text::CheckPrompt(text));
    std::vector<int> found;
    if (const std::string problem = library_->Encode(text, found); !problem.empty()) {
      return InvalidArgument(fmt::format("encode with SentencePiece: {}", problem));
    }
    std::vector<int32_t> ids;
    if (options.add_special && options_.add_bos) ids.push_back(library_->BosId());
    ids.insert(ids.end(), found.begin(), found.end());
    if (options.add_special && options_.add_eos) ids.push_back(library_->EosId());
    return ids;
  }

  absl::StatusOr<std::string> Decode(std::span<const int32_t> ids) const override {
    if (ids.size() > limits::kDecodedIdsMax) {
      return InvalidArgument(fmt::format("{} ids to decode, expected at most {}", ids.size(), limits::kDecodedIdsMax));
    }
    for (int32_t id : ids) {
      if (id < 0 || id >= library_->PieceCount()) {
        return InvalidArgument(fmt::format("id {} is not in the vocabulary", id));
      }
    }
    std::string text;
    if (const std::string problem = library_->Decode({ids.begin(), ids.end()}, text); !problem.empty()) {
      return InvalidArgument(fmt::format("decode with SentencePiece: {}", problem));
    }
    return text;
  }

  uint64_t VocabularySize() const override { return static_cast<uint64_t>(library_->PieceCount()); }
  std::string Fingerprint() const override { return fingerprint_; }

 private:
  std::unique_ptr<text::SentencePieceLibrary> library_;
  SentencePieceOptions options_;
  std::string fingerprint_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Tokenizer>> ParseSentencePieceModel(std::string_view bytes,
                                                                   const SentencePieceOptions& options) {
  constexpr std::string_view kWhere = "SentencePiece model";
  if (bytes.empty() || bytes.size() > limits::kTokenizerBytesMax) {
    return text::Refuse(kWhere, fmt::format("{} bytes, expected 1 to {}", bytes.size(), limits::kTokenizerBytesMax));
  }
  auto library = std::make_unique<text::SentencePieceLibrary>();
  if (const std::string problem = library->Load(bytes); !problem.empty()) {
    // Of a machine that lacks the library nothing follows for the file.
    return library->loaded() ? text::Refuse(kWhere, problem) : text::NotKnown(kWhere, problem);
  }
  if ((options.add_bos && library->BosId() < 0) || (options.add_eos && library->EosId() < 0)) {
    return text::Refuse(kWhere, "a beginning or end token is asked for that the model does not have");
  }
  text::Fingerprint fingerprint;
  fingerprint.Text("plumb sentencepiece 1");
  fingerprint.Text(Sha256Of(bytes).ToHex());
  fingerprint.Number(options.add_bos);
  fingerprint.Number(options.add_eos);
  return std::make_unique<SentencePieceTokenizer>(std::move(library), options, fingerprint.Finish());
}

}  // namespace plumb
