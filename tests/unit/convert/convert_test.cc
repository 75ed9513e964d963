#include "plumb/convert/convert.h"

#include <numeric>

#include "tests/unit/convert/convert_testing.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A tensor of each type that `holds` says, and of each number of dimensions, empty ones among them.
std::unique_ptr<TensorSource> Everything(const std::vector<DType>& types) {
  SourceBuilder builder;
  for (DType dtype : types) {
    const std::string name(DTypeName(dtype));
    const uint64_t row = BlockOf(dtype).elements;
    builder.AddAny(name + ".matrix", dtype, {3, 2 * row});
    builder.AddAny(name + ".empty", dtype, {0, row});
    if (row == 1) builder.AddAny(name + ".scalar", dtype, {});
    builder.AddAny(name + ".four", dtype, {2, 1, 3, row});
  }
  return builder.Build();
}

std::vector<DType> TypesOf(bool (*holds)(DType)) {
  std::vector<DType> types;
  for (int i = 0; i < kDTypeCount; ++i) {
    if (holds(static_cast<DType>(i))) types.push_back(static_cast<DType>(i));
  }
  return types;
}

using ConvertRoundTripTest = ConvertTest;

TEST_F(ConvertRoundTripTest, EveryTypeOfSafetensors) {
  const auto source = Everything(TypesOf(IsSafetensorsDType));
  EXPECT_EQ(Contents(*Converted(*source, "a.safetensors")), Contents(*source));
  EXPECT_EQ(report_.converted, 0u);
}

TEST_F(ConvertRoundTripTest, EveryTypeThroughGguf) {
  const auto source = Everything(
      {DType::kI8, DType::kI16, DType::kI32, DType::kI64, DType::kF16, DType::kBF16, DType::kF32, DType::kF64});
  const auto gguf = Converted(*source, "a.gguf");
  EXPECT_EQ(Contents(*gguf), Contents(*source));
  EXPECT_EQ(Contents(*Converted(*gguf, "a.safetensors")), Contents(*source));
}

TEST_F(ConvertRoundTripTest, EveryTypeThroughNpz) {
  const auto source =
      Everything({DType::kBool, DType::kU8, DType::kI8, DType::kU16, DType::kI16, DType::kU32, DType::kI32, DType::kU64,
                  DType::kI64, DType::kF16, DType::kF32, DType::kF64, DType::kC64});
  const auto npz = Converted(*source, "a.npz");
  EXPECT_EQ(Contents(*npz), Contents(*source));
  EXPECT_EQ(Contents(*Converted(*npz, "a.safetensors")), Contents(*source));
}

TEST_F(ConvertRoundTripTest, EveryTypeThroughPytorch) {
  const auto source =
      Everything({DType::kBool, DType::kU8, DType::kI8, DType::kU16, DType::kI16, DType::kU32, DType::kI32, DType::kU64,
                  DType::kI64, DType::kF16, DType::kBF16, DType::kF32, DType::kF64, DType::kC64, DType::kF8E4M3,
                  DType::kF8E5M2, DType::kF8E4M3Fnuz, DType::kF8E5M2Fnuz, DType::kF8E8M0});
  const auto checkpoint = Converted(*source, "a.pt");
  EXPECT_EQ(Contents(*checkpoint), Contents(*source));
  EXPECT_EQ(Contents(*Converted(*checkpoint, "a.safetensors")), Contents(*source));
}

TEST_F(ConvertRoundTripTest, EveryBlockTypeOfGguf) {
  const auto source = Everything(TypesOf(IsGgmlBlockDType));
  EXPECT_EQ(Contents(*Converted(*source, "a.gguf")), Contents(*source));
}

TEST_F(ConvertRoundTripTest, ManyPiecesAndTheirSums) {
  // Over several pieces of any kind, so that sums are combined.
  SourceBuilder builder;
  builder.AddAny("odd", DType::kU8, {(9u << 20) + 7});
  std::vector<float> values(2'000'003);
  std::iota(values.begin(), values.end(), -1e6f);
  builder.AddFloats("floats", {values.size()}, values);
  const auto source = builder.Build();
  EXPECT_EQ(Contents(*Converted(*source, "a.npz")), Contents(*source));
  EXPECT_EQ(Contents(*Converted(*source, "a.pt")), Contents(*source));
  const auto half = Converted(*source, "b.pt", {.dtype = DType::kF16});
  std::vector<float> found(values.size());
  ASSERT_TRUE(half->ReadF32(*half->Find("floats"), 0, found).ok());
  EXPECT_EQ(found[1'000'000], 0.0f);
  EXPECT_EQ(found[1'000'003], 3.0f);
}

