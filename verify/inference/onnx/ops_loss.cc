// Losses.
#include "verify/inference/onnx/normalize.h"

namespace plumb::onnx {
namespace {

// -weight[target] * x[target] for each place, and its sum or weighted mean. `x` is [B, C, ...], target [B, ...].
Value NegativeLogLikelihood(Call& c, const Value& x, const Value& target, const Value& weight) {
  Emitter& e = c.e;
  Value ids = e.Cast(ElementType::kI64, target);
  Value ignored;
  if (c.Attribute("ignore_index") != nullptr) {
    ignored = e.Equal(ids, e.Scalar(ids.type, static_cast<double>(c.Int("ignore_index", 0))));
    ids = e.Where(ignored, e.Scalar(ids.type, 0), ids);
  }
  Shape row = target.shape;
  if (row.size() + 1 != x.rank()) return e.Fail("targets do not fit the scores");
  row.insert(row.begin() + 1, 1);
  Value chosen = e.Append(OpKind::kGatherElements, {x, e.Reshape(ids, row)}, AxisAttributes{1});
  chosen = e.Reshape(chosen, target.shape);
  Value share = weight.present ? e.Gather(weight, ids, 0) : e.Expand(e.Scalar(x.type, 1), target.shape);
  if (ignored.present) share = e.Where(ignored, e.Scalar(x.type, 0), share);
  Value loss = e.Unary(UnaryFunction::kNeg, e.Mul(chosen, share));
  if (ignored.present) loss = e.Where(ignored, e.Scalar(x.type, 0), loss);
  const std::string_view reduction = c.Text("reduction", "mean");
  if (reduction == "none") return loss;
  Value sum = e.Sum(loss, AllAxes(target.rank()), false);
  return reduction == "sum" ? sum : e.Div(sum, e.Sum(share, AllAxes(target.rank()), false));
}

void NegativeLogLikelihoodLoss(Call& c) {
  if (c.Need(0, 2) && c.Need(1, 1)) c.Out(NegativeLogLikelihood(c, c.in(0), c.in(1), c.in(2)));
}

void SoftmaxCrossEntropyLoss(Call& c) {
  if (!c.Need(0, 2) || !c.Need(1, 1)) return;
  Value logs = LogSoftmaxAlong(c.e, c.in(0), 1);
  c.Out(0, NegativeLogLikelihood(c, logs, c.in(1), c.in(2)));
  c.Out(1, logs);
}

constexpr OpEntry kOps[] = {{"NegativeLogLikelihoodLoss", NegativeLogLikelihoodLoss},
                            {"SoftmaxCrossEntropyLoss", SoftmaxCrossEntropyLoss}};

}  // namespace

std::span<const OpEntry> LossOps() { return kOps; }

}  // namespace plumb::onnx
