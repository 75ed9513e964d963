#include <algorithm>
#include <cmath>
#include <limits>

#include "verify/inference/backends/reference/kernels.h"

namespace plumb::reference {
namespace {

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

void SoftmaxRow(std::span<const float> x, std::span<float> out) {
  double most = kMinusInfinity;
  for (float value : x) most = std::isnan(value) || value > most ? value : most;
  if (most == kMinusInfinity) {
    std::fill(out.begin(), out.end(), 0.0f);
    return;
  }
  double sum = 0;  // NaN when the row holds one or +Inf.
  for (float value : x) sum += std::exp(value - most);
  for (size_t i = 0; i < x.size(); ++i) out[i] = static_cast<float>(std::exp(x[i] - most) / sum);
}

}  // namespace

void LayerNorm(const LayerNormAttributes& attributes, Operands operands, HostOutput output) {
  std::span<const float> gain = operands[1].values;
  std::span<const float> bias = operands[2].values;
  const size_t width = gain.size();
  for (size_t begin = 0; begin < output.values.size(); begin += width) {
    std::span<const float> x = operands[0].values.subspan(begin, width);
    double mean = 0;
    for (float value : x) mean += value;
    mean /= static_cast<double>(width);
    double variance = 0;
    for (float value : x) variance += (value - mean) * (value - mean);
    variance /= static_cast<double>(width);
    const double factor = 1 / std::sqrt(variance + attributes.epsilon);
    for (size_t i = 0; i < width; ++i) {
      output.values[begin + i] = static_cast<float>((x[i] - mean) * factor * gain[i] + bias[i]);
    }
  }
}

void Softmax(Operands operands, HostOutput output) {
  const size_t width = output.shape->back();
  for (size_t begin = 0; begin < output.values.size(); begin += width) {
    SoftmaxRow(operands[0].values.subspan(begin, width), output.values.subspan(begin, width));
  }
}

void CausalMask(Operands operands, HostOutput output) {
  const uint64_t keys = output.shape->back();
  const uint64_t queries = (*output.shape)[output.shape->size() - 2];
  for (size_t i = 0; i < output.values.size(); ++i) {
    const uint64_t key = i % keys;
    const uint64_t query = i / keys % queries;
    output.values[i] = key + queries > query + keys ? kMinusInfinity : operands[0].values[i];
  }
}

}  // namespace plumb::reference
