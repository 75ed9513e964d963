#include "fmt/format.h"
#include "verify/inference/architectures/decoder_blocks.h"

namespace plumb {

ValueId DecoderBlocks::Gated(const std::string& name, ValueId gate, ValueId up) {
  ValueId opened = builder_.Unary(name + ".act", spec_.activation, gate);
  return builder_.Binary(name + ".gated", BinaryFunction::kMul, opened, up);
}

ValueId DecoderBlocks::FeedForward(size_t layer, ValueId x) {
  if (spec_.layers[layer].experts) return Experts(layer, x);
  const DecoderNames& names = spec_.names;
  const uint64_t inner = spec_.inner_width;
  const std::string name = InLayer(layer, "mlp");
  ValueId hidden = 0;
  if (!names.gate_up.empty()) {
    ValueId both = Linear(InLayer(layer, names.gate_up), x, 2 * inner, spec_.mlp_bias);
    hidden = Gated(name, builder_.Slice(name + ".gate", both, 2, 0, inner),
                   builder_.Slice(name + ".up", both, 2, inner, 2 * inner));
  } else if (!names.gate.empty()) {
    ValueId gate = Linear(InLayer(layer, names.gate), x, inner, spec_.mlp_bias);
    hidden = Gated(name, gate, Linear(InLayer(layer, names.up), x, inner, spec_.mlp_bias));
  } else {
    hidden =
        builder_.Unary(name + ".act", spec_.activation, Linear(InLayer(layer, names.up), x, inner, spec_.mlp_bias));
  }
  return Linear(InLayer(layer, names.down), hidden, spec_.width, spec_.mlp_bias);
}

ValueId DecoderBlocks::Route(const std::string& name, ValueId x) {
  const ExpertsSpec& experts = spec_.experts;
  ValueId shares = builder_.Softmax(name + ".softmax", Linear(name, x, experts.experts, false));
  TopKAttributes top = {.axis = 2, .k = experts.used};
  ValueId best = builder_.Append(OpKind::kTopK, name + ".best", {shares}, top);
  top.places = true;
  ValueId places = builder_.Append(OpKind::kTopK, name + ".places", {shares}, top);
  if (experts.normalised) {
    ValueId sum = builder_.Reduce(name + ".sum", ReduceFunction::kSum, best, {2}, true);
    best = builder_.Binary(name + ".normalised", BinaryFunction::kDiv, best, sum);
  }
  ValueId none = builder_.Scale(name + ".none", 0, shares);
  return builder_.Append(OpKind::kScatterElements, name + ".weights", {none, places, best},
                         ScatterAttributes{.axis = 2});
}

// Every expert computes every token, with a weight of zero for most: the graph does not depend on what the tokens are.
// The sum is the same; the work is experts / used times more.
ValueId DecoderBlocks::Experts(size_t layer, ValueId x) {
  const DecoderNames& names = spec_.names;
  const std::string name = InLayer(layer, "experts");
  ValueId weights = Route(InLayer(layer, names.router), x);
  ValueId sum = 0;
  for (uint64_t e = 0; e < spec_.experts.experts && builder_.status().ok(); ++e) {
    const std::string expert = InLayer(layer, fmt::format("{}{}.", names.expert, e));
    ValueId gate = Linear(expert + names.expert_gate, x, spec_.experts.width, false);
    ValueId hidden = Gated(expert + "mlp", gate, Linear(expert + names.expert_up, x, spec_.experts.width, false));
    ValueId out = Linear(expert + names.expert_down, hidden, spec_.width, false);
    ValueId weight = builder_.Slice(expert + "weight", weights, 2, e, e + 1);
    ValueId part = builder_.Binary(expert + "weighted", BinaryFunction::kMul, out, weight);
    sum = e == 0 ? part : Add(name + fmt::format(".sum.{}", e), sum, part);
  }
  return sum;
}

}  // namespace plumb
