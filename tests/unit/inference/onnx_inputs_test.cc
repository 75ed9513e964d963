// Shapes of inputs whose dimensions a model leaves open: pictures, sounds, sequences, and what cannot be known.
#include "verify/inference/check/onnx_inputs.h"

#include <gmock/gmock.h>

#include "plumb/base/status.h"
#include "tests/unit/inference/test_util.h"
#include "tests/unit/onnx/onnx_writer.h"

namespace plumb {
namespace {

using namespace onnx_writer;
using testing::HasSubstr;

// An input whose dimensions of -1 have no size and no name; those of -2 have a name that says nothing.
std::string OpenInput(std::string_view name, int type, const std::vector<int64_t>& dims) {
  std::string shape;
  for (int64_t dim : dims) shape += Bytes(1, dim == -1 ? "" : dim == -2 ? Bytes(2, "unk__3") : Int(1, dim));
  return Bytes(11, Bytes(1, name) + Bytes(2, Bytes(1, Int(1, type) + Bytes(2, shape))));
}

// An input of which not even the rank is declared.
std::string ShapelessInput(std::string_view name, int type) {
  return Bytes(11, Bytes(1, name) + Bytes(2, Bytes(1, Int(1, type))));
}

std::string Filters(const std::vector<int64_t>& dims) {
  int64_t count = 1;
  for (int64_t dim : dims) count *= dim;
  return Initializer(Tensor("w", 1, dims, Raw(std::vector<float>(static_cast<size_t>(count), 0.1f))));
}

absl::StatusOr<Shape> ShapeFor(const std::string& graph) {
  absl::StatusOr<std::unique_ptr<OnnxModel>> model = OnnxModel::FromBytes(onnx_writer::Model(graph + Output("y")));
  if (!model.ok()) return model.status();
  PLUMB_ASSIGN_OR_RETURN(OnnxValues values, ChooseOnnxInputs(**model, 128));
  return values.at("x").shape;
}

const std::string kConv = NodeField("Conv", {"x", "w"}, {"y"});
const std::string kMatMul = NodeField("MatMul", {"x", "w"}, {"y"});
const std::string kRelu = NodeField("Relu", {"x"}, {"y"});

TEST(OnnxInputs, PicturesHaveTheirFiltersChannelsAndAUsualSize) {
  for (int64_t open : {-1, -2}) {
    EXPECT_EQ(*ShapeFor(kConv + OpenInput("x", 1, {open, 3, -1, -1}) + Filters({4, 3, 3, 3})), Shape({1, 3, 224, 224}));
    EXPECT_EQ(*ShapeFor(kConv + OpenInput("x", 1, {open, -1, -1, -1}) + Filters({4, 1, 3, 3})),
              Shape({1, 1, 224, 224}));
  }
  EXPECT_EQ(*ShapeFor(kRelu + OpenInput("x", 1, {-1, -1, -1, 3})), Shape({1, 224, 224, 3}));
  EXPECT_EQ(*ShapeFor(kRelu + OpenInput("x", 1, {-1, -1, -1, -1})), Shape({1, 3, 224, 224}));
}

TEST(OnnxInputs, TurnedAndNormalisedPicturesAreFollowedToTheirConvolution) {
  std::string turned = Bytes(1, "perm");
  for (int64_t axis : {0, 3, 1, 2}) turned += Int(8, axis);
  const std::string graph =
      NodeField("Sub", {"x", "mean"}, {"a"}) + NodeField("Transpose", {"a"}, {"b"}, Bytes(5, turned + Int(20, 7))) +
      NodeField("Conv", {"b", "w"}, {"y"}) + Initializer(Tensor("mean", 1, {}, Raw(std::vector<float>{0.5f})));
  EXPECT_EQ(*ShapeFor(graph + OpenInput("x", 1, {-1, -1, -1, -1}) + Filters({4, 3, 3, 3})), Shape({1, 224, 224, 3}));
  EXPECT_EQ(*ShapeFor(kConv + ShapelessInput("x", 1) + Filters({4, 3, 3, 3})), Shape({1, 3, 224, 224}));
}

TEST(OnnxInputs, APictureOfAnotherSizeIsTried) {
  // 56 x 56 of 4: only 224 fits. And 64 x 64 for a product that wants 4,096 numbers.
  const std::string flat = NodeField("Flatten", {"x"}, {"f"}) + NodeField("MatMul", {"f", "w"}, {"y"});
  EXPECT_EQ(*ShapeFor(flat + OpenInput("x", 1, {1, 1, -1, -1}) + Filters({64 * 64, 2})), Shape({1, 1, 64, 64}));
}

TEST(OnnxInputs, SoundsAreASecondLong) {
  EXPECT_EQ(*ShapeFor(kRelu + OpenInput("x", 1, {-1, -1})), Shape({1, 16000}));
  EXPECT_EQ(*ShapeFor(kRelu + OpenInput("x", 1, {-1})), Shape({16000}));
  EXPECT_EQ(*ShapeFor(kConv + OpenInput("x", 1, {-1, -1, -1}) + Filters({4, 1, 9})), Shape({1, 1, 16000}));
}

TEST(OnnxInputs, FramesAndFeaturesComeFromTheFirstProduct) {
  EXPECT_EQ(*ShapeFor(kMatMul + OpenInput("x", 1, {-1, -1}) + Filters({40, 2})), Shape({1, 40}));
  EXPECT_EQ(*ShapeFor(kMatMul + OpenInput("x", 1, {-1, -1, 80}) + Filters({80, 2})), Shape({1, 128, 80}));
  EXPECT_EQ(*ShapeFor(kConv + OpenInput("x", 1, {-1, -1, -1}) + Filters({4, 80, 3})), Shape({1, 80, 128}));
  EXPECT_EQ(*ShapeFor(kMatMul + ShapelessInput("x", 1) + Filters({40, 2})), Shape({1, 40}));
}

TEST(OnnxInputs, WholeNumbersAreSequences) {
  EXPECT_EQ(*ShapeFor(NodeField("Cast", {"x"}, {"y"}, IntAttribute("to", 1)) + OpenInput("x", 7, {-1, -1})),
            Shape({1, 128}));
}

TEST(OnnxInputs, WhatNothingSaysIsNamedAndNotMadeUp) {
  const absl::StatusOr<Shape> five = ShapeFor(kRelu + OpenInput("x", 1, {1, 2, -1, -1, 4}));
  EXPECT_TRUE(absl::IsUnimplemented(five.status()));
  EXPECT_THAT(std::string(Message(five.status())), HasSubstr("x[2], x[3]"));
  const absl::StatusOr<Shape> shapeless = ShapeFor(kRelu + ShapelessInput("x", 1));
  EXPECT_TRUE(absl::IsUnimplemented(shapeless.status()));
  EXPECT_THAT(std::string(Message(shapeless.status())), HasSubstr("x (no shape is declared)"));
}

}  // namespace
}  // namespace plumb
