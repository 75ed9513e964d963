// BERT, DistilBERT, RoBERTa and XLM-RoBERTa, which GGUF calls `bert`: their converter cuts the rows of positions that
// no token has, and leaves poolers and heads out.
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/bert_like.h"
#include "verify/inference/architectures/gguf_encoders.h"

namespace plumb {
namespace {

void ReadBlock(GgufKeys& file, BertLike& model) {
  model.block.width = file.Size("embedding_length");
  model.block.heads = file.Size("attention.head_count");
  model.block.inner = file.Size("feed_forward_length");
  model.block.epsilon = file.reader.Positive(file.Key("attention.layer_norm_epsilon"));
  CheckHeads(file.reader, file.Key("attention.head_count"), model.block);
  if (file.SizeOr("attention.head_count_kv", model.block.heads) != model.block.heads) {
    file.reader.Refuse(file.Key("attention.head_count_kv"),
                       fmt::format("differs from the {} heads", model.block.heads));
  }
  RefuseCausal(file);
}

// Rows of the table of types, of which the tokenizer's keys speak too; 0 without one, as in DistilBERT.
uint64_t ReadTypes(GgufKeys& file) {
  const std::string key = "tokenizer.ggml.token_type_count";
  const SourceTensor* table = file.source.Find("token_types.weight");
  const uint64_t types = table == nullptr || table->shape.size() != 2 ? 0 : table->shape[0];
  if (file.source.metadata().Find(key) == nullptr) return types;
  const std::optional<uint64_t> stated = file.source.metadata().Unsigned(key);
  if (stated != types && !(types == 0 && stated == 1u)) {
    file.reader.Refuse(key, fmt::format("differs from the {} rows of token_types.weight", types));
  }
  return types;
}

}  // namespace

void UseGgufBertNames(BertLike& model) {
  model.embeddings = {
      .words = "token_embd", .types = "token_types", .positions = "position_embd", .norm = "token_embd_norm"};
  model.layers_prefix = "blk.";
  model.names = {.query = "attn_q",
                 .key = "attn_k",
                 .value = "attn_v",
                 .out = "attn_output",
                 .attention_norm = "attn_output_norm",
                 .inner = "ffn_up",
                 .outer = "ffn_down",
                 .inner_norm = "layer_output_norm"};
  model.pooled = false;
}

absl::StatusOr<std::unique_ptr<Model>> ParseGgufBert(GgufKeys file) {
  BertLike model;
  model.architecture = "bert";
  UseGgufBertNames(model);
  model.vocabulary = file.ReadVocabulary();
  model.position_rows = file.Size("context_length");
  model.layers = file.reader.Size(file.Key("block_count"), limits::kModelLayersMax);
  ReadBlock(file, model);
  model.pooling = ReadGgufPooling(file);
  model.types = ReadTypes(file);
  file.RefuseRopeFactors();
  PLUMB_RETURN_IF_ERROR(file.reader.Finish());
  return MakeBertLike(std::move(model));
}

}  // namespace plumb
