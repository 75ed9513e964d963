// The importer's own rules, on small models written by hand. Operators are tested by conformance.onnx_suite.
#include <algorithm>
#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/status.h"
#include "plumb/inference/onnx.h"
#include "tests/unit/onnx/onnx_writer.h"

namespace plumb {
namespace {

using namespace onnx_writer;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

TensorValue Floats(const Shape& shape, const std::vector<float>& values) {
  return TensorValue::Of<float>(shape, std::span<const float>(values));
}
TensorValue Longs(const Shape& shape, const std::vector<int64_t>& values) {
  return TensorValue::Of<int64_t>(shape, std::span<const int64_t>(values));
}
TensorValue Bool(bool value) { return {ElementType::kBool, {}, {static_cast<uint8_t>(value)}}; }

absl::StatusOr<OnnxImport> Import(const std::string& bytes, const OnnxValues& inputs,
                                  const OnnxImportOptions& options = {}) {
  auto model = OnnxModel::FromBytes(bytes);
  if (!model.ok()) return model.status();
  return (*model)->BuildGraph(inputs, options);
}

// The first output as floats, on `reference`.
absl::StatusOr<std::vector<float>> RunModel(const std::string& bytes, const OnnxValues& inputs) {
  auto model = OnnxModel::FromBytes(bytes);
  if (!model.ok()) return model.status();
  auto import = (*model)->BuildGraph(inputs);
  if (!import.ok()) return import.status();
  auto outputs = RunOnnx(**model, *import, inputs, **FindBackend("reference"));
  if (!outputs.ok()) return outputs.status();
  std::span<const float> values = outputs->at(import->output_names.at(0)).As<float>();
  return std::vector<float>(values.begin(), values.end());
}

const std::string kX = Input("x", 1, {-1});

TEST(OnnxImport, ShapesAreComputedBeforehand) {
  const std::string graph = NodeField("Shape", {"x"}, {"s"}) + NodeField("ConstantOfShape", {"s"}, {"zeros"}) +
                            NodeField("Add", {"x", "zeros"}, {"y"}) + kX + Output("y");
  auto import = Import(Model(graph), {{"x", Floats({3}, {1, 2, 3})}});
  ASSERT_TRUE(import.ok()) << import.status();
  EXPECT_THAT(import->specialised_on, IsEmpty()) << "a shape is no value";
  EXPECT_EQ(import->operators.at("Shape"), 1u);
  EXPECT_EQ(import->graph.nodes().size(), 3u) << "x, the zeros, and the sum";
}

TEST(OnnxImport, SaysOnWhichInputsAGraphDepends) {
  const std::string branch = NodeField("Neg", {"x"}, {"n"}) + Output("n");
  const std::string other = NodeField("Relu", {"x"}, {"r"}) + Output("r");
  const std::string graph =
      NodeField("If", {"c"}, {"y"}, GraphAttribute("then_branch", branch) + GraphAttribute("else_branch", other)) + kX +
      Input("c", 9, {}) + Output("y");
  for (bool condition : {true, false}) {
    const OnnxValues inputs = {{"x", Floats({2}, {-1, 2})}, {"c", Bool(condition)}};
    auto import = Import(Model(graph), inputs);
    ASSERT_TRUE(import.ok()) << import.status();
    EXPECT_THAT(import->specialised_on, ElementsAre("c"));
    auto values = RunModel(Model(graph), inputs);
    ASSERT_TRUE(values.ok());
    EXPECT_THAT(*values, condition ? ElementsAre(1, -2) : ElementsAre(0, 2));
  }
}

// Found by fuzzing: the count of samples was made from a size that is no number.
TEST(OnnxImport, RegionsThatAreNotFiniteAreRefused) {
  const std::string graph = NodeField("RoiAlign", {"x", "rois", "images"}, {"y"}) + Input("x", 1, {1, 1, 4, 4}) +
                            Input("rois", 1, {1, 4}) + Input("images", 7, {1}) + Output("y");
  for (float bad : {NAN, INFINITY, -INFINITY}) {
    auto import = Import(Model(graph), {{"x", Floats({1, 1, 4, 4}, std::vector<float>(16, 1))},
                                        {"rois", Floats({1, 4}, {0, 0, bad, 3})},
                                        {"images", Longs({1}, {0})}});
    EXPECT_THAT(import.status().message(), HasSubstr("not finite")) << bad;
  }
}

// Found by fuzzing: each region was bounded, their number was not.
TEST(OnnxImport, RegionsHaveABoundTogether) {
  constexpr uint64_t kRegions = 64;
  const std::string attributes =
      IntAttribute("output_height", 32) + IntAttribute("output_width", 32) + IntAttribute("sampling_ratio", 8);
  const std::string graph = NodeField("RoiAlign", {"x", "rois", "images"}, {"y"}, attributes) +
                            Input("x", 1, {1, 1, 4, 4}) + Input("rois", 1, {-1, 4}) + Input("images", 7, {-1}) +
                            Output("y");
  std::vector<float> rois(4 * kRegions, 3);
  auto import = Import(Model(graph), {{"x", Floats({1, 1, 4, 4}, std::vector<float>(16, 1))},
                                      {"rois", Floats({kRegions, 4}, rois)},
                                      {"images", Longs({kRegions}, std::vector<int64_t>(kRegions, 0))}});
  EXPECT_THAT(import.status().message(), HasSubstr("too many samples"));
}

// i < n: x = x + x, n times.
std::string DoublingLoop() {
  const std::string body = NodeField("Add", {"v", "v"}, {"w"}) + NodeField("Identity", {"on"}, {"still"}) +
                           Input("i", 7, {}) + Input("on", 9, {}) + Input("v", 1, {-1}) + Output("still", 9) +
                           Output("w");
  return Model(NodeField("Loop", {"n", "", "x"}, {"y"}, GraphAttribute("body", body)) + kX + Input("n", 7, {}) +
               Output("y"));
}

TEST(OnnxImport, LoopsAreUnrolledAndBounded) {
  auto values = RunModel(DoublingLoop(), {{"x", Floats({1}, {3})}, {"n", Longs({}, {4})}});
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_THAT(*values, ElementsAre(48));
  const OnnxValues endless = {{"x", Floats({1}, {3})}, {"n", Longs({}, {1'000'000})}};
  EXPECT_EQ(Import(DoublingLoop(), endless, {.steps_max = 100}).status().code(), absl::StatusCode::kResourceExhausted);
}

TEST(OnnxImport, FunctionsAreInlinedWithTheirAttributes) {
  const std::string reference = Bytes(5, Bytes(1, "alpha") + Int(20, 1) + Bytes(21, "slope"));
  std::string node = NodeField("LeakyRelu", {"a"}, {"b"}, reference);
  node = Bytes(7, node.substr(2));  // The same message as a field of a function.
  const std::string function = Bytes(1, "Leak") + Bytes(10, "mine") + Bytes(4, "a") + Bytes(5, "b") +
                               Bytes(6, "slope") + node + Bytes(9, Bytes(1, "") + Int(2, 17));
  const std::string slope = Bytes(5, Bytes(1, "slope") + Float(2, 0.5f) + Int(20, 1));
  const std::string graph = NodeField("Leak", {"x"}, {"y"}, slope, "mine") + kX + Output("y");
  auto values = RunModel(Model(graph, 17, Bytes(25, function) + Bytes(8, Bytes(1, "mine") + Int(2, 1))),
                         {{"x", Floats({2}, {-4, 4})}});
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_THAT(*values, ElementsAre(-2, 4));
}

TEST(OnnxImport, AFunctionThatCallsItselfIsRefused) {
  std::string node = NodeField("Again", {"a"}, {"b"}, "", "mine");
  node = Bytes(7, node.substr(2));
  const std::string function = Bytes(1, "Again") + Bytes(10, "mine") + Bytes(4, "a") + Bytes(5, "b") + node +
                               Bytes(9, Bytes(1, "mine") + Int(2, 1));
  const std::string graph = NodeField("Again", {"x"}, {"y"}, "", "mine") + kX + Output("y");
  auto import = Import(Model(graph, 17, Bytes(25, function)), {{"x", Floats({1}, {1})}});
  EXPECT_THAT(std::string(Message(import.status())), HasSubstr("too deeply"));
}

TEST(OnnxImport, LargeFloatsAreWeightsAndOthersConstants) {
  const std::vector<float> large(1025, 2);
  const std::vector<float> small(1024, 1);
  const std::string graph = NodeField("Concat", {"a", "b"}, {"c"}, IntAttribute("axis", 0)) +
                            NodeField("Mul", {"c", "x"}, {"y"}) + Initializer(Tensor("a", 1, {1025}, Raw(large))) +
                            Initializer(Tensor("b", 1, {1024}, Raw(small))) + kX + Output("y");
  const OnnxValues inputs = {{"x", Floats({1}, {3})}};
  auto import = Import(Model(graph), inputs);
  ASSERT_TRUE(import.ok()) << import.status();
  std::vector<std::string> weights;
  for (const plumb::Node& node : import->graph.nodes()) {
    if (node.op == OpKind::kWeight) weights.push_back(node.name);
  }
  EXPECT_THAT(weights, ElementsAre("a"));
  auto values = RunModel(Model(graph), inputs);
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_EQ(values->front(), 6);
  EXPECT_EQ(values->back(), 3);
}

TEST(OnnxImport, FourBitIntegersAreWidened) {
  const std::string graph = NodeField("Cast", {"q"}, {"f"}, IntAttribute("to", 1)) +
                            NodeField("Mul", {"f", "x"}, {"y"}) +
                            Initializer(Tensor("q", 22, {3}, std::string("\x8f\x07", 2))) + kX + Output("y");
  auto values = RunModel(Model(graph, 21), {{"x", Floats({1}, {1})}});
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_THAT(*values, ElementsAre(-1, -8, 7));
}

TEST(OnnxImport, OldBroadcastingBeginsAtItsAxis) {
  const std::string graph =
      NodeField("Add", {"x", "b"}, {"y"}, IntAttribute("axis", 0) + IntAttribute("broadcast", 1)) +
      Input("x", 1, {2, 2}) + Input("b", 1, {2}) + Output("y");
  const OnnxValues inputs = {{"x", Floats({2, 2}, {0, 0, 0, 0})}, {"b", Floats({2}, {1, 2})}};
  auto values = RunModel(Model(graph, 6), inputs);
  ASSERT_TRUE(values.ok()) << values.status();
  EXPECT_THAT(*values, ElementsAre(1, 1, 2, 2));
  EXPECT_THAT(*RunModel(Model(graph, 7), inputs), ElementsAre(1, 2, 1, 2)) << "the attribute is gone since";
}

TEST(OnnxImport, NamesWhatItDoesNotRead) {
  auto unknown = Import(Model(NodeField("Frobnicate", {"x"}, {"y"}) + kX + Output("y")), {{"x", Floats({1}, {1})}});
  EXPECT_EQ(unknown.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_THAT(std::string(Message(unknown.status())), HasSubstr("Frobnicate \"y\""));
  auto missing = Import(Model(NodeField("Relu", {"nowhere"}, {"y"}) + kX + Output("y")), {{"x", Floats({1}, {1})}});
  EXPECT_THAT(std::string(Message(missing.status())), HasSubstr("\"nowhere\" is no value"));
}

TEST(OnnxImport, ChecksTheInputs) {
  const std::string bytes = Model(NodeField("Relu", {"x"}, {"y"}) + kX + Output("y"));
  EXPECT_THAT(std::string(Message(Import(bytes, {}).status())), HasSubstr("\"x\" is not given"));
  EXPECT_THAT(std::string(Message(Import(bytes, {{"x", Longs({1}, {1})}}).status())), HasSubstr("expected f32"));
}

TEST(OnnxImport, MakesInputsByItself) {
  auto model = OnnxModel::FromBytes(Model(NodeField("Relu", {"x"}, {"y"}) + Input("x", 1, {-1, 2}) + Output("y")));
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ((*model)->inputs().at(0).shape->at(0).parameter, "n");
  auto inputs = (*model)->DefaultInputs({{"n", 3}});
  ASSERT_TRUE(inputs.ok()) << inputs.status();
  EXPECT_THAT(inputs->at("x").shape, ElementsAre(3u, 2u));
  EXPECT_EQ((*model)->DefaultInputs({})->at("x").shape[0], 1u);
  EXPECT_EQ((*model)->DefaultInputs({{"x.0", 5}})->at("x").shape[0], 5u);
}

// What tools that merge models write; ONNX Runtime takes the last.
TEST(OnnxImport, OfAnOperatorSetThatIsNamedTwiceTheLastCounts) {
  // Before 13 softmax is over all dimensions from the second on.
  const std::string graph = NodeField("Softmax", {"x"}, {"y"}) + Input("x", 1, {1, 2, 2}) + Output("y");
  auto opset = [](std::string_view domain, int version) { return Bytes(8, Bytes(1, domain) + Int(2, version)); };
  const OnnxValues inputs = {{"x", Floats({1, 2, 2}, {0, 0, 0, 0})}};
  for (const std::string& again : {opset("", 13), opset("ai.onnx", 13)}) {
    auto later = RunModel(Model(graph, 11, again), inputs);
    ASSERT_TRUE(later.ok()) << later.status();
    EXPECT_THAT(*later, ElementsAre(0.5f, 0.5f, 0.5f, 0.5f));
  }
  auto earlier = RunModel(Model(graph, 13, opset("ai.onnx", 11)), inputs);
  ASSERT_TRUE(earlier.ok()) << earlier.status();
  EXPECT_THAT(*earlier, ElementsAre(0.25f, 0.25f, 0.25f, 0.25f));
}

// x, quantised by its range, times weights (q - zero) * scale.
std::vector<double> QuantisedProduct(const std::vector<double>& x, const std::vector<int8_t>& w, double scale, int zero,
                                     size_t columns) {
  double least = 0;
  double most = 0;
  for (double value : x) least = std::min(least, value), most = std::max(most, value);
  const double step = (most - least) / 255;
  const double point = step == 0 ? 0 : std::nearbyint(-least / step);
  std::vector<double> result(columns, 0);
  for (size_t i = 0; i < x.size(); ++i) {
    const double q = step == 0 ? 0 : std::clamp(std::nearbyint(x[i] / step) + point, 0.0, 255.0) - point;
    for (size_t j = 0; j < columns; ++j) result[j] += q * step * (w[i * columns + j] - zero) * scale;
  }
  return result;
}

TEST(OnnxImport, DynamicQuantizeLstmQuantisesInputsTogetherAndStatesStepByStep) {
  constexpr size_t kSteps = 3, kInputs = 2, kHidden = 2, kGates = 4 * kHidden;
  std::vector<int8_t> w, r;
  for (size_t i = 0; i < kInputs * kGates; ++i) w.push_back(static_cast<int8_t>(i * 37 % 200 - 90));
  for (size_t i = 0; i < kHidden * kGates; ++i) r.push_back(static_cast<int8_t>(i * 53 % 180 - 100));
  const std::vector<float> x = {0.3f, -1.2f, 0.9f, 0.4f, -0.7f, 1.5f};
  const float w_scale = 0.011f;
  const float r_scale = 0.013f;
  const std::string graph =
      NodeField("DynamicQuantizeLSTM", {"x", "w", "r", "", "", "", "", "", "ws", "wz", "rs", "rz"}, {"y"},
                IntAttribute("hidden_size", kHidden), "com.microsoft") +
      Input("x", 1, {kSteps, 1, kInputs}) + Output("y") + Initializer(Tensor("w", 3, {1, kInputs, kGates}, Raw(w))) +
      Initializer(Tensor("r", 3, {1, kHidden, kGates}, Raw(r))) +
      Initializer(Tensor("ws", 1, {1}, Raw(std::vector<float>{w_scale}))) +
      Initializer(Tensor("wz", 3, {1}, Raw(std::vector<int8_t>{5}))) +
      Initializer(Tensor("rs", 1, {1}, Raw(std::vector<float>{r_scale}))) +
      Initializer(Tensor("rz", 3, {1}, Raw(std::vector<int8_t>{-3})));
  auto values = RunModel(Model(graph), {{"x", Floats({kSteps, 1, kInputs}, x)}});
  ASSERT_TRUE(values.ok()) << values.status();
  // The range of x is that of all steps: one product of each step's row with the same scale.
  std::vector<double> h(kHidden, 0), c(kHidden, 0), expected;
  double least = 0, most = 0;
  for (float value : x) least = std::min<double>(least, value), most = std::max<double>(most, value);
  const double step = (most - least) / 255;
  const double point = std::nearbyint(-least / step);
  auto sigmoid = [](double v) { return 1 / (1 + std::exp(-v)); };
  for (size_t s = 0; s < kSteps; ++s) {
    std::vector<double> gates = QuantisedProduct(h, r, r_scale, -3, kGates);
    for (size_t i = 0; i < kInputs; ++i) {
      const double q = std::clamp(std::nearbyint(x[s * kInputs + i] / step) + point, 0.0, 255.0) - point;
      for (size_t j = 0; j < kGates; ++j) gates[j] += q * step * (w[i * kGates + j] - 5) * w_scale;
    }
    for (size_t i = 0; i < kHidden; ++i) {  // Input, output, forget, cell.
      c[i] = sigmoid(gates[2 * kHidden + i]) * c[i] + sigmoid(gates[i]) * std::tanh(gates[3 * kHidden + i]);
      h[i] = sigmoid(gates[kHidden + i]) * std::tanh(c[i]);
      expected.push_back(h[i]);
    }
  }
  ASSERT_EQ(values->size(), expected.size());
  for (size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR((*values)[i], expected[i], 1e-6) << i;
}

}  // namespace
}  // namespace plumb
