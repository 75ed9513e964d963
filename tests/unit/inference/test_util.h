// What the inference tests share: temporary folders, models in memory, single operators.
#ifndef PLUMB_TESTS_UNIT_INFERENCE_TEST_UTIL_H_
#define PLUMB_TESTS_UNIT_INFERENCE_TEST_UTIL_H_

#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "plumb/base/directory.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"
#include "plumb/inference/graph.h"
#include "plumb/inference/smoke.h"
#include "plumb/weights/safetensors.h"
#include "plumb/weights/weight_set.h"
#include "verify/inference/backends/host_kernels.h"
#include "verify/inference/backends/onednn/kernels.h"

namespace plumb {

inline std::string DataPath(const std::string& path) { return std::string(PLUMB_TEST_DATA) + "/" + path; }

inline std::string ReadData(const std::string& path) {
  constexpr uint64_t kBytesMax = 16 << 20;
  absl::StatusOr<std::string> text = ReadFile(DataPath(path), kBytesMax);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.ok() ? *text : "";
}

// Those that a check runs on when it is not told which.
inline std::vector<const Backend*> BackendsByDefault() {
  std::vector<const Backend*> backends = Backends();
  std::erase_if(backends, [](const Backend* backend) { return backend->on_request(); });
  return backends;
}

// A folder that goes when the test does.
class TempFolder {
 public:
  TempFolder() {
    std::string path = (std::filesystem::temp_directory_path() / "plumb-inference-XXXXXX").string();
    path_ = mkdtemp(path.data());
  }
  ~TempFolder() { std::filesystem::remove_all(path_); }
  TempFolder(const TempFolder&) = delete;
  TempFolder& operator=(const TempFolder&) = delete;

  const std::string& path() const { return path_; }
  Directory Open() const { return *Directory::Open(path_); }
  void Write(const std::string& name, std::string_view data) const {
    const std::filesystem::path path = std::filesystem::path(path_) / name;
    std::filesystem::create_directories(path.parent_path());
    ASSERT_TRUE(WriteFileAtomically(path.string(), data).ok());
  }

 private:
  std::string path_;
};

// Tensors of a model, to be changed and written again as F32.
struct TensorMap {
  struct Tensor {
    std::vector<uint64_t> shape;
    std::vector<float> values;
  };
  std::map<std::string, Tensor> tensors;

  static TensorMap Load(const std::string& folder, const std::string& file) {
    TensorMap map;
    absl::StatusOr<Directory> directory = Directory::Open(folder);
    EXPECT_TRUE(directory.ok()) << directory.status();
    absl::StatusOr<WeightSet> set = WeightSet::Open(*directory, file);
    EXPECT_TRUE(set.ok()) << set.status();
    for (const TensorInfo* info : set->tensors()) {
      Tensor tensor = {info->shape, std::vector<float>(info->element_count())};
      EXPECT_TRUE(DecodeToF32(info->dtype, set->Bytes(*info), 0, tensor.values).ok());
      map.tensors[info->name] = std::move(tensor);
    }
    return map;
  }

  std::string Serialize() const {
    std::vector<TensorToWrite> list;
    for (const auto& [name, tensor] : tensors) {
      const auto* bytes = reinterpret_cast<const uint8_t*>(tensor.values.data());
      list.push_back({name, DType::kF32, tensor.shape, {bytes, tensor.values.size() * sizeof(float)}});
    }
    absl::StatusOr<std::string> text = SerializeSafetensors(list, {});
    EXPECT_TRUE(text.ok()) << text.status();
    return text.ok() ? *text : "";
  }
};

// What the backends found that this machine has.
inline std::vector<BackendResult> ThatRan(const SmokeReport& report) {
  std::vector<BackendResult> results;
  for (const BackendResult& backend : report.backends) {
    if (backend.verdict != Verdict::kNotAvailable) results.push_back(backend);
  }
  return results;
}

// An operand of a single operator.
struct TestTensor {
  Shape shape;
  std::vector<float> values;
};

// Runs one operator with the given kernels, checks that nothing around the result was written, and returns the
// result.
inline std::vector<float> RunOp(const HostKernels& kernels, OpKind op, const Attributes& attributes,
                                const std::vector<TestTensor>& operands, bool* supported = nullptr) {
  constexpr float kSentinel = 12345.678f;
  constexpr size_t kGuard = 64;
  GraphBuilder builder;
  std::vector<ValueId> ids;
  std::vector<HostTensor> tensors;
  for (size_t i = 0; i < operands.size(); ++i) {
    ids.push_back(builder.Input("x" + std::to_string(i), ElementType::kF32, operands[i].shape));
    tensors.push_back(HostTensor::Of(operands[i].shape, TensorView::Of<float>(operands[i].values)));
    EXPECT_EQ(ElementCount(operands[i].shape), operands[i].values.size());
  }
  absl::StatusOr<Graph> graph = builder.Build(builder.Append(op, "op", ids, attributes));
  EXPECT_TRUE(graph.ok()) << graph.status();
  if (!graph.ok()) return {};
  const Node& node = graph->node(graph->output());
  if (supported != nullptr) *supported = kernels.Supports(*graph, node);
  if (!kernels.Supports(*graph, node)) return {};
  const size_t count = *ElementCount(node.shape);
  std::vector<float> memory(count + 2 * kGuard, kSentinel);
  absl::Status status =
      kernels.Compute(node, tensors,
                      HostOutput::Of(node.shape, ElementType::kF32,
                                     {reinterpret_cast<uint8_t*>(memory.data() + kGuard), count * sizeof(float)}));
  EXPECT_TRUE(status.ok()) << status;
  for (size_t i = 0; i < kGuard; ++i) {
    EXPECT_EQ(memory[i], kSentinel) << "before the result, " << i;
    EXPECT_EQ(memory[kGuard + count + i], kSentinel) << "after the result, " << i;
  }
  return {memory.begin() + kGuard, memory.begin() + static_cast<ptrdiff_t>(kGuard + count)};
}

// Random values; the seed is printed when a test fails.
class Random {
 public:
  explicit Random(uint32_t seed) : trace_(__FILE__, __LINE__, "seed " + std::to_string(seed)), engine_(seed) {}
  TestTensor Normal(Shape shape) {
    std::normal_distribution<float> distribution;
    return Fill(std::move(shape), [&] { return distribution(engine_); });
  }
  TestTensor Integers(Shape shape, int least, int most) {
    std::uniform_int_distribution<int> distribution(least, most);
    return Fill(std::move(shape), [&] { return static_cast<float>(distribution(engine_)); });
  }

 private:
  template <typename Draw>
  TestTensor Fill(Shape shape, Draw draw) {
    TestTensor tensor = {shape, std::vector<float>(*ElementCount(shape))};
    for (float& value : tensor.values) value = draw();
    return tensor;
  }
  testing::ScopedTrace trace_;
  std::mt19937 engine_;
};

// sum (expected - actual)^2 / sum expected^2.
inline double Nmse(const std::vector<double>& expected, const std::vector<float>& actual) {
  EXPECT_EQ(expected.size(), actual.size());
  double noise = 0;
  double signal = 0;
  for (size_t i = 0; i < std::min(expected.size(), actual.size()); ++i) {
    noise += (expected[i] - actual[i]) * (expected[i] - actual[i]);
    signal += expected[i] * expected[i];
  }
  return noise == 0 ? 0 : noise / signal;
}

}  // namespace plumb

#endif  // PLUMB_TESTS_UNIT_INFERENCE_TEST_UTIL_H_
