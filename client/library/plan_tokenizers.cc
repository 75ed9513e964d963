#include <algorithm>
#include <memory>

#include "client/library/folder_text.h"
#include "client/library/publish_plan.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/json.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/containers/open.h"
#include "plumb/tokenizer/tokenizer.h"

namespace plumb {
namespace {

std::string_view BaseName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

// Other libraries have files of that name too; this one has a `model`.
absl::Status CheckJson(const std::string& text) {
  PLUMB_ASSIGN_OR_RETURN(nlohmann::json json, ParseJson(text, "tokenizer"));
  if (!json.is_object() || !json.contains("model") || !json["model"].is_object()) {
    return absl::UnimplementedError("it is no tokenizer of Hugging Face's library");
  }
  return ParseTokenizerJson(text).status();
}

// SentencePiece's models are protobuf, whose first field holds the pieces; the same name is given to lists of
// base64 (tiktoken).
absl::Status CheckSentencePiece(const std::string& bytes) {
  if (!bytes.starts_with('\x0a')) return absl::UnimplementedError("it is no SentencePiece model");
  return ParseSentencePieceModel(bytes).status();
}

absl::Status CheckGguf(const Directory& folder, const std::string& path) {
  absl::StatusOr<std::unique_ptr<TensorSource>> source = OpenTensorSource(folder, path);
  // A part of a split file, whose first part has the vocabulary, or one that was found unsound before.
  if (!source.ok()) return absl::OkStatus();
  PLUMB_ASSIGN_OR_RETURN(GgufVocabulary vocabulary, ReadGgufVocabulary((*source)->metadata()));
  if (vocabulary.tokens.empty()) return absl::OkStatus();
  return ParseGgufTokenizer(vocabulary).status();
}

// OK for files that are no tokenizer; UNIMPLEMENTED for what is not understood.
absl::Status CheckTokenizer(const Directory& folder, const std::string& path) {
  const std::string_view name = BaseName(path);
  const bool sentencepiece = name == "tokenizer.model" || name == "spiece.model" || name == "sentencepiece.bpe.model" ||
                             name == "source.spm" || name == "target.spm";
  if (path.ends_with(".gguf")) return CheckGguf(folder, path);
  if (name != "tokenizer.json" && !sentencepiece) return absl::OkStatus();
  absl::StatusOr<std::string> text = ReadText(folder, path, limits::kTokenizerBytesMax);
  if (absl::IsOutOfRange(text.status())) return absl::UnimplementedError(std::string(Message(text.status())));
  PLUMB_RETURN_IF_ERROR(text.status());
  return sentencepiece ? CheckSentencePiece(*text) : CheckJson(*text);
}

}  // namespace

absl::Status PlanTokenizers(const Directory& folder, const Operation& operation, PublishPlan* plan) {
  for (const PlannedFile& file : plan->files) {
    PLUMB_RETURN_IF_ERROR(operation.Check());
    const bool unsound = std::any_of(plan->incomplete.begin(), plan->incomplete.end(),
                                     [&](const IncompleteFile& other) { return other.path == file.path; });
    if (unsound) continue;
    absl::Status status = CheckTokenizer(folder, file.path);
    if (status.ok()) continue;
    if (ErrorClassOf(status) == ErrorClass::kLocalStorage) return status;
    if (absl::IsUnimplemented(status)) {
      operation.Warn(fmt::format("{} is not understood: {}; it is published unchecked", file.path, Message(status)));
      continue;
    }
    plan->incomplete.push_back(
        {file.path, fmt::format("is no sound tokenizer: {}", Message(status)), "mend it or download it again"});
  }
  return absl::OkStatus();
}

}  // namespace plumb
