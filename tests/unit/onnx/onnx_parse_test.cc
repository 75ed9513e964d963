#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/onnx_limits.h"
#include "plumb/base/status.h"
#include "plumb/onnx/file.h"
#include "plumb/onnx/parse.h"
#include "tests/unit/onnx/onnx_writer.h"

namespace plumb {
namespace {

using namespace onnx_writer;
using testing::ElementsAre;
using testing::HasSubstr;

std::string ErrorOf(const std::string& bytes) { return std::string(Message(ParseOnnxModel(AsBytes(bytes)).status())); }

const std::vector<float> kTwo = {1.5f, -2};

TEST(OnnxParse, ReadsAModel) {
  const std::string graph = NodeField("Add", {"x", "w"}, {"y"}, IntAttribute("axis", -1)) +
                            Initializer(Tensor("w", 1, {2}, Raw(kTwo))) + Input("x", 1, {-1, 2}) + Output("y");
  const std::string bytes = Model(graph);
  auto model = ParseOnnxModel(AsBytes(bytes));
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->ir_version, 8);
  EXPECT_EQ(model->opsets.at(0).version, 17);
  ASSERT_EQ(model->graph.nodes.size(), 1u);
  const OnnxNode& node = model->graph.nodes[0];
  EXPECT_EQ(node.op_type, "Add");
  EXPECT_THAT(node.inputs, ElementsAre("x", "w"));
  ASSERT_NE(node.Find("axis"), nullptr);
  EXPECT_EQ(node.Find("axis")->i, -1);
  const OnnxTensor& w = model->graph.initializers.at(0);
  EXPECT_THAT(w.dims, ElementsAre(2u));
  EXPECT_EQ(w.raw->data(), reinterpret_cast<const uint8_t*>(bytes.data() + bytes.find(Raw(kTwo)))) << "not copied";
  const auto& shape = *model->graph.inputs.at(0).shape;
  EXPECT_FALSE(shape[0].size);
  EXPECT_EQ(shape[0].parameter, "n");
  EXPECT_EQ(shape[1].size, 2u);
}

TEST(OnnxParse, EveryCutOfAModelIsRefusedOrReadWithoutHarm) {
  const std::string graph =
      NodeField("If", {"c"}, {"y"}, GraphAttribute("then_branch", NodeField("Relu", {"a"}, {"b"}))) +
      Initializer(Tensor("w", 1, {2}, Raw(kTwo)));
  const std::string bytes = Model(graph);
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    (void)ParseOnnxModel(AsBytes(std::string_view(bytes).substr(0, cut)));
  }
  EXPECT_THAT(ErrorOf(bytes.substr(0, 12)), HasSubstr("longer than what is left"));
}

TEST(OnnxParse, RefusesBrokenWireFormat) {
  EXPECT_THAT(ErrorOf(std::string("\x08\xff", 2)), HasSubstr("cut off or too long"));
  EXPECT_THAT(ErrorOf("\x08" + std::string(10, '\xff') + "\x01"), HasSubstr("cut off or too long"));
  EXPECT_THAT(ErrorOf(std::string("\x0b\x01", 2)), HasSubstr("wire type"));
  EXPECT_THAT(ErrorOf(std::string("\x00\x01", 2)), HasSubstr("number that protobuf does not allow"));
  EXPECT_THAT(ErrorOf(Int(7, 1)), HasSubstr("another wire type"));
}

TEST(OnnxParse, RefusesModelsWithoutGraphOrOperatorSet) {
  EXPECT_THAT(ErrorOf(Int(1, 8)), HasSubstr("no graph"));
  EXPECT_THAT(ErrorOf(Int(1, 8) + Bytes(7, "")), HasSubstr("no operator set"));
  EXPECT_THAT(ErrorOf(Model("") + Bytes(7, "")), HasSubstr("two graphs"));
}

TEST(OnnxParse, RefusesNamesThatAreNotUtf8) {
  EXPECT_THAT(ErrorOf(Model(NodeField("\xff\xfe", {}, {}))), HasSubstr("not UTF-8"));
}

TEST(OnnxParse, RefusesSizesThatCannotBe) {
  EXPECT_THAT(ErrorOf(Model(Initializer(Tensor("w", 1, {-2}, "")))), HasSubstr("negative dimension -2"));
  EXPECT_THAT(ErrorOf(Model(Initializer(Tensor("w", 1, {1ll << 40, 1ll << 40}, "")))), HasSubstr("more than"));
  EXPECT_THAT(ErrorOf(Model(Initializer(Tensor("w", 1, {0, 1ll << 62, 1ll << 62}, "")))), HasSubstr("more than"));
  EXPECT_THAT(ErrorOf(Model(Initializer(Tensor("w", 1, std::vector<int64_t>(65, 1), "")))), HasSubstr("dimensions"));
  EXPECT_EQ(ErrorOf(Model(Initializer(Tensor("w", 1, std::vector<int64_t>(64, 1), Raw<float>({1}))))), "");
  EXPECT_EQ(ErrorOf(Model(Initializer(Tensor("w", 1, {1ll << 42}, "")))), "") << "the bytes are looked at when read";
}

