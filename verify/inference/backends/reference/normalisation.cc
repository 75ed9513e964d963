#include <algorithm>
#include <cmath>
#include <limits>

#include "verify/inference/backends/reference/kernels.h"
#include "verify/inference/backends/reference/typed.h"

namespace plumb::reference {
namespace {

constexpr double kMinusInfinity = -std::numeric_limits<double>::infinity();

template <typename T>
void SoftmaxRow(std::span<const T> x, T* out) {
  double most = kMinusInfinity;
  for (const T& element : x) {
    const auto value = static_cast<double>(element);
    most = std::isnan(value) || value > most ? value : most;
  }
  if (most == kMinusInfinity) {
    std::fill_n(out, x.size(), static_cast<T>(0.0));
    return;
  }
  double sum = 0;  // NaN when the row holds one or +Inf.
  for (const T& element : x) sum += std::exp(static_cast<double>(element) - most);
  for (size_t i = 0; i < x.size(); ++i) out[i] = static_cast<T>(std::exp(static_cast<double>(x[i]) - most) / sum);
}

template <typename T>
void LayerNormRow(std::span<const T> x, std::span<const T> gain, const T* bias, double epsilon, T* out) {
  double mean = 0;
  for (const T& value : x) mean += static_cast<double>(value);
  mean /= static_cast<double>(x.size());
  double variance = 0;
  for (const T& value : x) variance += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
  variance /= static_cast<double>(x.size());
  const double factor = 1 / std::sqrt(variance + epsilon);
  for (size_t i = 0; i < x.size(); ++i) {
    const double scaled = (static_cast<double>(x[i]) - mean) * factor * static_cast<double>(gain[i]);
    out[i] = static_cast<T>(bias == nullptr ? scaled : scaled + static_cast<double>(bias[i]));
  }
}

// Calls work with the storage type of a float type.
template <typename Work>
void VisitFloat(ElementType type, Work work) {
  VisitType(type, [&]<typename T>(Tag<T> tag) {
    if constexpr (kIsFloatStorage<T>) work(tag);
  });
}

}  // namespace

void LayerNorm(const LayerNormAttributes& attributes, Operands operands, HostOutput output) {
  VisitFloat(output.type, [&]<typename T>(Tag<T>) {
    std::span<const T> x = ElementsOf<T>(operands[0].view);
    std::span<const T> gain = ElementsOf<T>(operands[1].view);
    const T* bias = operands.size() > 2 ? ElementsOf<T>(operands[2].view).data() : nullptr;
    const size_t width = gain.size();
    for (size_t begin = 0; begin < x.size(); begin += width) {
      LayerNormRow(x.subspan(begin, width), gain, bias, attributes.epsilon,
                   reinterpret_cast<T*>(output.bytes.data()) + begin);
    }
  });
}

void Softmax(Operands operands, HostOutput output) {
  VisitFloat(output.type, [&]<typename T>(Tag<T>) {
    std::span<const T> x = ElementsOf<T>(operands[0].view);
    const size_t width = output.shape->back();
    for (size_t begin = 0; begin < x.size(); begin += width) {
      SoftmaxRow(x.subspan(begin, width), reinterpret_cast<T*>(output.bytes.data()) + begin);
    }
  });
}

void CausalMask(const CausalMaskAttributes& attributes, Operands operands, HostOutput output) {
  const uint64_t keys = output.shape->back();
  const uint64_t queries = (*output.shape)[output.shape->size() - 2];
  VisitFloat(output.type, [&]<typename T>(Tag<T>) {
    std::span<const T> x = ElementsOf<T>(operands[0].view);
    T* out = reinterpret_cast<T*>(output.bytes.data());
    for (size_t i = 0; i < x.size(); ++i) {
      const uint64_t key = i % keys;
      const uint64_t query = i / keys % queries;
      const bool future = key + queries > query + keys;
      const bool past = attributes.window != 0 && key + queries + attributes.window <= query + keys;
      out[i] = future || past ? static_cast<T>(kMinusInfinity) : x[i];
    }
  });
}

}  // namespace plumb::reference
