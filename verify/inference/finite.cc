#include "verify/inference/finite.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// Whether no exponent of `bits` is all ones; for loops that a compiler makes vectors of.
template <typename Bits>
bool NoneSet(std::span<const Bits> values, Bits exponent) {
  constexpr size_t kBlock = 4096;
  for (size_t begin = 0; begin < values.size(); begin += kBlock) {
    const size_t end = std::min(begin + kBlock, values.size());
    Bits found = 0;
    for (size_t i = begin; i < end; ++i) found |= static_cast<Bits>((values[i] & exponent) == exponent ? 1 : 0);
    if (found != 0) return false;
  }
  return true;
}

// Whether the weight can be viewed and all that is seen is finite.
bool SeenFinite(const WeightSource& source, const std::string& name) {
  if (const TensorView f32 = source.View(name, ElementType::kF32); !f32.bytes.empty()) {
    return AllFinite(f32.As<float>());
  }
  const TensorView bf16 = source.View(name, ElementType::kBF16);
  if (bf16.bytes.empty()) return false;
  const auto* halves = reinterpret_cast<const uint16_t*>(bf16.bytes.data());
  return NoneSet<uint16_t>({halves, bf16.bytes.size() / sizeof(uint16_t)}, 0x7F80);
}

absl::Status CheckFinite(const WeightSource& source, const std::string& name, uint64_t count) {
  constexpr uint64_t kPartElements = 1 << 16;
  if (SeenFinite(source, name)) return absl::OkStatus();
  std::vector<float> part(std::min(count, kPartElements));
  for (uint64_t first = 0; first < count; first += part.size()) {
    const uint64_t size = std::min<uint64_t>(part.size(), count - first);
    if (absl::Status status = source.LoadPart(name, first, std::span(part).first(size)); !status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace

bool AllFinite(std::span<const float> values) {
  return NoneSet<uint32_t>({reinterpret_cast<const uint32_t*>(values.data()), values.size()}, 0x7F800000);
}

absl::Status ExpectFinite(const std::string& tensor, uint64_t first, std::span<const float> values) {
  if (AllFinite(values)) return absl::OkStatus();
  auto broken = std::find_if(values.begin(), values.end(), [](float value) { return !std::isfinite(value); });
  return WithErrorClass(OutOfRange(fmt::format("tensor \"{}\": element {} is {}", tensor,
                                               first + static_cast<uint64_t>(broken - values.begin()), *broken)),
                        ErrorClass::kPolicy);
}

absl::Status FiniteTensors::Check(const void* tensor, const WeightSource& source, const std::string& name,
                                  uint64_t count) {
  {
    std::lock_guard lock(mutex_);
    if (found_.contains(tensor)) return absl::OkStatus();
  }
  if (absl::Status status = CheckFinite(source, name, count); !status.ok()) return status;
  std::lock_guard lock(mutex_);
  found_.insert(tensor);
  return absl::OkStatus();
}

}  // namespace plumb
