// One vector for a sentence, made of its tokens'.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_POOLING_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_POOLING_H_

#include "verify/inference/architectures/layer_builder.h"

namespace plumb {

// What sentence encoders call their output.
inline constexpr char kSentenceEmbedding[] = "sentence_embedding";

enum class Pooling { kFirst, kMax, kMean, kMeanByRoot, kWeighted, kLast };

// x [B, T, D] -> [B, D].
ValueId AddPooling(LayerBuilder& builder, Pooling pooling, ValueId x);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_POOLING_H_
