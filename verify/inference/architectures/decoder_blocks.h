// The parts of a decoder's graph.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_DECODER_BLOCKS_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_DECODER_BLOCKS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plumb/inference/graph.h"
#include "verify/inference/architectures/decoder_spec.h"

namespace plumb {

// Adds parts to a graph for one size of batch. Borrows both arguments. Values are [sequences, positions, width] unless
// said otherwise.
class DecoderBlocks {
 public:
  DecoderBlocks(GraphBuilder& builder, const DecoderSpec& spec, uint64_t sequences, uint64_t positions);

  // From ids [sequences, positions].
  ValueId Embed(ValueId ids);
  ValueId Layer(size_t layer, ValueId x);
  // To logits [sequences, positions, vocabulary].
  ValueId Head(ValueId x);

 private:
  std::string InLayer(size_t layer, const std::string& part) const;
  ValueId Add(const std::string& name, ValueId a, ValueId b);
  ValueId Linear(const std::string& name, ValueId x, uint64_t out, bool bias);
  // Over the last dimension, which is `width`.
  ValueId Norm(const std::string& name, ValueId x, uint64_t width);
  // x when the family has no such norm.
  ValueId NormIfAny(size_t layer, const std::string& part, ValueId x);
  // cap * tanh(x / cap).
  ValueId SoftCap(const std::string& name, double cap, ValueId x);

  struct Heads {
    ValueId q = 0;
    ValueId k = 0;
    ValueId v = 0;
  };
  ValueId Attention(size_t layer, ValueId x);
  Heads Project(size_t layer, ValueId x);
  Heads SplitByGroup(const std::string& name, ValueId qkv);
  ValueId NormHeads(const std::string& name, ValueId x, uint64_t heads);
  // Biases [1, H, 1, positions].
  ValueId AlibiMask();

  ValueId FeedForward(size_t layer, ValueId x);
  ValueId Gated(const std::string& name, ValueId gate, ValueId up);
  ValueId Experts(size_t layer, ValueId x);
  // Weights [sequences, positions, experts]; zero for those a token does not use.
  ValueId Route(const std::string& name, ValueId x);

  GraphBuilder& builder_;
  const DecoderSpec& spec_;
  const uint64_t sequences_;
  const uint64_t positions_;
  std::vector<RopeAttributes> ropes_;
  std::optional<ValueId> alibi_;
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_DECODER_BLOCKS_H_
