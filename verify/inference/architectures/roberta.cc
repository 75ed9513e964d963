// RoBERTa and, with other names and more words, XLM-RoBERTa.
//
// Positions count from pad_token_id + 1. (transformers gives padding tokens no position of their own; here all tokens
// are real.)
#include <utility>

#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/bert_like.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

absl::StatusOr<std::unique_ptr<Model>> Parse(const nlohmann::json& json, std::string_view architecture,
                                             std::string_view family) {
  ConfigReader reader(json);
  BertLike model;
  model.architecture = architecture;
  model.names = BertBlockNames();
  model.prefix = "roberta.";
  UseRobertaHeads(model);
  model.first_position = reader.Count("pad_token_id", limits::kModelWidthMax) + 1;
  ReadBertLike(reader, family, model);
  model.types = reader.Size("type_vocab_size", limits::kModelWidthMax);
  reader.Only("position_embedding_type", "absolute");
  PLUMB_RETURN_IF_ERROR(reader.Finish());
  return MakeBertLike(std::move(model));
}

absl::StatusOr<std::unique_ptr<Model>> ParseRoberta(const nlohmann::json& json) {
  return Parse(json, "roberta", "Roberta");
}

absl::StatusOr<std::unique_ptr<Model>> ParseXlmRoberta(const nlohmann::json& json) {
  return Parse(json, "xlm-roberta", "XLMRoberta");
}

}  // namespace

const ArchitectureEntry kRobertaArchitecture = {"roberta", &ParseRoberta};
const ArchitectureEntry kXlmRobertaArchitecture = {"xlm-roberta", &ParseXlmRoberta};

}  // namespace plumb
