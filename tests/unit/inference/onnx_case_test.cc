// ONNX models as the smoke check sees them: inputs that are made up, what is hashed, what is recorded.
#include "verify/inference/check/onnx_case.h"

#include <gmock/gmock.h>

#include <cmath>
#include <limits>

#include "tests/unit/inference/test_util.h"
#include "verify/inference/backends/host_kernels.h"
#include "verify/inference/check/bisect.h"
#include "verify/inference/check/onnx_golden.h"
#include "verify/inference/check/onnx_hash.h"
#include "verify/inference/check/onnx_inputs.h"
#include "verify/inference/check/onnx_shapes.h"

namespace plumb {
namespace {

using testing::HasSubstr;

const std::string kModels = "onnx-models/";

std::unique_ptr<OnnxModel> Open(const std::string& bytes) {
  absl::StatusOr<std::unique_ptr<OnnxModel>> model = OnnxModel::FromBytes(bytes);
  EXPECT_TRUE(model.ok()) << model.status();
  return model.ok() ? *std::move(model) : nullptr;
}

// With every `from` replaced by `to`, which is as long.
std::string Replaced(std::string bytes, const std::string& from, const std::string& to) {
  EXPECT_EQ(from.size(), to.size());
  size_t count = 0;
  for (size_t at = bytes.find(from); at != std::string::npos; at = bytes.find(from, at)) {
    bytes.replace(at, from.size(), to);
    ++count;
  }
  EXPECT_GT(count, 0u) << from;
  return bytes;
}

TEST(OnnxInputs, SizesOfNamedDimensions) {
  EXPECT_EQ(SizeOfDimension("batch_size", 128), 1u);
  EXPECT_EQ(SizeOfDimension("sequence_length", 128), 128u);
  EXPECT_EQ(SizeOfDimension("seq_len", 64), 64u);
  EXPECT_EQ(SizeOfDimension("past_sequence_length", 128), 0u);
  EXPECT_EQ(SizeOfDimension("past_sequence_length + 1", 128), 1u);
  EXPECT_EQ(SizeOfDimension("past_sequence_length + sequence_length", 128), 128u);
  EXPECT_EQ(SizeOfDimension("total_seq_len", 128), 128u);
  EXPECT_EQ(SizeOfDimension("height", 128), 224u);
  EXPECT_EQ(SizeOfDimension("num_channels", 128), 3u);
  EXPECT_EQ(SizeOfDimension("unk__12", 128), 1u);
  EXPECT_EQ(SizeOfDimension("+", 128), 2u);
  EXPECT_EQ(SizeOfDimension("+99999999999999999999", 128), 2u);
}

TEST(OnnxInputs, IdsAreBelowTheTablesAndMasksAreOne) {
  std::unique_ptr<OnnxModel> model = Open(ReadData(kModels + "bert.onnx"));
  ASSERT_NE(model, nullptr);
  absl::StatusOr<OnnxValues> values = ChooseOnnxInputs(*model, 33);
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_EQ(values->at("input_ids").shape, Shape({1, 33}));
  std::set<int64_t> distinct;
  for (int64_t id : values->at("input_ids").As<int64_t>()) {
    EXPECT_TRUE(id >= 0 && id < 96) << id;
    distinct.insert(id);
  }
  EXPECT_GT(distinct.size(), 15u);
  for (int64_t one : values->at("attention_mask").As<int64_t>()) EXPECT_EQ(one, 1);
  for (int64_t zero : values->at("token_type_ids").As<int64_t>()) EXPECT_EQ(zero, 0);
  // The model has 64 positions: 128 cannot be, nor can 512.
  EXPECT_EQ(ChooseOnnxInputs(*model, 128)->at("input_ids").shape, Shape({1, 64}));
}

// Computes as `reference` does, but for one product.
class FaultyKernels : public HostKernels {
 public:
  bool Supports(const Graph& graph, const Node& node) const override {
    return ReferenceKernels().Supports(graph, node);
  }
  absl::Status Compute(const Node& node, std::span<const HostTensor> operands, HostOutput output) const override {
    absl::Status status = ReferenceKernels().Compute(node, operands, output);
    const bool wrong = node.op == OpKind::kMatMul && node.name.find("h.1/mlp/c_fc") != std::string::npos;
    if (wrong) output.values[7] += 1;
    return status;
  }
};

class FaultyBackend : public Backend {
 public:
  std::string_view name() const override { return "faulty"; }
  std::string description() const override { return ""; }
  absl::Status Available() const override { return absl::OkStatus(); }
  absl::StatusOr<std::unique_ptr<Executable>> Plan(const Graph& graph, const PlanOptions& options) const override {
    return PlanOnHost(graph, kernels_, options);
  }

