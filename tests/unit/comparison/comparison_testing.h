// Tensors in memory.
#ifndef PLUMB_TESTS_UNIT_COMPARISON_COMPARISON_TESTING_H_
#define PLUMB_TESTS_UNIT_COMPARISON_COMPARISON_TESTING_H_

#include <gmock/gmock.h>

#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "plumb/comparison/compare_values.h"
#include "plumb/gguf/dequantise.h"
#include "plumb/gguf/quantise.h"

namespace plumb {

// One tensor and its source.
class MemoryTensor {
 public:
  MemoryTensor(DType dtype, std::vector<uint64_t> shape, std::string bytes) {
    TensorSourceParts parts{.format = "test", .codec = gguf::GgmlBlockCodec()};
    SourceTensor tensor{.name = "t", .dtype = dtype, .shape = std::move(shape)};
    if (!bytes.empty()) tensor.ranges.push_back({0, 0, bytes.size()});
    parts.files.push_back({"file", MemoryByteSource(std::move(bytes))});
    parts.tensors.push_back(std::move(tensor));
    absl::StatusOr<std::unique_ptr<TensorSource>> source = TensorSource::New(std::move(parts));
    EXPECT_TRUE(source.ok()) << source.status();
    source_ = *std::move(source);
  }
  // Values encoded in a type that Quantise has.
  MemoryTensor(DType dtype, std::vector<uint64_t> shape, const std::vector<float>& values)
      : MemoryTensor(dtype, std::move(shape), Encoded(dtype, values)) {}

  LaidOut As(const TensorLayout& layout = {}) const { return {source_.get(), &source_->tensors()[0], layout}; }

 private:
  static std::string Encoded(DType dtype, const std::vector<float>& values) {
    absl::StatusOr<std::vector<uint8_t>> bytes = gguf::Quantised(dtype, values);
    EXPECT_TRUE(bytes.ok()) << bytes.status();
    return {bytes->begin(), bytes->end()};
  }
  std::unique_ptr<TensorSource> source_;
};

inline std::vector<float> RandomValues(size_t count, unsigned seed = 1) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

inline ValueComparison Compared(const LaidOut& a, const LaidOut& b) {
  absl::StatusOr<ValueComparison> result = CompareValues(a, b, [](uint64_t) { return absl::OkStatus(); });
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? *result : ValueComparison();
}

}  // namespace plumb

#endif  // PLUMB_TESTS_UNIT_COMPARISON_COMPARISON_TESTING_H_
