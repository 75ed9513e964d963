#include "plumb/weights/conventions.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

SourceTensor T(std::string name, DType dtype, std::vector<uint64_t> shape) {
  return {.name = std::move(name), .dtype = dtype, .shape = std::move(shape)};
}

void ExpectOne(const std::vector<SourceTensor>& tensors, std::string_view name, std::string_view detail,
               uint64_t parameters) {
  ConventionReport report = RecogniseConventions(tensors);
  ASSERT_EQ(report.conventions.size(), 1u);
  EXPECT_EQ(report.conventions[0].name, name);
  EXPECT_EQ(report.conventions[0].detail, detail);
  EXPECT_EQ(report.conventions[0].weights, 1u);
  EXPECT_EQ(report.conventions[0].parameters, parameters);
  EXPECT_EQ(report.parameters, parameters);
}

void ExpectNone(const std::vector<SourceTensor>& tensors) {
  EXPECT_TRUE(RecogniseConventions(tensors).conventions.empty());
}

TEST(ConventionsTest, PlainTensorsAreCountedAsTheyAre) {
  ConventionReport report = RecogniseConventions(std::vector<SourceTensor>{
      T("a.weight", DType::kF32, {3, 4}), T("a.bias", DType::kF32, {3}), T("s", DType::kString, {9})});
  EXPECT_TRUE(report.conventions.empty());
  EXPECT_EQ(report.parameters, 15u);
}

TEST(ConventionsTest, SharedStorageCountsOnce) {
  std::vector<SourceTensor> tensors = {T("a", DType::kF32, {8}), T("b", DType::kF32, {8}), T("c", DType::kF32, {8})};
  tensors[0].shared_storage = 0;
  tensors[2].shared_storage = 0;
  EXPECT_EQ(RecogniseConventions(tensors).parameters, 16u);
}

TEST(ConventionsTest, Gptq) {
  // 4096 inputs, 1024 outputs.
  std::vector<SourceTensor> tensors = {T("l.qweight", DType::kI32, {512, 1024}), T("l.qzeros", DType::kI32, {32, 128}),
                                       T("l.scales", DType::kF16, {32, 1024}), T("l.g_idx", DType::kI32, {4096})};
  ExpectOne(tensors, "GPTQ", "4 bits, groups of 128", 4096 * 1024);
  tensors[1].shape = {32, 256};
  tensors[0].shape = {1024, 1024};
  ExpectOne(tensors, "GPTQ", "8 bits, groups of 128", 4096 * 1024);
}

TEST(ConventionsTest, Awq) {
  ExpectOne({T("l.qweight", DType::kI32, {4096, 128}), T("l.qzeros", DType::kI32, {32, 128}),
             T("l.scales", DType::kF16, {32, 1024})},
            "AWQ", "4 bits, groups of 128", 4096 * 1024);
}

TEST(ConventionsTest, IntegerGroupsNeedTheirPartsAndShapes) {
  ExpectNone({T("l.qweight", DType::kI32, {4096, 128}), T("l.scales", DType::kF16, {32, 1024})});
  ExpectNone({T("l.qweight", DType::kI32, {4096, 77}), T("l.qzeros", DType::kI32, {32, 128}),
              T("l.scales", DType::kF16, {32, 1024})});
  ExpectNone({T("l.qweight", DType::kI32, {4096, 128}), T("l.qzeros", DType::kI32, {32, 128}),
              T("l.scales", DType::kF16, {0, 0})});
  ExpectNone({T("l.qweight", DType::kF32, {4096, 128}), T("l.qzeros", DType::kI32, {32, 128}),
              T("l.scales", DType::kF16, {32, 1024})});
}

TEST(ConventionsTest, BitsAndBytes) {
  ExpectOne({T("l.weight", DType::kU8, {64, 1}), T("l.weight.absmax", DType::kU8, {2}),
             T("l.weight.quant_map", DType::kF32, {16}), T("l.weight.nested_absmax", DType::kF32, {1}),
             T("l.weight.nested_quant_map", DType::kF32, {256}),
             T("l.weight.quant_state.bitsandbytes__nf4", DType::kU8, {90})},
            "bitsandbytes", "nf4, scales quantised too", 128);
  ExpectOne({T("l.weight", DType::kI8, {4, 8}), T("l.SCB", DType::kF32, {4})}, "bitsandbytes", "int8", 32);
  ExpectNone({T("l.weight", DType::kU8, {64, 1}), T("l.weight.absmax", DType::kU8, {2})});
  ExpectNone({T("l.weight", DType::kI8, {4, 8})});
}

TEST(ConventionsTest, FourBitFloats) {
  ExpectOne({T("e.down_proj_blocks", DType::kU8, {8, 64, 2, 16}), T("e.down_proj_scales", DType::kU8, {8, 64, 2})},
            "MXFP4", "groups of 32", 8 * 64 * 64);
  ExpectNone({T("e_blocks", DType::kU8, {8, 2, 15}), T("e_scales", DType::kU8, {8, 2})});
  ExpectOne({T("l.weight_packed", DType::kU8, {64, 32}), T("l.weight_scale", DType::kF8E4M3, {64, 4}),
             T("l.weight_global_scale", DType::kF32, {1}), T("l.input_global_scale", DType::kF32, {1})},
            "NVFP4", "groups of 16", 64 * 64);
}

TEST(ConventionsTest, Fp8) {
  std::vector<SourceTensor> tensors = {T("l.weight", DType::kF8E4M3, {576, 7168}),
                                       T("l.weight_scale_inv", DType::kF32, {5, 56})};
  ExpectOne(tensors, "FP8", "blocks of 128x128", 576 * 7168);
  tensors[1] = T("l.weight_scale", DType::kF32, {576, 1});
  ExpectOne(tensors, "FP8", "a scale for each row", 576 * 7168);
  tensors[1] = T("l.weight_scale", DType::kF32, {});
  tensors.push_back(T("l.input_scale", DType::kF32, {}));
  ExpectOne(tensors, "FP8", "one scale", 576 * 7168);
  tensors[0].dtype = DType::kBF16;
  ExpectNone(tensors);
}

TEST(ConventionsTest, WeightsOfOneKindAreGroupedAndTheRestStays) {
  ConventionReport report = RecogniseConventions(std::vector<SourceTensor>{
      T("0.weight", DType::kF8E4M3, {4, 4}), T("0.weight_scale", DType::kF32, {}),
      T("1.weight", DType::kF8E4M3, {4, 4}), T("1.weight_scale", DType::kF32, {}), T("norm.weight", DType::kBF16, {4}),
      T("2.weight", DType::kI8, {2, 2}), T("2.SCB", DType::kF32, {2})});
  ASSERT_EQ(report.conventions.size(), 2u);
  EXPECT_EQ(report.conventions[0].name, "FP8");
  EXPECT_EQ(report.conventions[0].weights, 2u);
  EXPECT_EQ(report.conventions[1].name, "bitsandbytes");
  EXPECT_EQ(report.parameters, 16u + 16 + 4 + 4);
}

}  // namespace
}  // namespace plumb