 private:
  FaultyKernels kernels_;
};

TEST(OnnxCase, TheFirstOperatorThatDepartsIsNamed) {
  const Directory folder = *Directory::Open(DataPath(kModels));
  const std::string path = "gpt2-with-past.onnx";
  absl::StatusOr<OpenCase> open = OpenSmokeCase(folder, {"gpt2", path, path, ""}, {});
  ASSERT_TRUE(open.ok()) << open.status();
  absl::StatusOr<std::string> found = FindDeparture(FaultyBackend(), *open, 1e-9, {});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(*found, HasSubstr("the first operator that departs from reference is matmul"));
  EXPECT_THAT(*found, HasSubstr("/lm/transformer/h.1/mlp/c_fc/"));
}

TEST(OnnxCase, BackendsAreComparedOnMoreTokensThanAShortGoldenHas) {
  const Directory folder = *Directory::Open(DataPath(kModels));
  absl::StatusOr<OpenCase> open =
      OpenSmokeCase(folder, {"bert", "bert.onnx", "bert.onnx", "bert.golden.safetensors"}, {});
  ASSERT_TRUE(open.ok()) << open.status();
  EXPECT_EQ(open->task.inputs.values.at("input_ids").shape, Shape({2, 11}));
  EXPECT_EQ(open->cross_task().inputs.values.at("input_ids").shape, Shape({1, 64}));
  // A model without tokens has nothing to be longer in.
  open = OpenSmokeCase(folder, {"x", "external.onnx", "external.onnx", "external.golden.safetensors"}, {});
  ASSERT_TRUE(open.ok()) << open.status();
  EXPECT_FALSE(open->long_task.has_value());
}

TEST(OnnxHash, HasWhatIsComputedAndNotHowItIsCalled) {
  const std::string bytes = ReadData(kModels + "bert.onnx");
  auto hash = [](const std::string& changed) {
    std::unique_ptr<OnnxModel> model = Open(changed);
    return model != nullptr ? OnnxHash(model->file()).value_or("") : "";
  };
  const std::string original = hash(bytes);
  EXPECT_THAT(original, testing::StartsWith("plumb-onnx-1:sha256:"));
  EXPECT_EQ(hash(Replaced(bytes, "/bert/encoder/layer.0/", "/bert/encoder/layer.9/")), original);
  EXPECT_NE(hash(Replaced(bytes, "token_type_ids", "segment_ids_x_")), original) << "an input's name";
  EXPECT_NE(hash(Replaced(bytes, "last_hidden_state", "final_hidden_outs")), original) << "an output's name";
  const float epsilon = 1e-12f;
  const float other = 1.0000001e-12f;
  EXPECT_NE(hash(Replaced(bytes, {reinterpret_cast<const char*>(&epsilon), sizeof(epsilon)},
                          {reinterpret_cast<const char*>(&other), sizeof(other)})),
            original);
}

TEST(OnnxGolden, LargeOutputsAreSampledInEveryColumn) {
  const Shape shape = {3, 400, 768};
  std::vector<float> values(3 * 400 * 768);
  for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 768);
  const TensorValue sample = SampleOutput(TensorValue::Of<float>(shape, values));
  EXPECT_LE(sample.shape.at(0), 1u << 18);
  EXPECT_GT(sample.shape.at(0), 1u << 16);
  std::set<float> columns(sample.As<float>().begin(), sample.As<float>().end());
  EXPECT_EQ(columns.size(), 768u);
  const TensorValue small = TensorValue::Of<float>({2, 2}, std::vector<float>{1, 2, 3, 4});
  EXPECT_EQ(SampleOutput(small).shape, small.shape);
}

TEST(OnnxGolden, AnOutputThatIsNoNumberIsRefused) {
  TempFolder folder;
  folder.Write("model.onnx", ReadData("onnx/mnist.onnx"));
  absl::StatusOr<std::unique_ptr<OnnxCase>> open = OnnxCase::Open(folder.Open(), "model.onnx");
  ASSERT_TRUE(open.ok()) << open.status();
  Golden golden;
  golden.inputs = *(*open)->DefaultInputs(128);
  for (float value : {1.0f, std::numeric_limits<float>::infinity(), std::nanf("")}) {
    golden.outputs = {TensorValue::Of<float>({1, 10}, std::vector<float>(10, value))};
    folder.Write("golden.safetensors", *(*open)->SerializeGolden(golden, {}));
    absl::StatusOr<Golden> read = (*open)->LoadGolden(folder.Open(), "golden.safetensors");
    EXPECT_EQ(read.ok(), std::isfinite(value)) << value;
    if (read.ok()) continue;
    EXPECT_THAT(std::string(Message(read.status())), HasSubstr("out.Plus214_Output_0[0]"));
  }
}

}  // namespace
}  // namespace plumb
