// Published ONNX models against what ONNX Runtime computes for them.
#include <cmath>
#include <cstdlib>
#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/status.h"
#include "plumb/containers/open.h"
#include "plumb/inference/onnx.h"

namespace plumb {
namespace {

const std::string kFolder = std::string(PLUMB_TEST_DATA) + "/onnx";

// Models beside the checkout that are too large to be in it; empty when they are not there.
std::string SharedModels() {
  const char* given = std::getenv("PLUMB_SHARED");
  for (const std::string& root :
       {given != nullptr ? std::string(given) : std::string(), std::string(PLUMB_TEST_DATA) + "/../../../shared"}) {
    if (!root.empty() && std::filesystem::exists(root + "/models/silero-vad")) return root + "/models/silero-vad";
  }
  return "";
}

std::optional<ElementType> TypeOf(DType dtype) {
  switch (dtype) {
    case DType::kF32:
      return ElementType::kF32;
    case DType::kI32:
      return ElementType::kI32;
    case DType::kI64:
      return ElementType::kI64;
    default:
      return std::nullopt;
  }
}

// What was recorded: inputs and outputs by name.
struct Recorded {
  OnnxValues inputs;
  OnnxValues outputs;
};

Recorded Load(const std::string& name) {
  Recorded recorded;
  absl::StatusOr<Directory> folder = Directory::Open(kFolder);
  if (!folder.ok()) return recorded;
  auto source = OpenTensorSource(*folder, name);
  if (!source.ok()) {
    ADD_FAILURE() << source.status();
    return recorded;
  }
  for (const SourceTensor& tensor : (*source)->tensors()) {
    const std::optional<ElementType> type = TypeOf(tensor.dtype);
    if (!type) continue;
    TensorValue value = {*type, tensor.shape, std::vector<uint8_t>(tensor.size_bytes())};
    EXPECT_TRUE((*source)->ReadBytes(tensor, 0, value.bytes).ok());
    const bool input = tensor.name.starts_with("in.");
    (input ? recorded.inputs : recorded.outputs).emplace(tensor.name.substr(input ? 3 : 4), std::move(value));
  }
  return recorded;
}

std::unique_ptr<OnnxModel> Open(const std::string& folder, const std::string& name) {
  absl::StatusOr<Directory> directory = Directory::Open(folder);
  if (!directory.ok()) return nullptr;
  auto model = OnnxModel::Open(*directory, name);
  EXPECT_TRUE(model.ok()) << model.status();
  return model.ok() ? *std::move(model) : nullptr;
}

OnnxValues RunOn(const OnnxModel& model, const OnnxValues& inputs, const std::string& backend) {
  auto import = model.BuildGraph(inputs);
  EXPECT_TRUE(import.ok()) << import.status();
  auto found = FindBackend(backend);
  if (!import.ok() || !found.ok()) return {};
  auto outputs = RunOnnx(model, *import, inputs, **found);
  EXPECT_TRUE(outputs.ok()) << outputs.status();
  return outputs.ok() ? *std::move(outputs) : OnnxValues();
}

// sum (expected - found)^2 / sum expected^2 over all outputs; infinite when one is missing.
double Nmse(const OnnxValues& expected, const OnnxValues& found) {
  double difference = 0;
  double size = 0;
  for (const auto& [name, value] : expected) {
    auto other = found.find(name);
    if (other == found.end() || other->second.shape != value.shape) return HUGE_VAL;
    for (size_t i = 0; i < value.As<float>().size(); ++i) {
      const double a = value.As<float>()[i];
      const double b = other->second.As<float>()[i];
      difference += (a - b) * (a - b);
      size += a * a;
    }
  }
  return size > 0 ? difference / size : HUGE_VAL;
}

constexpr double kNoise = 1e-9;  // The f32 tier's limit.

class OnnxModels : public testing::TestWithParam<std::string> {
 protected:
  void ExpectMatch(const std::string& model_name, const std::string& recorded_name,
                   const std::string& folder = kFolder) {
    std::unique_ptr<OnnxModel> model = Open(folder, model_name);
    ASSERT_NE(model, nullptr);
    const Recorded recorded = Load(recorded_name);
    ASSERT_FALSE(recorded.outputs.empty());
    EXPECT_LT(Nmse(recorded.outputs, RunOn(*model, recorded.inputs, GetParam())), kNoise) << model_name;
  }
};

TEST_P(OnnxModels, Mnist) { ExpectMatch("mnist.onnx", "mnist.safetensors"); }

TEST_P(OnnxModels, Gpt2WithACache) {
  ExpectMatch("tiny-random-gpt2-past.onnx", "gpt2-past.safetensors");
  ExpectMatch("tiny-random-gpt2-past.onnx", "gpt2-first.safetensors");
}

TEST_P(OnnxModels, Silero) { ExpectMatch("silero_vad_16k_op15.onnx", "silero_vad_16k_op15.safetensors"); }

TEST_P(OnnxModels, SileroInHalf) {
  const std::string folder = SharedModels();
  if (folder.empty()) GTEST_SKIP() << "silero_vad_half.onnx is not here: set PLUMB_SHARED";
  ExpectMatch("silero_vad_half.onnx", "silero_vad_half.safetensors", folder);
}

INSTANTIATE_TEST_SUITE_P(Backends, OnnxModels, testing::Values("reference", "onednn"),
                         [](const auto& backend) { return backend.param; });

TEST(Silero, TheFloatFilesAgreeAndTheHalfOneDoesNot) {
  const std::string folder = SharedModels();
  if (folder.empty()) GTEST_SKIP() << "silero_vad_half.onnx is not here: set PLUMB_SHARED";
  const Recorded op16 = Load("silero_vad.safetensors");
  const Recorded half = Load("silero_vad_half.safetensors");
  std::unique_ptr<OnnxModel> op15 = Open(kFolder, "silero_vad_16k_op15.onnx");
  std::unique_ptr<OnnxModel> half_model = Open(folder, "silero_vad_half.onnx");
  ASSERT_TRUE(op15 != nullptr && half_model != nullptr);
  const OnnxValues found = RunOn(*op15, op16.inputs, "reference");
  EXPECT_LT(Nmse(op16.outputs, found), kNoise) << "what ONNX Runtime gives for silero_vad.onnx";
  // Half precision alone would be near 1e-6; these are other weights.
  EXPECT_GT(Nmse(found, RunOn(*half_model, half.inputs, "reference")), 1e-2);
}

TEST(Silero, BothRatesOfTheLargeFile) {
  const std::string folder = SharedModels();
  if (folder.empty()) GTEST_SKIP() << "silero_vad.onnx is not here: set PLUMB_SHARED";
  std::unique_ptr<OnnxModel> model = Open(folder, "silero_vad.onnx");
  ASSERT_NE(model, nullptr);
  std::vector<size_t> nodes;
  for (const char* name : {"silero_vad.safetensors", "silero_vad_8k.safetensors"}) {
    const Recorded recorded = Load(name);
    ASSERT_FALSE(recorded.outputs.empty()) << name;
    for (const char* backend : {"reference", "onednn"}) {
      EXPECT_LT(Nmse(recorded.outputs, RunOn(*model, recorded.inputs, backend)), kNoise) << name << " on " << backend;
    }
    auto import = model->BuildGraph(recorded.inputs);
    ASSERT_TRUE(import.ok()) << import.status();
    EXPECT_THAT(import->specialised_on, testing::Contains("sr")) << "the rate chooses the branch";
    for (const Node& node : import->graph.nodes()) {
      if (node.op == OpKind::kConv) nodes.push_back(*ElementCount(node.shape));
    }
  }
  // Each branch has a Fourier basis and convolutions of its own: as many, of other sizes.
  ASSERT_EQ(nodes.size() % 2, 0u);
  EXPECT_NE(std::vector<size_t>(nodes.begin(), nodes.begin() + nodes.size() / 2),
            std::vector<size_t>(nodes.begin() + nodes.size() / 2, nodes.end()));
}

// Tensors of the safetensors file, each sorted by value: names and layouts differ from the ONNX file's.
std::vector<std::vector<float>> SortedTensors(const TensorSource& source, size_t least) {
  std::vector<std::vector<float>> tensors;
  for (const SourceTensor& tensor : source.tensors()) {
    if (tensor.dtype != DType::kF32 || tensor.element_count() < least) continue;
    std::vector<float> values(tensor.element_count());
    EXPECT_TRUE(source.ReadF32(tensor, 0, values).ok());
    std::sort(values.begin(), values.end());
    tensors.push_back(std::move(values));
  }
  return tensors;
}

TEST(Silero, TheSafetensorsFileHasOtherWeights) {
  const std::string folder = SharedModels();
  if (folder.empty()) GTEST_SKIP() << "silero_vad_16k.safetensors is not here: set PLUMB_SHARED";
  absl::StatusOr<Directory> directory = Directory::Open(folder);
  ASSERT_TRUE(directory.ok());
  auto other = OpenTensorSource(*directory, "silero_vad_16k.safetensors");
  ASSERT_TRUE(other.ok()) << other.status();
  std::unique_ptr<OnnxModel> model = Open(kFolder, "silero_vad_16k_op15.onnx");
  ASSERT_NE(model, nullptr);
  const Recorded recorded = Load("silero_vad_16k_op15.safetensors");
  auto import = model->BuildGraph(recorded.inputs);
  ASSERT_TRUE(import.ok());
  std::vector<std::vector<float>> weights;
  for (const Node& node : import->graph.nodes()) {
    if (node.op != OpKind::kWeight) continue;
    std::vector<float> values(*ElementCount(node.shape));
    ASSERT_TRUE(model->weights().Load(node.name, values).ok());
    std::sort(values.begin(), values.end());
    weights.push_back(std::move(values));
  }
  size_t compared = 0;
  size_t same = 0;
  for (const std::vector<float>& tensor : SortedTensors(**other, 1025)) {
    ++compared;
    same += std::find(weights.begin(), weights.end(), tensor) != weights.end();
  }
  EXPECT_GE(compared, 5u);
  EXPECT_LE(same, 1u) << "of the large tensors only the fixed Fourier basis is shared";
}

}  // namespace
}  // namespace plumb