TEST_F(ConvertRoundTripTest, TheOrderOfTensorsStays) {
  const auto source = SourceBuilder().AddAny("b", DType::kF32, {2}).AddAny("a", DType::kF32, {2}).Build();
  for (const char* name : {"a.gguf", "a.npz", "a.pt"}) {
    const auto converted = Converted(*source, name);
    EXPECT_EQ(converted->tensors()[0].name, "b") << name;
  }
}

TEST_F(ConvertTest, TiedWeightsStayTiedInPytorch) {
  const auto source = SourceBuilder()
                          .AddAny("base", DType::kF32, {4, 6})
                          .AddAny("other", DType::kF32, {3})
                          .AddView("tied", "base", {4, 6}, {}, 0)
                          .AddView("transposed", "base", {6, 4}, {1, 6}, 0)
                          .AddView("part", "base", {2, 2}, {6, 1}, 7)
                          .Build();
  const auto checkpoint = Converted(*source, "a.pt");
  EXPECT_EQ(Contents(*checkpoint), Contents(*source));
  EXPECT_EQ(report_.unshared, 0u);
  ASSERT_TRUE(checkpoint->Find("base")->shared_storage.has_value());
  for (const char* name : {"tied", "transposed", "part"}) {
    EXPECT_EQ(checkpoint->Find(name)->shared_storage, checkpoint->Find("base")->shared_storage) << name;
    EXPECT_EQ(checkpoint->Find(name)->strides, source->Find(name)->strides) << name;
  }
  EXPECT_FALSE(checkpoint->Find("other")->shared_storage.has_value());
  EXPECT_LT(report_.file_bytes, 4000u);
  // Again, and elsewhere: a view of its own each.
  EXPECT_EQ(Contents(*Converted(*checkpoint, "b.pt")), Contents(*source));
  EXPECT_EQ(Contents(*Converted(*checkpoint, "a.safetensors")), Contents(*source));
  EXPECT_EQ(report_.unshared, 4u);
}

TEST_F(ConvertTest, ConvertedTiedWeightsStayTied) {
  const auto source =
      SourceBuilder().AddFloats("base", {2, 2}, {1, 2, 3, 4}).AddView("tied", "base", {2, 2}, {1, 2}, 0).Build();
  const auto checkpoint = Converted(*source, "a.pt", {.dtype = DType::kF16});
  EXPECT_TRUE(checkpoint->Find("base")->shared_storage.has_value());
  std::vector<float> values(4);
  ASSERT_TRUE(checkpoint->ReadF32(*checkpoint->Find("tied"), 0, values).ok());
  EXPECT_THAT(values, ElementsAre(1, 3, 2, 4));
}

TEST_F(ConvertTest, ViewsThatNoStorageCanHoldBecomeTensorsOfTheirOwn) {
  // The second view begins within an element of the first.
  SourceBuilder builder;
  builder.AddAny("a", DType::kU8, {8});
  TensorSourceParts parts{.format = "memory"};
  parts.files.push_back({"memory", MemoryByteSource("0123456789ab")});
  parts.tensors.push_back({.name = "a", .dtype = DType::kF32, .shape = {2}, .ranges = {{0, 0, 8}}});
  parts.tensors.push_back({.name = "b", .dtype = DType::kF32, .shape = {2}, .ranges = {{0, 2, 10}}});
  parts.tensors.push_back({.name = "c", .dtype = DType::kU8, .shape = {4}, .ranges = {{0, 0, 4}}});
  for (SourceTensor& tensor : parts.tensors) tensor.shared_storage = 0;
  const auto source = TensorSource::New(std::move(parts)).value();
  const auto checkpoint = Converted(*source, "a.pt");
  EXPECT_EQ(Contents(*checkpoint), Contents(*source));
  EXPECT_EQ(report_.unshared, 3u);
}

TEST_F(ConvertTest, ExpandedTensorsStaySmallInPytorch) {
  const auto source =
      SourceBuilder().AddFloats("one", {1}, {5}).AddView("many", "one", {1000, 1000}, {0, 0}, 0).Build();
  const auto checkpoint = Converted(*source, "a.pt");
  EXPECT_LT(report_.file_bytes, 3000u);
  EXPECT_EQ(checkpoint->Find("many")->element_count(), 1'000'000u);
}

