// Encoders built as BERT is: embeddings summed and normed, post-norm blocks, a head.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_BERT_LIKE_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_BERT_LIKE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "verify/inference/architectures/encoder_blocks.h"
#include "verify/inference/architectures/pooling.h"

namespace plumb {

// Where the weights before the first block stand.
struct EmbeddingNames {
  std::string words = "embeddings.word_embeddings";
  std::string types = "embeddings.token_type_embeddings";
  std::string positions = "embeddings.position_embeddings";
  std::string norm = "embeddings.LayerNorm";
};

// One config of such a family.
struct BertLike {
  std::string_view architecture;
  uint64_t vocabulary = 0;
  uint64_t position_rows = 0;
  uint64_t first_position = 0;  // Row of the first token's position.
  uint64_t types = 0;           // Rows of token types, 0: none. With more than one they are an input.
  uint64_t layers = 0;
  BlockShape block;
  EmbeddingNames embeddings;
  BlockNames names;
  std::string layers_prefix = "encoder.layer.";
  uint64_t relative_buckets = 0;   // Of MPNet's bias; 0: none.
  bool pooled = true;              // Has a pooler when it has no head.
  std::optional<Pooling> pooling;  // Instead of what a model without a head gives: one vector for each sequence.
  EncoderHead head = EncoderHead::kNone;
  uint64_t labels = 0;
  bool tied = true;
  std::string prefix;  // Under which the encoder's tensors stand when a head is beside them.
  // Scores from the last hidden state, for the heads that are the family's own: kMaskedLm and kSequence.
  std::function<ValueId(LayerBuilder& builder, const BertLike& model, ValueId hidden)> add_masked_lm;
  std::function<ValueId(LayerBuilder& builder, const BertLike& model, ValueId hidden)> add_classifier;
  // Of the family's masked-language head: the weight that is the word embeddings', and the bias that is known under
  // two names ("decoder.bias" and "bias").
  std::string decoder;
  std::string decoder_bias;
  // Tensors of other heads that checkpoints with this one keep; nobody reads them.
  std::vector<std::string> leftovers;
};

// Where BERT keeps a block's weights.
BlockNames BertBlockNames();

// tanh(pooler.dense(first token)).
ValueId AddPooler(LayerBuilder& builder, const BertLike& model, ValueId hidden);

// Scores of all words, from `x` through model.decoder (or the word embeddings, when tied) plus model.decoder_bias.
ValueId AddWordScores(LayerBuilder& builder, const BertLike& model, ValueId x);

// The heads of RoBERTa and MPNet: lm_head.{dense,layer_norm,decoder,bias} and classifier.{dense,out_proj}.
void UseRobertaHeads(BertLike& model);

// Reads what all but DistilBERT call alike: sizes, vocabulary, positions, head, labels, tying; and notes the keys that
// do not matter. `family` is as transformers' classes begin: "Bert".
void ReadBertLike(ConfigReader& reader, std::string_view family, BertLike& model);

absl::StatusOr<std::unique_ptr<Model>> MakeBertLike(BertLike model);

// Reads a config whose model_type is "bert".
absl::StatusOr<BertLike> ReadBert(const nlohmann::json& json);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_BERT_LIKE_H_
