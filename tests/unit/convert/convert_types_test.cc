// What --dtype does, and what it does not.
#include <cmath>
#include <limits>

#include "plumb/gguf/quantise.h"
#include "tests/unit/convert/convert_testing.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

using ConvertTypesTest = ConvertTest;

std::vector<float> Wave(size_t count) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = std::sin(static_cast<float>(i) * 0.37f) * 3;
  return values;
}

// A model in small: a matrix, a matrix of odd rows, a bias, a scalar, integers and a mask.
std::unique_ptr<TensorSource> Model() {
  return SourceBuilder()
      .AddFloats("matrix", {4, 256}, Wave(1024))
      .AddFloats("odd", {4, 100}, Wave(400))
      .AddFloats("bias", {256}, Wave(256))
      .AddFloats("scale", {}, {0.5f})
      .AddAny("ids", DType::kI64, {8, 32})
      .Build();
}

TEST_F(ConvertTypesTest, BlocksTakeMatricesOfWholeBlocksOnly) {
  const auto source = Model();
  for (DType dtype : ConvertTypesOf(ConvertTarget::kGguf)) {
    if (!IsGgmlBlockDType(dtype)) continue;
    const auto gguf = Converted(*source, std::string(DTypeName(dtype)) + ".gguf", {.dtype = dtype});
    EXPECT_EQ(gguf->Find("matrix")->dtype, dtype);
    EXPECT_EQ(gguf->Find("odd")->dtype, DType::kF16);
    for (const char* name : {"bias", "scale"}) EXPECT_EQ(gguf->Find(name)->dtype, DType::kF32) << name;
    EXPECT_EQ(gguf->Find("ids")->dtype, DType::kI64);
    EXPECT_EQ(report_.not_asked, 2u);
    EXPECT_EQ(report_.converted, 2u);
    EXPECT_THAT(report_.fallbacks, ElementsAre(Pair(DType::kF16, 1u)));
    EXPECT_EQ(Contents(*gguf)["matrix"].bytes, gguf::Quantised(dtype, Wave(1024)).value());
  }
}

// As llama.cpp does it: Q4_K of rows of 32 becomes Q5_0, ternary ones Q4_0, other rows F16.
TEST_F(ConvertTypesTest, RowsThatDoNotFitTakeTheNextType) {
  const std::tuple<DType, DType, uint64_t> cases[] = {
      {DType::kQ4_K, DType::kQ5_0, 8}, {DType::kTQ1_0, DType::kQ4_0, 2}, {DType::kTQ2_0, DType::kQ4_0, 2}};
  for (const auto& [asked, made, file_type] : cases) {
    const auto source = SourceBuilder()
                            .AddMetadata("general.file_type", uint64_t{0}, "u32")
                            .AddFloats("whole", {1, 256}, Wave(256))
                            .AddFloats("narrow", {8, 96}, Wave(768))
                            .AddFloats("odd", {2, 33}, Wave(66))
                            .Build();
    const auto gguf = Converted(*source, std::string(DTypeName(asked)) + ".gguf", {.dtype = asked});
    EXPECT_EQ(gguf->Find("whole")->dtype, asked);
    EXPECT_EQ(gguf->Find("narrow")->dtype, made);
    EXPECT_EQ(gguf->Find("odd")->dtype, DType::kF16);
    EXPECT_THAT(report_.fallbacks, testing::UnorderedElementsAre(Pair(made, 1u), Pair(DType::kF16, 1u)));
    // What most elements are.
    EXPECT_EQ(gguf->metadata().Unsigned("general.file_type"), file_type);
  }
}

TEST_F(ConvertTypesTest, AFileWithoutOneQuantisedTensorIsNotWritten) {
  const auto source = SourceBuilder().AddFloats("odd", {4, 100}, Wave(400)).AddFloats("bias", {256}, Wave(256)).Build();
  EXPECT_THAT(ErrorOf(*source, "a.gguf", {.dtype = DType::kQ4_K}),
              HasSubstr("no tensor can be made q4_k: it takes matrices whose rows are a multiple of 256"));
  EXPECT_THAT(ErrorOf(*source, "a.gguf", {.dtype = DType::kQ8_0}), HasSubstr("a multiple of 32"));
  EXPECT_THAT(Files(), IsEmpty());
  Converted(*source, "a.gguf", {.dtype = DType::kF16});
}

TEST_F(ConvertTypesTest, HalvesInGgufLeaveVectorsF32) {
  const auto gguf = Converted(*Model(), "a.gguf", {.dtype = DType::kF16});
  EXPECT_EQ(gguf->Find("matrix")->dtype, DType::kF16);
  EXPECT_EQ(gguf->Find("odd")->dtype, DType::kF16);
  EXPECT_EQ(gguf->Find("bias")->dtype, DType::kF32);
  EXPECT_EQ(report_.not_asked, 2u);
}

