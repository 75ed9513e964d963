// What the decoder-only families have in common when GGUF key-values describe them.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_DECODER_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_DECODER_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "verify/inference/architectures/decoder_spec.h"
#include "verify/inference/architectures/gguf_keys.h"

namespace plumb {

// One file of such a family being read. Errors are kept in `reader`.
struct GgufDecoder : GgufKeys {
  explicit GgufDecoder(const TensorSource& from, std::string name, const nlohmann::json& keys);

  DecoderSpec spec;

  // Vocabulary, widths, layers, heads; names; which biases there are and whether the output map is the embedding.
  void ReadSizes();
  void ReadRmsNorm();
  void ReadLayerNorm();
  void ReadRope(RopeStyle style);
  // The tensors of factors of rotations, where there are any, and the keys about them. What reading the tensors
  // returns.
  absl::Status ReadRopeFactors();
  // Experts of `width` in every layer: their number, how many a token uses, and the tensors that hold all of them.
  void ReadExperts(uint64_t width);
  // A feed-forward of two maps with biases and the function `activation` between.
  void UsePlainFeedForward(UnaryFunction activation);
  // A table of positions instead of rotations.
  void UsePositions();

 private:
  void CheckExpertTensor(const std::string& name, const Shape& shape);
};

// Reads what is the family's own; nullptr for an architecture that is none of these.
using ReadGgufFamily = void (*)(GgufDecoder&);
ReadGgufFamily FindGgufFamily(std::string_view architecture);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_GGUF_DECODER_H_
