#include "verify/inference/architectures/gguf_export_bert.h"

#include <memory>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/status.h"
#include "verify/inference/architectures/bert_like.h"
#include "verify/inference/architectures/gguf_config.h"
#include "verify/inference/architectures/gguf_encoders.h"
#include "verify/inference/architectures/gguf_export.h"
#include "verify/inference/check/config_hash.h"
#include "verify/inference/gguf_model.h"

namespace plumb {
namespace {

absl::Status Inexpressible(std::string_view what) {
  return WithErrorClass(InvalidArgument(fmt::format("llama.cpp cannot run this model: {}", what)), ErrorClass::kPolicy);
}

// The config's encoder as a GGUF file has it.
absl::StatusOr<BertLike> EncoderOf(const nlohmann::json& config) {
  PLUMB_ASSIGN_OR_RETURN(BertLike model, ReadBert(config));
  UseGgufBertNames(model);
  model.head = EncoderHead::kNone;
  model.prefix.clear();
  model.leftovers.clear();
  model.block.epsilon = static_cast<double>(static_cast<float>(model.block.epsilon));  // As the file keeps it.
  return model;
}

std::optional<Pooling> PoolingIn(const TensorSource& gguf) {
  const std::optional<uint64_t> type = gguf.metadata().Unsigned("bert.pooling_type");
  if (type == 1u) return Pooling::kMean;
  if (type == 2u) return Pooling::kFirst;
  return type == 3u ? std::optional(Pooling::kLast) : std::nullopt;
}

}  // namespace

absl::StatusOr<GgufDescription> DescribeBertForGguf(const nlohmann::json& config) {
  PLUMB_ASSIGN_OR_RETURN(const BertLike whole, ReadBert(config));
  if (whole.block.activation != UnaryFunction::kGeluErf)
    return Inexpressible("the function of its feed-forward is no GELU");
  GgufDescription out;
  out.architecture = "bert";
  out.vocabulary = whole.vocabulary;
  GgufKeyWriter writer(&out);
  writer.Count("context_length", whole.position_rows);
  writer.Count("embedding_length", whole.block.width);
  writer.Count("block_count", whole.layers);
  writer.Count("feed_forward_length", whole.block.inner);
  writer.Count("attention.head_count", whole.block.heads);
  writer.Number("attention.layer_norm_epsilon", whole.block.epsilon);
  writer.Flag("attention.causal", false);
  out.keys.push_back({"tokenizer.ggml.token_type_count", whole.types, "u32"});
  out.remarks.emplace_back("llama.cpp computes BERT's GELU by tanh: its vectors differ by some 1e-4 of their size");
  if (whole.head != EncoderHead::kNone) {
    out.remarks.emplace_back(
        "the head is left out, which llama.cpp has none of for BERT: the file is the encoder alone");
  }
  return out;
}

absl::Status CheckBertDescription(const nlohmann::json& config, const TensorSource& gguf) {
  PLUMB_ASSIGN_OR_RETURN(BertLike wanted, EncoderOf(config));
  wanted.pooling = PoolingIn(gguf);
  PLUMB_ASSIGN_OR_RETURN(const std::unique_ptr<Model> model, MakeBertLike(std::move(wanted)));
  absl::StatusOr<std::unique_ptr<Model>> written = ParseGgufModel(gguf);
  if (!written.ok()) return Inexpressible(Message(written.status()));
  PLUMB_RETURN_IF_ERROR(GgufModel::CheckTensorsOf(gguf, **written));
  PLUMB_ASSIGN_OR_RETURN(const std::string in_config, ConfigHash(*model));
  PLUMB_ASSIGN_OR_RETURN(const std::string in_gguf, ConfigHash(**written));
  if (in_config == in_gguf && model->positions_max() == (*written)->positions_max()) return absl::OkStatus();
  return Inexpressible("what its keys and tensors say is another computation than the config's");
}

}  // namespace plumb
