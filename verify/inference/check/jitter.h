// What the arithmetic of another sound runtime may do to a model's values: other orders of summing, other
// approximations of functions, other places to round.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_JITTER_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_JITTER_H_

#include <cstdint>
#include <functional>
#include <set>
#include <span>
#include <string>

#include "plumb/inference/backend.h"
#include "plumb/inference/golden.h"

namespace plumb {

// How a node's results may differ between runtimes that are right.
enum class Noise {
  kNone,      // Not at all: elements are copied, chosen or compared.
  kRelative,  // By a part of each element.
  kSum,       // Sums of terms of either sign, and functions near their zeros: also by a part of the tensor's root mean
              // square.
  kBounded,   // Functions between -1 and 1 by approximations: also by a part of 1.
};
Noise NoiseOf(const Node& node);

// Whether a node rounds the quantised result of a softmax: runtimes that compute it on integers throughout, as ONNX
// Runtime does with QDQ models, are off by one unit in a tenth of the elements.
bool RoundsQuantisedSoftmax(const Graph& graph, const Node& node);

// Moves values by at most two units in the last place or so, at random but the same for the same seed: 2^-22 of what
// NoiseOf says for float32 (2^-8 in products, where operands are rounded to bfloat16), one step for 16-bit floats.
// Zeros, whole numbers, infinities and NaN stay as they are: runtimes agree on masks, counts and saturation. Of the
// quantised elements of a softmax an eighth moves by one.
// Not thread-safe.
class Jitter {
 public:
  // `graph`: float64 moves as float32 does unless an input of it is float64. Seeds 2 n and 2 n + 1 move every value the
  // one way and the other: what lies near a step comes to its other side in one of the two.
  Jitter(const Graph& graph, uint64_t seed, Precision precision);
  // For RunInputs::disturb.
  void Disturb(const Node& node, std::span<uint8_t> bytes);
  // The inputs as the model is given them, moved likewise.
  ModelInputs Moved(ModelInputs inputs);

 private:
  // Uniform between -1 and 1.
  double Draw();
  template <typename T>
  void MoveFloats(std::span<T> values, Noise noise, double unit);
  void MoveHalves(std::span<uint16_t> values, uint16_t infinity);
  void MoveWhole(std::span<float> values);
  void Move(ElementType type, std::span<uint8_t> bytes, Noise noise, double unit);

  uint64_t state_;
  double sign_;
  std::set<std::string, std::less<>> softmax_roundings_;  // Names of nodes.
  double double_unit_;
  double product_unit_;
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_JITTER_H_