TEST_F(ConvertTest, NothingIsLeftWhenStopped) {
  const auto source = SourceBuilder().AddAny("a", DType::kU8, {10u << 20}).Build();
  ConvertOptions options;
  options.progress = [](uint64_t done_bytes, uint64_t total_bytes) {
    EXPECT_LE(done_bytes, total_bytes);
    return absl::CancelledError("interrupted");
  };
  EXPECT_EQ(ErrorOf(*source, "a.npz", options), "interrupted");
  EXPECT_THAT(Files(), IsEmpty());
}

TEST_F(ConvertTest, ProgressEndsAtTheTotal) {
  const auto source = SourceBuilder().AddAny("a", DType::kU8, {10u << 20}).AddAny("b", DType::kF32, {5}).Build();
  uint64_t last = 0, total = 0;
  ConvertOptions options;
  options.progress = [&](uint64_t done_bytes, uint64_t total_bytes) {
    EXPECT_GT(done_bytes, last);
    last = done_bytes;
    total = total_bytes;
    return absl::OkStatus();
  };
  Converted(*source, "a.safetensors", options);
  EXPECT_EQ(total, (10u << 20) + 20);
  EXPECT_EQ(last, total);
}

TEST_F(ConvertTest, ReplacesOnlyWhenTold) {
  const auto source = SourceBuilder().AddAny("a", DType::kF32, {2}).Build();
  folder_.Write("a.npz", "precious");
  absl::StatusOr<ConvertReport> report = Convert(*source, "a.npz");
  EXPECT_TRUE(absl::IsAlreadyExists(report.status())) << report.status();
  EXPECT_EQ(folder_.Read("a.npz"), "precious");
  EXPECT_EQ(Contents(*Converted(*source, "a.npz", {.replace = true})), Contents(*source));
  EXPECT_THAT(Files(), ElementsAre("a.npz"));
}

TEST_F(ConvertTest, AFileCanBeReplacedByItsOwnConversion) {
  const auto source = SourceBuilder().AddFloats("a", {2}, {1, 2}).Build();
  Converted(*source, "a.safetensors");
  const auto opened = Open("a.safetensors");
  const auto replaced = Converted(*opened, "a.safetensors", {.dtype = DType::kBF16, .replace = true});
  EXPECT_EQ(replaced->Find("a")->dtype, DType::kBF16);
}

TEST_F(ConvertTest, NamesTheFolderThatIsMissingOrInTheWay) {
  const auto source = SourceBuilder().AddAny("a", DType::kF32, {2}).Build();
  EXPECT_TRUE(absl::IsNotFound(Convert(*source, "missing/a.npz").status()));
  std::filesystem::create_directory(folder_.PathOf("b.npz"));
  EXPECT_THAT(ErrorOf(*source, "b.npz", {.replace = true}), HasSubstr("is a folder"));
}

TEST_F(ConvertTest, LimitsOfTheTargetAreErrorsThatNameTheTensor) {
  const auto deep = SourceBuilder().AddAny("deep", DType::kF32, {1, 1, 1, 1, 2}).Build();
  EXPECT_THAT(ErrorOf(*deep, "a.gguf"), HasSubstr("\"deep\" has 5 dimensions, GGUF takes 4"));
  const std::string name(64, 'x');
  const auto wordy = SourceBuilder().AddAny(name, DType::kF32, {2}).Build();
  EXPECT_THAT(ErrorOf(*wordy, "a.gguf"), HasSubstr("has a name of 64 bytes, GGUF takes 63"));
  const auto nothing = SourceBuilder().Build();
  EXPECT_THAT(ErrorOf(*nothing, "a.npz"), HasSubstr("no tensors"));
  EXPECT_THAT(Files(), IsEmpty());
  EXPECT_TRUE(Contents(*Converted(*nothing, "a.safetensors")).empty());
}

TEST_F(ConvertTest, EndingsAndNamesOfFormats) {
  EXPECT_EQ(ConvertTargetOf("x/pytorch_model.bin"), ConvertTarget::kPytorch);
  EXPECT_EQ(ConvertTargetOf("x.pth"), ConvertTarget::kPytorch);
  EXPECT_EQ(ConvertTargetOf("x.onnx"), std::nullopt);
  for (const char* name : {"safetensors", "gguf", "npz", "pytorch"}) {
    EXPECT_EQ(ConvertTargetName(ParseConvertTarget(name).value()), name);
  }
  EXPECT_EQ(ParseConvertTarget("onnx"), std::nullopt);
}

}  // namespace
}  // namespace plumb
