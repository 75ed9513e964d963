// Steps of optimizers: a rate R, the number T of steps done, then tensors, their gradients and what is remembered.
#include <cmath>

#include "verify/inference/onnx/call.h"

namespace plumb::onnx {
namespace {

constexpr std::string_view kDomain = "ai.onnx.preview.training";

// Calls step(i, x, gradient) for each tensor; operands are [R, T, x..., gradient..., remembered...].
template <typename Step>
void ForEachTensor(Call& c, size_t groups, Step step) {
  if (c.inputs.size() < 2 + groups || (c.inputs.size() - 2) % groups != 0) return (void)c.e.Fail("operands do not fit");
  const size_t count = (c.inputs.size() - 2) / groups;
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    if (!c.Need(i)) return;
  }
  for (size_t i = 0; i < count && c.e.ok(); ++i) {
    const Value& x = c.in(2 + i);
    Value gradient = c.e.Add(c.in(2 + count + i), c.e.Mul(x, c.Float("norm_coefficient", 0)));
    step(i, count, x, gradient);
  }
}

double StepsDone(Call& c) {
  const std::vector<double> steps = c.e.Numbers(c.in(1));
  return steps.size() == 1 ? steps[0] : 0;
}

void Adagrad(Call& c) {
  if (!c.Need(0) || !c.Need(1)) return;
  const double decay = 1 + StepsDone(c) * c.Float("decay_factor", 0);
  ForEachTensor(c, 3, [&](size_t i, size_t count, const Value& x, const Value& gradient) {
    Value squares = c.e.Add(c.in(2 + 2 * count + i), c.e.Mul(gradient, gradient));
    Value bound = c.e.Add(c.e.Unary(UnaryFunction::kSqrt, squares), c.Float("epsilon", 1e-6f));
    Value rate = c.e.Div(c.e.Cast(x.type, c.in(0)), decay);
    c.Out(i, c.e.Sub(x, c.e.Div(c.e.Mul(rate, gradient), bound)));
    c.Out(count + i, squares);
  });
}

void Momentum(Call& c) {
  if (!c.Need(0) || !c.Need(1)) return;
  const double beta = StepsDone(c) > 0 ? c.Float("beta", 1) : 1;
  const double alpha = c.Float("alpha", 0);
  ForEachTensor(c, 3, [&](size_t i, size_t count, const Value& x, const Value& gradient) {
    Value speed = c.e.Add(c.e.Mul(c.in(2 + 2 * count + i), alpha), c.e.Mul(gradient, beta));
    const bool nesterov = c.Text("mode", "standard") == "nesterov";
    Value move = nesterov ? c.e.Add(gradient, c.e.Mul(speed, alpha)) : speed;
    c.Out(i, c.e.Sub(x, c.e.Mul(c.e.Cast(x.type, c.in(0)), move)));
    c.Out(count + i, speed);
  });
}

void Adam(Call& c) {
  if (!c.Need(0) || !c.Need(1)) return;
  const double steps = StepsDone(c);
  const double alpha = c.Float("alpha", 0.9f);
  const double beta = c.Float("beta", 0.999f);
  const double correction = steps > 0 ? std::sqrt(1 - std::pow(beta, steps)) / (1 - std::pow(alpha, steps)) : 1;
  ForEachTensor(c, 4, [&](size_t i, size_t count, const Value& x, const Value& gradient) {
    Value mean = c.e.Add(c.e.Mul(c.in(2 + 2 * count + i), alpha), c.e.Mul(gradient, 1 - alpha));
    Value squares = c.e.Add(c.e.Mul(c.in(2 + 3 * count + i), beta), c.e.Mul(c.e.Mul(gradient, gradient), 1 - beta));
    Value bound = c.e.Add(c.e.Unary(UnaryFunction::kSqrt, squares), c.Float("epsilon", 1e-6f));
    Value rate = c.e.Mul(c.e.Cast(x.type, c.in(0)), correction);
    Value moved = c.e.Sub(x, c.e.Div(c.e.Mul(rate, mean), bound));
    c.Out(i, c.e.Mul(moved, 1 - c.Float("norm_coefficient_post", 0)));
    c.Out(count + i, mean);
    c.Out(2 * count + i, squares);
  });
}

constexpr OpEntry kOps[] = {{"Adagrad", Adagrad, kDomain}, {"Momentum", Momentum, kDomain}, {"Adam", Adam, kDomain}};

}  // namespace

std::span<const OpEntry> TrainingOps() { return kOps; }

}  // namespace plumb::onnx
