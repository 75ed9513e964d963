#include "verify/inference/architectures/pooling.h"

#include <cmath>
#include <vector>

namespace plumb {
namespace {

// Weights 1, 2, 3, ... of the tokens, less their sum: [T, 1].
TensorValue Ramp(uint64_t count) {
  std::vector<float> weights;
  const double sum = static_cast<double>(count) * static_cast<double>(count + 1) / 2;
  for (uint64_t i = 1; i <= count; ++i) weights.push_back(static_cast<float>(static_cast<double>(i) / sum));
  return TensorValue::Of<float>({count, 1}, weights);
}

}  // namespace

ValueId AddPooling(LayerBuilder& builder, Pooling pooling, ValueId x) {
  const uint64_t count = builder.positions();
  switch (pooling) {
    case Pooling::kFirst:
      return builder.Token("pooling.first", x, 0);
    case Pooling::kLast:
      return builder.Token("pooling.last", x, count - 1);
    case Pooling::kMax:
      return builder.Reduce("pooling.max", ReduceFunction::kMax, x, {1}, false);
    case Pooling::kMean:
      return builder.Reduce("pooling.mean", ReduceFunction::kMean, x, {1}, false);
    case Pooling::kMeanByRoot:
      return builder.Scale("pooling.root", std::sqrt(static_cast<double>(count)),
                           builder.Reduce("pooling.mean.by.root", ReduceFunction::kMean, x, {1}, false));
    case Pooling::kWeighted: {
      ValueId weighted =
          builder.Binary("pooling.weighted", BinaryFunction::kMul, x, builder.Constant("pooling.weights", Ramp(count)));
      return builder.Reduce("pooling.weighted.sum", ReduceFunction::kSum, weighted, {1}, false);
    }
  }
  return x;
}

}  // namespace plumb
