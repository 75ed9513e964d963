#include "verify/inference/architectures/encoder_blocks.h"

#include <cmath>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/limits.h"

namespace plumb {
namespace {

std::string_view HeadName(EncoderHead head) {
  switch (head) {
    case EncoderHead::kNone:
      return "Model";
    case EncoderHead::kMaskedLm:
      return "ForMaskedLM";
    case EncoderHead::kSequence:
      return "ForSequenceClassification";
    case EncoderHead::kToken:
      return "ForTokenClassification";
    case EncoderHead::kQuestion:
      return "ForQuestionAnswering";
    case EncoderHead::kImage:
      return "ForImageClassification";
  }
  return "";
}

}  // namespace

ValueId AddBlockAttention(LayerBuilder& builder, const std::string& block, const BlockNames& names,
                          const BlockShape& shape, ValueId queries, ValueId keys, std::optional<ValueId> mask) {
  const uint64_t d = shape.width;
  ValueId q = builder.Linear(block + names.query, queries, d, d, shape.query_bias);
  ValueId k = builder.Linear(block + names.key, keys, d, d, shape.key_bias);
  ValueId v = builder.Linear(block + names.value, keys, d, d, shape.value_bias);
  const double scale = 1 / std::sqrt(static_cast<double>(d / shape.heads));
  ValueId mixed = builder.Attention(block + names.out + ".attention", q, k, v,
                                    {.heads = shape.heads, .scale = scale, .causal = shape.causal}, mask);
  return builder.Linear(block + names.out, mixed, d, d);
}

ValueId AddFeedForward(LayerBuilder& builder, const std::string& block, const BlockNames& names,
                       const BlockShape& shape, ValueId x) {
  ValueId inner = builder.Linear(block + names.inner, x, shape.width, shape.inner);
  inner = builder.Unary(block + names.inner + ".activation", shape.activation, inner);
  return builder.Linear(block + names.outer, inner, shape.inner, shape.width);
}

ValueId AddPostNormBlock(LayerBuilder& builder, const std::string& block, const BlockNames& names,
                         const BlockShape& shape, ValueId x, std::optional<ValueId> mask) {
  ValueId attended = AddBlockAttention(builder, block, names, shape, x, x, mask);
  x = builder.Add(block + names.attention_norm + ".residual", attended, x);
  x = builder.Norm(block + names.attention_norm, x, shape.width, shape.epsilon);
  ValueId fed = AddFeedForward(builder, block, names, shape, x);
  x = builder.Add(block + names.inner_norm + ".residual", fed, x);
  return builder.Norm(block + names.inner_norm, x, shape.width, shape.epsilon);
}

ValueId AddPreNormBlock(LayerBuilder& builder, const std::string& block, const BlockNames& names,
                        const BlockShape& shape, ValueId x) {
  ValueId normed = builder.Norm(block + names.attention_norm, x, shape.width, shape.epsilon);
  ValueId attended = AddBlockAttention(builder, block, names, shape, normed, normed);
  x = builder.Add(block + names.out + ".residual", x, attended);
  normed = builder.Norm(block + names.inner_norm, x, shape.width, shape.epsilon);
  return builder.Add(block + names.outer + ".residual", x, AddFeedForward(builder, block, names, shape, normed));
}

EncoderSizes ReadEncoderSizes(ConfigReader& reader) {
  EncoderSizes sizes;
  sizes.block.width = reader.Size("hidden_size", limits::kModelWidthMax);
  sizes.layers = reader.Size("num_hidden_layers", limits::kModelLayersMax);
  sizes.block.heads = reader.Size("num_attention_heads", limits::kModelWidthMax);
  sizes.block.inner = reader.Size("intermediate_size", limits::kModelWidthMax);
  sizes.block.activation = reader.Activation("hidden_act");
  sizes.block.epsilon = reader.Positive("layer_norm_eps");
  CheckHeads(reader, "num_attention_heads", sizes.block);
  return sizes;
}

void CheckHeads(ConfigReader& reader, const std::string& key, const BlockShape& shape) {
  if (shape.width % shape.heads == 0) return;
  reader.Refuse(key, fmt::format("is {}, which does not divide the width {}", shape.heads, shape.width));
}

EncoderHead ReadHead(ConfigReader& reader, std::string_view family, std::initializer_list<EncoderHead> allowed) {
  const std::vector<std::string> names = reader.TextsOr("architectures");
  if (names.empty()) return EncoderHead::kNone;
  std::vector<std::string> known;
  for (EncoderHead head : allowed) {
    known.push_back(fmt::format("{}{}", family, HeadName(head)));
    if (names.size() == 1 && names[0] == known.back()) return head;
  }
  reader.Refuse("architectures", names.size() > 1 ? "names more than one"
                                                  : fmt::format("names \"{}\", of which only {} are supported",
                                                                names[0].substr(0, 64), fmt::join(known, ", ")));
  return EncoderHead::kNone;
}

uint64_t ReadLabels(ConfigReader& reader) {
  constexpr uint64_t kDefault = 2;
  const nlohmann::json* labels = reader.Object("id2label");
  if (labels != nullptr && labels->empty()) reader.Refuse("id2label", "is empty");
  const uint64_t stated = labels == nullptr ? kDefault : labels->size();
  for (const char* key : {"num_labels", "_num_labels"}) {
    const uint64_t count = reader.SizeOr(key, limits::kModelWidthMax, stated);
    if (labels == nullptr && reader.Has(key)) return count;
    if (count != stated) reader.Refuse(key, fmt::format("is {}, but \"id2label\" has {} labels", count, stated));
  }
  return stated;
}

}  // namespace plumb
