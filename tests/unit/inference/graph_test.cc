#include "plumb/inference/graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/inference/backend.h"

namespace plumb {
namespace {

using testing::HasSubstr;

std::string ErrorOf(const absl::StatusOr<Graph>& graph) {
  return graph.ok() ? "" : std::string(Message(graph.status()));
}

TEST(ElementCountTest, CountsUpToTheLimit) {
  EXPECT_EQ(ElementCount({}), 1);
  EXPECT_EQ(ElementCount({2, 3, 4}), 24);
  EXPECT_EQ(ElementCount({0, 3}), 0);
  EXPECT_EQ(ElementCount({limits::kTensorElementsMax}), limits::kTensorElementsMax);
  EXPECT_EQ(ElementCount({limits::kTensorElementsMax + 1}), std::nullopt);
  EXPECT_EQ(ElementCount({UINT64_MAX, UINT64_MAX}), std::nullopt);
}

TEST(GraphBuilderTest, ErrorsNameTheNodeAndComeBackOnce) {
  GraphBuilder builder;
  ValueId a = builder.Input("a", ElementType::kF32, {2, 3});
  ValueId b = builder.Input("b", ElementType::kF32, {4, 5});
  ValueId bad = builder.MatMul("first", a, b);
  builder.MatMul("second", bad, b);
  const std::string error = ErrorOf(builder.Build(bad));
  EXPECT_THAT(error, HasSubstr("\"first\""));
  EXPECT_THAT(error, HasSubstr("inner dimensions 3 and 4 differ"));
  EXPECT_THAT(error, testing::Not(HasSubstr("second")));
}

// Each case builds one wrong node called "n".
struct WrongNode {
  const char* says;
  std::function<ValueId(GraphBuilder&, ValueId x, ValueId ids)> add;  // x is [2, 3, 4], ids [5].
};

class WrongNodeTest : public testing::TestWithParam<WrongNode> {};

TEST_P(WrongNodeTest, IsRefused) {
  GraphBuilder builder;
  ValueId x = builder.Input("x", ElementType::kF32, {2, 3, 4});
  ValueId ids = builder.Input("ids", ElementType::kI32, {5});
  const std::string error = ErrorOf(builder.Build(GetParam().add(builder, x, ids)));
  EXPECT_THAT(error, HasSubstr("node \"n\""));
  EXPECT_THAT(error, HasSubstr(GetParam().says));
}

INSTANTIATE_TEST_SUITE_P(
    All, WrongNodeTest,
    testing::Values(WrongNode{"operand 1 is f32, expected i32 or i64",
                              [](auto& b, auto x, auto) { return b.Gather("n", x, x); }},
                    WrongNode{"operand 0 is i32, expected a float",
                              [](auto& b, auto, auto ids) { return b.Unary("n", UnaryFunction::kExp, ids); }},
                    WrongNode{"do not broadcast",
                              [](auto& b, auto x, auto) {
                                return b.Binary("n", BinaryFunction::kAdd, x, b.Input("y", ElementType::kF32, {3}));
                              }},
                    WrongNode{"outer dimensions",
                              [](auto& b, auto x, auto) {
                                return b.MatMul("n", x, b.Weight("w", {3, 4, 2}));
                              }},
                    WrongNode{"two dimensions or as many",
                              [](auto& b, auto x, auto) { return b.MatMul("n", x, b.Weight("w", {4})); }},
                    WrongNode{"the bias has shape [3], expected [5]",
                              [](auto& b, auto x, auto) {
                                return b.MatMul("n", x, b.Weight("w", {4, 5}), b.Weight("c", {3}));
                              }},
                    WrongNode{"the gain has shape [3], expected [4]",
                              [](auto& b, auto x, auto) {
                                return b.LayerNorm("n", x, b.Weight("g", {3}), b.Weight("c", {4}), 1e-5);
                              }},
                    WrongNode{"epsilon is -1",
                              [](auto& b, auto x, auto) {
                                return b.LayerNorm("n", x, b.Weight("g", {4}), b.Weight("c", {4}), -1);
                              }},
                    WrongNode{"epsilon is nan",
                              [](auto& b, auto x, auto) {
                                return b.LayerNorm("n", x, b.Weight("g", {4}), b.Weight("c", {4}), std::nan(""));
                              }},
                    WrongNode{"does not hold as many elements",
                              [](auto& b, auto x, auto) {
                                return b.Reshape("n", x, {5, 5});
                              }},
                    WrongNode{"not a permutation",
                              [](auto& b, auto x, auto) {
                                return b.Transpose("n", x, {0, 1, 1});
                              }},
                    WrongNode{"not a permutation",
                              [](auto& b, auto x, auto) {
                                return b.Transpose("n", x, {0, 1});
                              }},
                    WrongNode{"lies outside",
                              [](auto& b, auto x, auto) { return b.Slice("n", x, {.axis = 1, .begin = 2, .end = 4}); }},
                    WrongNode{"lies outside",
                              [](auto& b, auto x, auto) { return b.Slice("n", x, {.axis = 3, .begin = 0, .end = 1}); }},
                    WrongNode{"does not divide into 3 heads",
                              [](auto& b, auto x, auto) { return b.Attention("n", x, x, x, {.heads = 3}); }},
                    WrongNode{"does not divide into 0 heads",
                              [](auto& b, auto x, auto) { return b.Attention("n", x, x, x, {.heads = 0}); }},
                    WrongNode{"k has shape",
                              [](auto& b, auto x, auto) {
                                return b.Attention("n", x, b.Weight("k", {2, 3, 8}), x, {});
                              }},
                    WrongNode{"has 1 operands, expected 2",
                              [](auto& b, auto x, auto) { return b.Append(OpKind::kBinary, "n", {x}, {}); }},
                    WrongNode{"a leaf has the shape it is given",
                              [](auto& b, auto, auto) { return b.Append(OpKind::kWeight, "n", {}, {}); }},
                    WrongNode{"not a value of this graph",
                              [](auto& b, auto, auto) { return b.Unary("n", UnaryFunction::kRelu, 999); }},
                    WrongNode{"elements", [](auto& b, auto, auto) {
                                return b.Weight("n", {1ull << 40, 1ull << 40});
                              }}));

TEST(GraphBuilderTest, AProductTooLargeToCountIsRefused) {
  GraphBuilder builder;
  ValueId a = builder.Weight("a", {1ull << 22, 1});
  ValueId b = builder.Weight("b", {1, (1ull << 20) + 1});
  EXPECT_THAT(ErrorOf(builder.Build(builder.MatMul("n", a, b))), HasSubstr("node \"n\""));
}

TEST(GraphBuilderTest, AWeightOfOneNameIsOneValue) {
  GraphBuilder builder;
  EXPECT_EQ(builder.Weight("w", {2, 3}), builder.Weight("w", {2, 3}));
  builder.Weight("w", {3, 2});
  EXPECT_THAT(ErrorOf(builder.Build(0)), HasSubstr("is used as [2, 3] and as [3, 2]"));
}

TEST(GraphBuilderTest, TheOutputMustExist) {
  GraphBuilder builder;
  builder.Input("x", ElementType::kF32, {1});
  EXPECT_THAT(ErrorOf(builder.Build(7)), HasSubstr("output"));
}

TEST(GraphBuilderTest, NodesAreLimited) {
  GraphBuilder builder;
  ValueId x = builder.Input("x", ElementType::kF32, {1});
  for (size_t i = 1; i < limits::kGraphNodesMax; ++i) x = builder.Scale("s", 1, x);
  GraphBuilder more = builder;
  EXPECT_TRUE(builder.Build(x).ok());
  EXPECT_THAT(ErrorOf(more.Build(more.Scale("one past", 1, x))), HasSubstr("one past"));
}

TEST(GraphBuilderTest, InfersShapes) {
  GraphBuilder b;
  ValueId x = b.Input("x", ElementType::kF32, {2, 3, 4});
  EXPECT_EQ(b.ShapeOf(b.Gather("g", b.Weight("t", {9, 7}), b.Input("i", ElementType::kI32, {2, 5}))), Shape({2, 5, 7}));
  EXPECT_EQ(b.ShapeOf(b.MatMul("m", x, b.Weight("w", {4, 6}))), Shape({2, 3, 6}));
  EXPECT_EQ(b.ShapeOf(b.MatMul("mt", x, b.Weight("v", {6, 4}), std::nullopt, {.transpose_b = true})), Shape({2, 3, 6}));
  EXPECT_EQ(b.ShapeOf(b.MatMul("mm", x, x, std::nullopt, {.transpose_a = true})), Shape({2, 4, 4}));
  EXPECT_EQ(b.ShapeOf(b.Binary("b", BinaryFunction::kAdd, x, b.Weight("c", {3, 1}))), Shape({2, 3, 4}));
  EXPECT_EQ(b.ShapeOf(b.Transpose("t2", x, {2, 0, 1})), Shape({4, 2, 3}));
  EXPECT_EQ(b.ShapeOf(b.Slice("s", x, {.axis = 1, .begin = 1, .end = 1})), Shape({2, 0, 4}));
  EXPECT_EQ(b.ShapeOf(b.Reshape("r", x, {6, 4})), Shape({6, 4}));
}

TEST(LowerCompositesTest, LeavesOnlyPrimitivesAndKeepsShapeAndName) {
  GraphBuilder b;
  ValueId x = b.Input("x", ElementType::kF32, {2, 3, 8});
  absl::StatusOr<Graph> graph = b.Build(b.Attention("att", x, x, x, {.heads = 2, .scale = 0.5, .causal = true}));
  ASSERT_TRUE(graph.ok());
  absl::StatusOr<Graph> lowered = LowerComposites(*graph);
  ASSERT_TRUE(lowered.ok()) << lowered.status();
  for (const Node& node : lowered->nodes()) EXPECT_FALSE(IsComposite(node.op)) << node.name;
  EXPECT_EQ(lowered->node(lowered->output()).name, "att");
  EXPECT_EQ(lowered->node(lowered->output()).shape, Shape({2, 3, 8}));
}

TEST(LowerCompositesTest, KeepsWhatABackendClaims) {
  GraphBuilder b;
  ValueId x = b.Input("x", ElementType::kF32, {1, 2, 2});
  absl::StatusOr<Graph> graph = b.Build(b.Attention("att", x, x, x, {}));
  absl::StatusOr<Graph> lowered =
      LowerComposites(*graph, [](const Node& node) { return node.op == OpKind::kAttention; });
  EXPECT_EQ(lowered->nodes().size(), graph->nodes().size());
}

TEST(NodeCostTest, CountsMultiplicationsAndAdditions) {
  GraphBuilder b;
  ValueId x = b.Input("x", ElementType::kF32, {2, 3, 4});
  ValueId product = b.MatMul("m", x, b.Weight("w", {4, 6}));
  absl::StatusOr<Graph> graph = b.Build(product);
  EXPECT_EQ(NodeCost(*graph, graph->node(product)), 2.0 * 2 * 3 * 4 * 6);
  EXPECT_EQ(NodeCost(*graph, graph->node(x)), 0);
}

// Two positions, one head, values worked out by hand: position 0 sees only itself, position 1 both alike.
TEST(AttentionTest, HandComputed) {
  GraphBuilder b;
  ValueId q = b.Input("q", ElementType::kF32, {1, 2, 1});
  ValueId v = b.Input("v", ElementType::kF32, {1, 2, 1});
  absl::StatusOr<Graph> graph = b.Build(b.Attention("att", q, q, v, {.heads = 1, .scale = 1, .causal = true}));
  ASSERT_TRUE(graph.ok());
  const std::vector<float> zeros = {0, 0};
  const std::vector<float> values = {3, 5};
  for (const Backend* backend : Backends()) {
    if (!backend->Available().ok()) continue;
    auto plan = backend->Plan(*graph);
    ASSERT_TRUE(plan.ok()) << plan.status();
    auto run = (*plan)->Run({.values = {{"q", zeros}, {"v", values}}});
    ASSERT_TRUE(run.ok()) << run.status();
    EXPECT_THAT(run->output(), testing::ElementsAre(3, 4)) << backend->name();
  }
}

}  // namespace
}  // namespace plumb
