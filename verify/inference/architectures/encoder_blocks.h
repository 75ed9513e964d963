// Transformer blocks: attention and two linear maps, normed before or after each.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_ENCODER_BLOCKS_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_ENCODER_BLOCKS_H_

#include <cstdint>
#include <optional>
#include <string>

#include "verify/inference/architectures/config_reader.h"
#include "verify/inference/architectures/layer_builder.h"

namespace plumb {

// Modules of one block, each below the block's own name.
struct BlockNames {
  std::string query;
  std::string key;
  std::string value;
  std::string out;             // After the attention.
  std::string attention_norm;  // Before the attention, or after its sum.
  std::string inner;           // To the inner width.
  std::string outer;           // And back.
  std::string inner_norm;      // Before `inner`, or after the last sum.
};

// Sizes and kind of a block.
struct BlockShape {
  uint64_t width = 0;
  uint64_t heads = 0;
  uint64_t inner = 0;
  UnaryFunction activation = UnaryFunction::kGeluErf;
  double epsilon = 0;
  bool query_bias = true;
  bool key_bias = true;
  bool value_bias = true;
  bool causal = false;
};

// Attention of `queries` to `keys`, [B, T, width] to [B, S, width]; `mask` is added to the scores.
ValueId AddBlockAttention(LayerBuilder& builder, const std::string& block, const BlockNames& names,
                          const BlockShape& shape, ValueId queries, ValueId keys,
                          std::optional<ValueId> mask = std::nullopt);

// outer(f(inner(x))).
ValueId AddFeedForward(LayerBuilder& builder, const std::string& block, const BlockNames& names,
                       const BlockShape& shape, ValueId x);

// x = norm(x + attention(x)); norm(x + feed_forward(x)). BERT and its kin.
ValueId AddPostNormBlock(LayerBuilder& builder, const std::string& block, const BlockNames& names,
                         const BlockShape& shape, ValueId x, std::optional<ValueId> mask = std::nullopt);

// x = x + attention(norm(x)); x + feed_forward(norm(x)). ViT, CLIP, Whisper.
ValueId AddPreNormBlock(LayerBuilder& builder, const std::string& block, const BlockNames& names,
                        const BlockShape& shape, ValueId x);

// Reads hidden_size, num_hidden_layers, num_attention_heads, intermediate_size, hidden_act and layer_norm_eps.
struct EncoderSizes {
  BlockShape block;
  uint64_t layers = 0;
};
EncoderSizes ReadEncoderSizes(ConfigReader& reader);

// Refuses `key` unless the heads divide the width.
void CheckHeads(ConfigReader& reader, const std::string& key, const BlockShape& shape);

// What stands on top of an encoder, by the name in "architectures".
enum class EncoderHead {
  kNone,      // Model
  kMaskedLm,  // ForMaskedLM
  kSequence,  // ForSequenceClassification
  kToken,     // ForTokenClassification
  kQuestion,  // ForQuestionAnswering
  kImage,     // ForImageClassification
};

// Reads "architectures", which must name one of `allowed` of the family ("Bert" -> "BertForMaskedLM"); missing, it is
// the model without a head.
EncoderHead ReadHead(ConfigReader& reader, std::string_view family, std::initializer_list<EncoderHead> allowed);

// How many labels a classifier has: those of "id2label", else "num_labels", else 2, as PretrainedConfig counts.
uint64_t ReadLabels(ConfigReader& reader);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_ENCODER_BLOCKS_H_