TEST_F(ConvertTypesTest, ElsewhereEveryFloatIsConvertedAndNoInteger) {
  for (const char* name : {"a.safetensors", "a.npz", "a.pt"}) {
    const auto made = Converted(*Model(), name, {.dtype = DType::kF16});
    for (const char* tensor : {"matrix", "odd", "bias", "scale"}) {
      EXPECT_EQ(made->Find(tensor)->dtype, DType::kF16) << name;
    }
    EXPECT_EQ(Contents(*made)["ids"], Contents(*Model())["ids"]);
    EXPECT_EQ(report_.converted, 4u);
    EXPECT_EQ(report_.not_asked, 0u);
  }
}

TEST_F(ConvertTypesTest, ATensorOfTheAskedTypeIsCopied) {
  // Bits that conversion by way of float32 would not keep: a signalling NaN.
  const auto source = SourceBuilder().Add("a", DType::kBF16, {2}, std::string_view("\x81\x7f\x01\x80", 4)).Build();
  EXPECT_EQ(Contents(*Converted(*source, "a.safetensors", {.dtype = DType::kBF16})), Contents(*source));
  EXPECT_EQ(report_.converted, 0u);
}

TEST_F(ConvertTypesTest, SmallFloatsAreWidened) {
  const auto source = SourceBuilder()
                          .Add("e4m3", DType::kF8E4M3, {2}, "\x38\x7e")
                          .Add("f64", DType::kF64, {1}, std::string_view("\0\0\0\0\0\0\xf8\x3f", 8))
                          .Build();
  const auto made = Converted(*source, "a.npz", {.dtype = DType::kF32});
  std::vector<float> values(2);
  ASSERT_TRUE(made->ReadF32(*made->Find("e4m3"), 0, values).ok());
  EXPECT_THAT(values, ElementsAre(1, 448));
  values.resize(1);
  ASSERT_TRUE(made->ReadF32(*made->Find("f64"), 0, values).ok());
  EXPECT_THAT(values, ElementsAre(1.5f));
}

