// Key-values that go along with the tensors.
#include <cmath>
#include <limits>

#include "tests/unit/convert/convert_testing.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using ConvertMetadataTest = ConvertTest;

SourceBuilder OneTensor() { return SourceBuilder().AddFloats("a", {2, 32}, std::vector<float>(64, 1)); }

// Key, type and value of each entry, in order.
std::vector<std::tuple<std::string, std::string, MetadataValue>> Entries(const TensorSource& source) {
  std::vector<std::tuple<std::string, std::string, MetadataValue>> entries;
  for (const MetadataEntry& entry : source.metadata().entries()) {
    entries.emplace_back(entry.key, entry.stored_as, entry.value);
  }
  return entries;
}

// One value of every type that GGUF has.
std::unique_ptr<TensorSource> EveryValue() {
  return OneTensor()
      .Format("gguf")
      .AddMetadata("general.architecture", std::string("llama"), "str")
      .AddMetadata("u8", uint64_t{255}, "u8")
      .AddMetadata("i8", int64_t{-128}, "i8")
      .AddMetadata("u16", uint64_t{65535}, "u16")
      .AddMetadata("i16", int64_t{-3}, "i16")
      .AddMetadata("u32", uint64_t{4096}, "u32")
      .AddMetadata("i32", int64_t{-2147483647}, "i32")
      .AddMetadata("f32", double{1e-5f}, "f32")
      .AddMetadata("bool", true, "bool")
      .AddMetadata("u64", UINT64_MAX, "u64")
      .AddMetadata("i64", INT64_MIN, "i64")
      .AddMetadata("f64", 0.1, "f64")
      .AddMetadata("inf", -std::numeric_limits<double>::infinity(), "f32")
      .AddMetadata("texts", std::vector<std::string>{"a,b", "\"q\"", ""}, "[str]")
      .AddMetadata("scores", std::vector<double>{0.1f, -2, std::numeric_limits<double>::infinity()}, "[f32]")
      .AddMetadata("types", std::vector<int64_t>{1, -1}, "[i32]")
      .AddMetadata("flags", std::vector<bool>{true, false}, "[bool]")
      .AddMetadata("none", std::vector<uint64_t>{}, "[u8]")
      .Build();
}

TEST_F(ConvertMetadataTest, GgufKeepsEveryKeyValue) {
  const auto source = EveryValue();
  const auto gguf = Converted(*source, "a.gguf");
  EXPECT_EQ(Entries(*gguf), Entries(*source));
  EXPECT_THAT(report_.dropped_keys, IsEmpty());
}

TEST_F(ConvertMetadataTest, GgufComesBackFromSafetensorsWithTypesAndOrder) {
  const auto source = EveryValue();
  const auto texts = Converted(*source, "a.safetensors");
  EXPECT_THAT(report_.dropped_keys, IsEmpty());
  EXPECT_EQ(*texts->metadata().Get<std::string>("f32"), "1e-05");
  EXPECT_EQ(*texts->metadata().Get<std::string>("texts"), R"(["a,b","\"q\"",""])");
  EXPECT_EQ(*texts->metadata().Get<std::string>("format"), "pt");
  const auto back = Converted(*texts, "b.gguf");
  EXPECT_EQ(Entries(*back), Entries(*source));
}

TEST_F(ConvertMetadataTest, SafetensorsComeBackFromGguf) {
  const auto source = OneTensor().AddMetadata("format", std::string("pt")).AddMetadata("z", std::string("1")).Build();
  const auto texts = Converted(*source, "a.safetensors");
  const auto back = Converted(*Converted(*texts, "a.gguf"), "b.safetensors");
  EXPECT_EQ(Entries(*back), Entries(*texts));
  EXPECT_EQ(folder_.Read("a.safetensors"), folder_.Read("b.safetensors"));
}

TEST_F(ConvertMetadataTest, AHostileMemoryOfTypesIsOnlyText) {
  for (const char* types : {"[", "{}", "[[\"n\"]]", "[[\"n\",\"u8\"],[\"n\",\"u8\"]]", "[[\"n\",\"u8\"]]",
                            "[[\"n\",\"x\"]]", "[[\"missing\",\"u8\"]]", "[[\"n\",\"[f32]\"]]"}) {
    const auto source = OneTensor()
                            .Format("safetensors")
                            .AddMetadata("n", std::string("256"))
                            .AddMetadata("plumb.gguf_types", std::string(types))
                            .Build();
    const auto gguf = Converted(*source, "a.gguf", {.replace = true});
    ASSERT_NE(gguf, nullptr);
    if (gguf->metadata().Get<std::string>("n") == nullptr) {
      ADD_FAILURE() << types;
    }
  }
}

TEST_F(ConvertMetadataTest, WhatIsLeftOutIsSaid) {
  const auto source = EveryValue();
  Converted(*source, "a.npz");
  EXPECT_EQ(report_.dropped_keys.size(), source->metadata().entries().size());
  Converted(*source, "a.pt");
  EXPECT_EQ(report_.dropped_keys.size(), source->metadata().entries().size());
  const auto bytes = OneTensor().AddMetadata("k", std::string("\xff"), "str").AddMetadata("x", true).Build();
  Converted(*bytes, "a.safetensors");
  EXPECT_THAT(report_.dropped_keys, ElementsAre("k"));
}

TEST_F(ConvertMetadataTest, KeysThatWouldBreakTheFileAreLeftOut) {
  const auto source = OneTensor()
                          .Format("gguf")
                          .AddMetadata("split.no", uint64_t{0}, "u16")
                          .AddMetadata("split.count", uint64_t{2}, "u16")
                          .AddMetadata("general.alignment", std::string("odd"))
                          .AddMetadata("kept", uint64_t{1}, "u8")
                          .Build();
  const auto gguf = Converted(*source, "a.gguf");
  EXPECT_EQ(gguf->metadata().entries().size(), 1u);
  EXPECT_THAT(report_.dropped_keys, UnorderedElementsAre("split.no", "split.count", "general.alignment"));
}

TEST_F(ConvertMetadataTest, AlignmentIsKept) {
  const auto source = OneTensor().Format("gguf").AddMetadata("general.alignment", uint64_t{4096}, "u32").Build();
  const auto gguf = Converted(*source, "a.gguf");
  EXPECT_EQ(gguf->Find("a")->ranges[0].begin % 4096, 0u);
}

TEST_F(ConvertMetadataTest, FileTypeSaysWhatWasMade) {
  const auto source = OneTensor().Format("gguf").AddMetadata("general.file_type", uint64_t{0}, "u32").Build();
  const auto q8 = Converted(*source, "a.gguf", {.dtype = DType::kQ8_0});
  EXPECT_EQ(q8->metadata().Unsigned("general.file_type"), 7u);
  EXPECT_EQ(q8->metadata().Unsigned("general.quantization_version"), 2u);
  EXPECT_EQ(Converted(*source, "b.gguf")->metadata().Unsigned("general.file_type"), 0u);
  const auto half = Converted(*q8, "c.gguf", {.dtype = DType::kF16});
  EXPECT_EQ(half->metadata().Unsigned("general.file_type"), 1u);
}

}  // namespace
}  // namespace plumb