TEST(OnnxParse, NestingHasALimit) {
  auto nested = [](size_t levels) {
    std::string graph;
    for (size_t i = 0; i < levels; ++i) graph = NodeField("If", {"c"}, {"y"}, GraphAttribute("then_branch", graph));
    return Model(graph);
  };
  // The outer graph is one message, and each level three more.
  const size_t most = (limits::kOnnxDepthMax - 1) / 3;
  EXPECT_EQ(ErrorOf(nested(most)), "");
  EXPECT_THAT(ErrorOf(nested(most + 1)), HasSubstr("nested deeper"));
}

TEST(OnnxParse, TheNumberOfMessagesHasALimit) {
  const std::string node = Bytes(1, "");
  std::string graph;
  for (size_t i = 0; i < limits::kOnnxMessagesMax - 2; ++i) graph += node;
  EXPECT_EQ(ErrorOf(Model(graph)), "") << "graph, nodes and operator set";
  EXPECT_THAT(ErrorOf(Model(graph + node)), HasSubstr("messages"));
}

TEST(OnnxParse, ATensorHasItsElementsInOnePlace) {
  const std::string twice = Tensor("w", 1, {1}, Raw<float>({1})) + Float(4, 1);
  EXPECT_THAT(ErrorOf(Model(Initializer(twice))), HasSubstr("more than one place"));
  const std::string mixed = Dims({2}) + Int(2, 1) + Float(4, 1) + Int(5, 1);
  EXPECT_THAT(ErrorOf(Model(Initializer(mixed))), HasSubstr("fields of two types"));
}

std::vector<uint8_t> Elements(const std::string& bytes) {
  auto tensor = ParseOnnxTensor(AsBytes(bytes));
  if (!tensor.ok()) return {};
  auto elements = ReadOnnxTensor(*tensor);
  return elements.ok() ? std::vector<uint8_t>(elements->bytes.begin(), elements->bytes.end()) : std::vector<uint8_t>();
}

TEST(OnnxTensor, ReadsEveryPlacement) {
  const std::string raw = Raw(kTwo);
  const std::vector<uint8_t> expected(raw.begin(), raw.end());
  EXPECT_EQ(Elements(Tensor("w", 1, {2}, raw)), expected);
  EXPECT_EQ(Elements(Dims({2}) + Int(2, 1) + Bytes(4, raw)), expected) << "packed";
  EXPECT_EQ(Elements(Dims({2}) + Int(2, 1) + Float(4, 1.5f) + Float(4, -2)), expected) << "one by one";
  EXPECT_THAT(Elements(Dims({2}) + Int(2, 10) + Int(5, 0x3c00) + Int(5, 0xc000)), ElementsAre(0, 0x3c, 0, 0xc0));
  EXPECT_THAT(Elements(Dims({2}) + Int(2, 16) + Bytes(5, Varint(0x3f80) + Varint(0x4000))),
              ElementsAre(0x80, 0x3f, 0, 0x40));
  EXPECT_THAT(Elements(Dims({3}) + Int(2, 22) + Bytes(5, Varint(0x21) + Varint(0x0f))), ElementsAre(0x21, 0x0f));
  EXPECT_THAT(Elements(Dims({2}) + Int(2, 3) + Int(5, -1) + Int(5, 2)), ElementsAre(0xff, 2));
  EXPECT_EQ(Elements(Dims({1}) + Int(2, 7) + Int(7, -1)), std::vector<uint8_t>(8, 0xff));
}

TEST(OnnxTensor, RefusesOtherThanItsElements) {
  EXPECT_THAT(Elements(Tensor("w", 1, {3}, Raw(kTwo))), ElementsAre());
  EXPECT_THAT(Elements(Tensor("w", 1, {1}, Raw(kTwo))), ElementsAre());
  EXPECT_THAT(Elements(Dims({2}) + Int(2, 7) + Int(7, 1)), ElementsAre());
  EXPECT_THAT(Elements(Dims({1}) + Int(2, 7) + Int(7, 1) + Int(7, 1)), ElementsAre());
  EXPECT_THAT(Elements(Dims({1}) + Int(2, 1) + Int(5, 1)), ElementsAre()) << "int32_data of a float";
  EXPECT_THAT(Elements(Dims({1}) + Int(2, 8) + Bytes(6, "text")), ElementsAre()) << "strings";
  EXPECT_THAT(Elements(Dims({1}) + Int(2, 99) + Bytes(9, "x")), ElementsAre()) << "an unknown type";
}

TEST(OnnxParse, LooksLikeOnnx) {
  EXPECT_TRUE(LooksLikeOnnx(AsBytes(Int(1, 8) + Bytes(2, "pytorch"))));
  EXPECT_TRUE(LooksLikeOnnx(AsBytes(Model("abc"))));
  EXPECT_FALSE(LooksLikeOnnx(AsBytes("{\"a\": 1}")));
  EXPECT_FALSE(LooksLikeOnnx(AsBytes(std::string("\x08\x00\x3a\x00", 4))));
}

}  // namespace
}  // namespace plumb
