// The description behind a decoder-only model.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_DECODER_SPEC_OF_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_DECODER_SPEC_OF_H_

#include <optional>

#include "verify/inference/architectures/decoder_spec.h"

namespace plumb {

// Of a model that MakeDecoder made. Valid as long as the model; nullptr for a model of another making.
const DecoderSpec* DecoderSpecOf(const Model& model);

// Of a GPT-2 from a config.json, whose graph is built by code of its own; nullopt for any other model.
std::optional<DecoderSpec> DescribeGpt2(const Model& model);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_DECODER_SPEC_OF_H_
