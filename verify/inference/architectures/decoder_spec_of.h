// The description behind a model that MakeDecoder made.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_DECODER_SPEC_OF_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_DECODER_SPEC_OF_H_

#include "verify/inference/architectures/decoder_spec.h"

namespace plumb {

// Valid as long as the model; nullptr for a model of another making.
const DecoderSpec* DecoderSpecOf(const Model& model);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_DECODER_SPEC_OF_H_