TEST_F(ConvertTypesTest, WhatTheTargetDoesNotHaveIsNamedWithAWayOut) {
  const auto halves = SourceBuilder().AddAny("w", DType::kBF16, {2}).Build();
  EXPECT_EQ(ErrorOf(*halves, "a.npz"),
            "1 of 1 tensors cannot be written as npz: tensor \"w\" is BF16, which npz does not have: convert it with "
            "--dtype f32 or --dtype f16");
  const auto eights = SourceBuilder().AddAny("w", DType::kF8E5M2, {2}).Build();
  EXPECT_THAT(ErrorOf(*eights, "a.npz"), HasSubstr("F8_E5M2, which npz does not have: convert it with --dtype f32"));
  EXPECT_THAT(ErrorOf(*eights, "a.gguf"), HasSubstr("\"w\" is F8_E5M2, which GGUF"));
  const auto blocks = SourceBuilder().AddAny("w", DType::kQ8_0, {2, 32}).Build();
  EXPECT_THAT(ErrorOf(*blocks, "a.safetensors"),
              HasSubstr("tensor \"w\" is Q8_0, which safetensors does not have: dequantise it with --dtype f32 or "
                        "--dtype f16 or --dtype bf16"));
  EXPECT_THAT(ErrorOf(*blocks, "a.pt"), HasSubstr("which PyTorch does not have: dequantise"));
  const auto bools = SourceBuilder().AddAny("mask", DType::kBool, {2}).Build();
  for (std::optional<DType> dtype : {std::optional<DType>(), std::optional(DType::kF32)}) {
    EXPECT_THAT(ErrorOf(*bools, "a.gguf", {.dtype = dtype}),
                HasSubstr("\"mask\" is BOOL, which GGUF does not have: only floats can be converted"));
  }
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(ConvertTypesTest, WhatCannotBeWrittenIsSkippedWhenAsked) {
  const auto make = [] {
    SourceBuilder builder;
    builder.AddAny("mask", DType::kBool, {2})
        .AddFloats("five", {1, 1, 1, 1, 1}, {1})
        .AddFloats(std::string(64, 'n'), {1}, {1})
        .AddFloats("w", {2}, {1, 2})
        .AddUnreadable({"s", "is sparse"})
        .AddUnreadable({"note", "holds texts", false});
    return builder.Build();
  };
  const auto source = make();
  const std::string error = ErrorOf(*source, "a.gguf");
  EXPECT_THAT(error, HasSubstr("4 of 5 tensors cannot be written as GGUF: tensor \"s\" is sparse; tensor \"mask\" is "
                               "BOOL"));
  EXPECT_THAT(error, HasSubstr("tensor \"five\" has 5 dimensions, GGUF takes 4"));
  EXPECT_THAT(error, HasSubstr("has a name of 64 bytes, GGUF takes 63"));
  EXPECT_THAT(Files(), IsEmpty());
  const auto gguf = Converted(*source, "a.gguf", {.skip = true});
  ASSERT_EQ(gguf->tensors().size(), 1u);
  EXPECT_EQ(Contents(*gguf)["w"], Contents(*source)["w"]);
  EXPECT_EQ(report_.skipped.size(), 5u);
  EXPECT_EQ(report_.skipped[0].name, "note");
}

TEST_F(ConvertTypesTest, TextsAreLeftOutWithAWordAndNothingElseIs) {
  for (const char* name : {"a.safetensors", "a.gguf", "a.npz", "a.pt"}) {
    const auto texts = SourceBuilder().AddFloats("w", {2}, {1, 2}).AddUnreadable({"t", "holds texts", false}).Build();
    Converted(*texts, name);
    ASSERT_EQ(report_.skipped.size(), 1u) << name;
    const auto sparse = SourceBuilder().AddFloats("w", {2}, {1, 2}).AddUnreadable({"s", "is sparse"}).Build();
    EXPECT_THAT(ErrorOf(*sparse, std::string("b") + name), HasSubstr("1 of 2 tensors cannot be written")) << name;
    const auto alone = SourceBuilder().AddUnreadable({"s", "is sparse"}).Build();
    EXPECT_THAT(ErrorOf(*alone, std::string("b") + name, {.skip = true}), HasSubstr("1 of 1 tensors")) << name;
  }
}

TEST_F(ConvertTypesTest, TypesThatATargetCannotMake) {
  const auto source = Model();
  EXPECT_THAT(ErrorOf(*source, "a.npz", {.dtype = DType::kBF16}),
              HasSubstr("bf16 cannot be made in npz, expected one of f32, f16"));
  EXPECT_THAT(ErrorOf(*source, "a.pt", {.dtype = DType::kQ8_0}), HasSubstr("q8_0 cannot be made in PyTorch"));
  EXPECT_THAT(ErrorOf(*source, "a.gguf", {.dtype = DType::kQ6_K}), HasSubstr("q6_k cannot be made in GGUF"));
  EXPECT_THAT(ErrorOf(*source, "a.gguf", {.dtype = DType::kI8}), HasSubstr("i8 cannot be made in GGUF"));
}

TEST_F(ConvertTypesTest, BlocksAreDequantisedAndQuantisedAgainWhenAsked) {
  const auto q8 = Converted(*Model(), "a.gguf", {.dtype = DType::kQ8_0});
  std::vector<float> values(1024);
  ASSERT_TRUE(q8->ReadF32(*q8->Find("matrix"), 0, values).ok());
  const auto plain = Converted(*q8, "a.npz", {.dtype = DType::kF32});
  EXPECT_EQ(report_.requantised, 0u);
  std::vector<float> found(1024);
  ASSERT_TRUE(plain->ReadF32(*plain->Find("matrix"), 0, found).ok());
  EXPECT_EQ(found, values);
  const auto q4 = Converted(*q8, "b.gguf", {.dtype = DType::kQ4_0});
  EXPECT_EQ(report_.requantised, 1u);
  EXPECT_EQ(Contents(*q4)["matrix"].bytes, gguf::Quantised(DType::kQ4_0, values).value());
}

TEST_F(ConvertTypesTest, NumbersTooLargeAreCounted) {
  const float inf = std::numeric_limits<float>::infinity();
  const auto source = SourceBuilder()
                          .AddFloats("large", {5}, {65519, 65520, -1e30f, inf, NAN})
                          .AddFloats("fine", {2}, {1, -65504})
                          .Build();
  for (const char* name : {"a.npz", "a.safetensors", "a.pt"}) {
    Converted(*source, name, {.dtype = DType::kF16});
    EXPECT_THAT(report_.overflowed, ElementsAre(Pair("large", 2u))) << name;
  }
  const auto top = SourceBuilder().AddFloats("top", {2}, {std::numeric_limits<float>::max(), 1}).Build();
  Converted(*top, "b.safetensors", {.dtype = DType::kBF16});
  EXPECT_THAT(report_.overflowed, ElementsAre(Pair("top", 1u)));
  const double doubles[] = {1e300, 2, -1e39};
  const auto wide =
      SourceBuilder().Add("wide", DType::kF64, {3}, {reinterpret_cast<const char*>(doubles), sizeof doubles}).Build();
  Converted(*wide, "c.safetensors", {.dtype = DType::kF32});
  EXPECT_THAT(report_.overflowed, ElementsAre(Pair("wide", 2u)));
}

TEST_F(ConvertTypesTest, ScalesTooLargeAreCounted) {
  std::vector<float> values = Wave(64);
  values[5] = 1e9f;  // Its scale in Q8_0 is no half: the whole block is lost.
  const auto source = SourceBuilder().AddFloats("w", {2, 32}, values).Build();
  Converted(*source, "a.gguf", {.dtype = DType::kQ8_0});
  EXPECT_THAT(report_.overflowed, ElementsAre(Pair("w", 32u)));
}

TEST_F(ConvertTypesTest, NoBlockTypeHoldsNanOrInfinity) {
  std::vector<float> values = Wave(4096);
  values[3000] = NAN;
  const auto source = SourceBuilder().AddFloats("w", {16, 256}, values).Build();
  for (DType dtype : {DType::kQ8_0, DType::kQ4_K}) {
    EXPECT_THAT(
        ErrorOf(*source, "a.gguf", {.dtype = dtype}),
        HasSubstr("tensor \"w\": element 3000 is nan, which " + std::string(DTypeName(dtype)) + " cannot hold"));
  }
  EXPECT_THAT(Files(), IsEmpty());
}

}  // namespace
}  // namespace plumb
