// Weights of an ONNX model wherever its graphs keep them.
#include "formats/onnx/graph_tensors.h"

#include <gmock/gmock.h>

#include "plumb/weights/unreadable_tensor.h"
#include "tests/unit/containers/container_testing.h"
#include "tests/unit/onnx/onnx_writer.h"

namespace plumb {
namespace {

using namespace onnx_writer;
using testing::ElementsAre;
using testing::IsEmpty;

// A Constant node with a tensor.
std::string Constant(const std::string& output, const std::string& tensor) {
  return NodeField("Constant", {}, {output}, Bytes(5, Bytes(1, "value") + Bytes(5, tensor) + Int(20, 4)));
}

std::string Floats(const std::string& name, const std::vector<float>& values) {
  return Tensor(name, 1, {static_cast<int64_t>(values.size())}, Raw(values));
}

std::unique_ptr<TensorSource> Open(const std::string& graph, std::string_view more = "") {
  auto source = OpenBytes(Model(graph, 17, more));
  EXPECT_TRUE(source.ok()) << source.status();
  return source.ok() ? *std::move(source) : nullptr;
}

std::vector<std::string> NamesIn(const TensorSource& source) {
  std::vector<std::string> names;
  for (const SourceTensor& tensor : source.tensors()) names.push_back(tensor.name);
  return names;
}

TEST(GraphTensorsTest, ConstantsThatAreWeightsAreTensors) {
  const auto source = Open(Constant("w", Floats("any", {1, 2})) + Constant("one", Floats("", {3})));
  EXPECT_THAT(NamesIn(*source), ElementsAre("w", "one"));
  EXPECT_THAT(FloatsOf(*source, "w"), ElementsAre(1, 2));
  // Where they lie in the file, so that publishing cuts at their bounds.
  EXPECT_FALSE(source->files()[source->Find("w")->ranges[0].file].unpacked);
}

TEST(GraphTensorsTest, ConstantsThatSayHowToComputeAreNone) {
  const std::string epsilon = Tensor("", 1, {}, Raw<float>({1e-5f}));
  const std::string shape = Tensor("", 7, {2}, Raw<int64_t>({1, -1}));
  const std::string flags = Tensor("", 9, {2}, std::string("\0\1", 2));
  EXPECT_THAT(NamesIn(*Open(Constant("e", epsilon) + Constant("s", shape) + Constant("f", flags))), IsEmpty());
  const std::vector<int64_t> table(kOnnxTableElementsMin, 7);
  const std::string large = Tensor("", 7, {static_cast<int64_t>(table.size())}, Raw(table));
  EXPECT_THAT(NamesIn(*Open(Constant("t", large))), ElementsAre("t"));
  const std::vector<int64_t> list(kOnnxTableElementsMin - 1, 7);
  const std::string small = Tensor("", 7, {static_cast<int64_t>(list.size())}, Raw(list));
  EXPECT_THAT(NamesIn(*Open(Constant("t", small))), IsEmpty());
}

TEST(GraphTensorsTest, ListsOfNumbersToo) {
  const std::string attribute = Bytes(5, Bytes(1, "value_floats") + Float(7, 1.5f) + Float(7, -2) + Int(20, 6));
  const auto source = Open(NodeField("Constant", {}, {"v"}, attribute));
  EXPECT_THAT(FloatsOf(*source, "v"), ElementsAre(1.5f, -2));
}

TEST(GraphTensorsTest, SubGraphsHaveTheirOwn) {
  const std::string inner = Initializer(Floats("w", {3, 4})) + Constant("c", Floats("", {5, 6}));
  const std::string deeper = NodeField("Loop", {}, {"l"}, GraphAttribute("body", Initializer(Floats("d", {7, 8}))));
  const std::string branches = GraphAttribute("then_branch", inner + deeper) + GraphAttribute("else_branch", inner);
  const auto source = Open(Initializer(Floats("w", {1, 2})) + NodeField("If", {"x"}, {"y"}, branches));
  EXPECT_THAT(NamesIn(*source),
              ElementsAre("w", "If#0/then_branch/w", "c", "d", "If#0/else_branch/w", "If#0/else_branch/c"));
  EXPECT_THAT(FloatsOf(*source, "w"), ElementsAre(1, 2));
  EXPECT_THAT(FloatsOf(*source, "If#0/else_branch/w"), ElementsAre(3, 4));
  EXPECT_THAT(FloatsOf(*source, "d"), ElementsAre(7, 8));
}

TEST(GraphTensorsTest, WhatCannotBeGivenIsNamed) {
  const std::string texts = Tensor("labels", 8, {1}, "");
  const std::string sparse =
      Bytes(15, Bytes(1, Floats("s", {1})) + Bytes(2, Tensor("", 7, {1}, Raw<int64_t>({0}))) + Int(3, 4));
  const auto source = Open(Initializer(Floats("w", {1, 2})) + Initializer(texts) + sparse);
  EXPECT_THAT(NamesIn(*source), ElementsAre("w"));
  std::vector<std::string> found;
  for (const UnreadableTensor& tensor : UnreadableIn(*source)) found.push_back(UnreadableText(tensor));
  EXPECT_THAT(found, testing::UnorderedElementsAre("tensor \"labels\" holds texts", "tensor \"s\" is sparse"));
}

}  // namespace
}  // namespace plumb
