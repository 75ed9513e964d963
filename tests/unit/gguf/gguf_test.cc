#include "plumb/gguf/gguf.h"

#include <numeric>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/status.h"
#include "plumb/containers/open.h"
#include "plumb/gguf/dequantise.h"
#include "plumb/gguf/quantise.h"
#include "plumb/gguf/writer.h"
#include "tests/unit/base/scratch_folder.h"
#include "tests/unit/gguf/gguf_testing.h"

namespace plumb::gguf {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Directory Data() { return *Directory::Open(PLUMB_TEST_DATA "/gguf"); }

std::unique_ptr<TensorSource> Written(std::string_view name) {
  auto source = OpenTensorSource(Data(), name);
  EXPECT_TRUE(source.ok()) << source.status();
  return std::move(source).value();
}

std::vector<float> Floats(const TensorSource& source, std::string_view name) {
  const SourceTensor* tensor = source.Find(name);
  EXPECT_NE(tensor, nullptr) << name;
  std::vector<float> values(tensor->element_count());
  absl::Status status = source.ReadF32(*tensor, 0, values);
  EXPECT_TRUE(status.ok()) << status;
  return values;
}

class WrittenTest : public testing::TestWithParam<const char*> {};

// Every type of value, as the `gguf` Python package writes it in either byte order.
TEST_P(WrittenTest, KeyValuesAreTyped) {
  auto source = Written(GetParam());
  const Metadata& metadata = source->metadata();
  EXPECT_EQ(source->format(), "gguf");
  EXPECT_EQ(*metadata.Get<std::string>("general.architecture"), "llama");
  EXPECT_EQ(metadata.Unsigned("test.uint8"), 8u);
  EXPECT_EQ(metadata.Signed("test.int8"), -8);
  EXPECT_EQ(metadata.Unsigned("test.uint16"), 16u);
  EXPECT_EQ(metadata.Signed("test.int16"), -16);
  EXPECT_EQ(metadata.Unsigned("test.uint32"), 32u);
  EXPECT_EQ(metadata.Signed("test.int32"), -32);
  EXPECT_EQ(metadata.Unsigned("test.uint64"), 1ull << 63);
  EXPECT_EQ(metadata.Signed("test.int64"), -(1ll << 62));
  EXPECT_EQ(metadata.Number("test.float32"), static_cast<double>(0.1f));
  EXPECT_EQ(metadata.Number("test.float64"), 0.1);
  EXPECT_EQ(*metadata.Get<bool>("test.bool"), true);
  EXPECT_EQ(*metadata.Get<std::string>("test.string"), "snow \xe2\x98\x83");
  EXPECT_THAT(*metadata.Get<std::vector<std::string>>("test.strings"), ElementsAre("a", "", "ccc"));
  EXPECT_THAT(*metadata.Get<std::vector<int64_t>>("test.integers"), ElementsAre(1, -2, 3));
  EXPECT_THAT(*metadata.Get<std::vector<double>>("test.floats"), ElementsAre(0.5, -0.25));
  EXPECT_THAT(*metadata.Get<std::vector<bool>>("test.bools"), ElementsAre(true, false));
}

TEST_P(WrittenTest, PlainTensorsAreTheSameInEitherOrder) {
  auto source = Written(GetParam()), little = Written("written.gguf");
  EXPECT_THAT(source->Find("plain")->shape, ElementsAre(3, 5));
  EXPECT_THAT(source->Find("half")->shape, ElementsAre(4, 2));
  EXPECT_THAT(Floats(*source, "whole"), ElementsAre(-3, -2, -1, 0, 1, 2, 3));
  for (const char* name : {"plain", "half"}) EXPECT_EQ(Floats(*source, name), Floats(*little, name)) << name;
}

INSTANTIATE_TEST_SUITE_P(Orders, WrittenTest, testing::Values("written.gguf", "written-big.gguf"),
                         [](const auto& test) { return std::string(test.param) == "written.gguf" ? "little" : "big"; });

std::vector<GgufTensor> Described(const TensorSource& source) {
  std::vector<GgufTensor> tensors;
  for (const SourceTensor& each : source.tensors()) tensors.push_back({each.name, each.dtype, each.shape});
  return tensors;
}

TEST(WriterTest, WritesWhatTheReferenceWrites) {
  auto source = Written("written.gguf");
  std::vector<std::span<const uint8_t>> bytes;
  for (const SourceTensor& each : source->tensors()) bytes.push_back(*source->View(each));
  auto file = SerializeGguf(source->metadata().entries(), Described(*source), bytes);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_TRUE(*file == AsText(source->files()[0].bytes->Mapped()));
}

TEST(WriterTest, TypesOfTheirOwnAccord) {
  auto file = SerializeGguf({{"b", true},
                             {"i", int64_t{-5}},
                             {"u", uint64_t{5}},
                             {"d", 0.5},
                             {"s", std::vector<std::string>{"x"}},
                             {"general.alignment", uint64_t{64}, "u32"}},
                            {}, {});
  ASSERT_TRUE(file.ok()) << file.status();
  auto header = ReadGguf(*file);
  ASSERT_TRUE(header.ok()) << header.status();
  std::vector<std::string_view> types;
  for (const MetadataEntry& entry : header->metadata) types.push_back(entry.stored_as);
  EXPECT_THAT(types, ElementsAre("bool", "i64", "u64", "f64", "[str]", "u32"));
  EXPECT_EQ(header->alignment, 64u);
}

TEST(WriterTest, RefusesWhatTheReaderWould) {
  auto message = [](const std::vector<MetadataEntry>& metadata, const std::vector<GgufTensor>& tensors) {
    auto layout = LayOutGguf(metadata, tensors);
    return std::string(layout.ok() ? "written" : Message(layout.status()));
  };
  EXPECT_THAT(message({{"", true}}, {}), HasSubstr("it has 0 bytes"));
  EXPECT_THAT(message({{"k", uint64_t{256}, "u8"}}, {}), HasSubstr("256 does not fit"));
  EXPECT_THAT(message({{"k", int64_t{-1}, "u32"}}, {}), HasSubstr("-1 does not fit"));
  EXPECT_THAT(message({{"k", int64_t{-129}, "i8"}}, {}), HasSubstr("-129 does not fit"));
  EXPECT_THAT(message({{"k", true, "u8"}}, {}), HasSubstr("a bool is to be stored as another type"));
  EXPECT_THAT(message({{"k", true, "x"}}, {}), HasSubstr("no type x"));
  EXPECT_THAT(message({{"k", true, "[bool]"}}, {}), HasSubstr("single value"));
  EXPECT_THAT(message({{"k", true}, {"k", true}}, {}), HasSubstr("occurs twice"));
  EXPECT_THAT(message({{"general.alignment", uint64_t{24}, "u32"}}, {}), HasSubstr("power of two"));
  EXPECT_THAT(message({{"general.alignment", uint64_t{32}}}, {}), HasSubstr("expected u32"));
  EXPECT_THAT(message({}, {{"t", DType::kC64, {1}}}), HasSubstr("GGUF has no type C64"));
  EXPECT_THAT(message({}, {{"", DType::kF32, {1}}}), HasSubstr("name has 0 bytes"));
  EXPECT_THAT(message({}, {{"t", DType::kF32, {1, 1, 1, 1, 1}}}), HasSubstr("5 dimensions"));
  EXPECT_THAT(message({}, {{"t", DType::kQ8_0, {33}}}), HasSubstr("blocks of 32"));
  EXPECT_THAT(message({}, {{"t", DType::kF32, {1}}, {"t", DType::kF32, {1}}}), HasSubstr("occurs twice"));
  EXPECT_THAT(message({}, {{"t", DType::kF32, {1ull << 50}}}), HasSubstr("too large"));
  const uint8_t byte = 0;
  EXPECT_FALSE(SerializeGguf({}, {{"t", DType::kF32, {1}}}, {{&byte, 1}}).ok());
}

TEST(GgufTest, EveryTypeSurvivesWritingAndReading) {
  for (int i = 0; i < kDTypeCount; ++i) {
    const DType dtype = static_cast<DType>(i);
    const DTypeBlock block = BlockOf(dtype);
    std::vector<uint8_t> bytes(block.bytes * 6);
    std::iota(bytes.begin(), bytes.end(), uint8_t{1});
    auto file = SerializeGguf({}, {{"t", dtype, {3, 2 * block.elements}}}, {bytes});
    if (!file.ok()) {
      EXPECT_THAT(std::string(Message(file.status())), HasSubstr("GGUF has no type"));
      continue;
    }
    auto header = ReadGguf(*file);
    ASSERT_TRUE(header.ok()) << header.status();
    EXPECT_EQ(header->tensors[0].dtype, dtype);
    EXPECT_THAT(header->tensors[0].shape, ElementsAre(3, 2 * block.elements));
    const StoredRange& range = header->tensors[0].ranges[0];
    EXPECT_EQ(file->substr(range.begin, range.end - range.begin), AsText(bytes)) << DTypeName(dtype);
  }
}

TEST(GgufTest, Version2IsReadAlike) {
  std::string file(AsText(Written("written.gguf")->files()[0].bytes->Mapped()));
  file[4] = 2;
  auto header = ReadGguf(file);
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->version, 2u);
  EXPECT_EQ(header->tensors.size(), 5u);
}

TEST(GgufTest, BigEndianBlocksAreDequantised) {
  std::vector<float> values(64);
  std::iota(values.begin(), values.end(), -20.0f);
  std::vector<uint8_t> blocks = *Quantised(DType::kQ5_1, values);
  std::vector<float> expected(64);
  ASSERT_TRUE(Dequantise(DType::kQ5_1, blocks, expected).ok());
  std::vector<uint8_t> swapped = blocks;
  SwapBlocks(DType::kQ5_1, swapped);
  GgufBytes file(true);
  file.Header(1, 0).Tensor("t", {64}, 7, 0).Pad(32).Raw(AsText(swapped));
  ScratchFolder scratch;
  scratch.Write("big", file.text());
  auto source = OpenTensorSource(*Directory::Open(scratch.path()), "big");
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(Floats(**source, "t"), expected);
  std::vector<uint8_t> bytes(blocks.size());
  ASSERT_TRUE((*source)->ReadBytes(*(*source)->Find("t"), 0, bytes).ok());
  EXPECT_EQ(bytes, blocks);
  std::vector<float> middle(40);
  ASSERT_TRUE((*source)->ReadF32(*(*source)->Find("t"), 17, middle).ok());
  EXPECT_TRUE(std::equal(middle.begin(), middle.end(), expected.begin() + 17));
}

TEST(GgufTest, BytesAfterTheLastTensorAreTold) {
  ScratchFolder scratch;
  GgufBytes file = GgufBytes().Header(1, 0).Tensor("t", {1}, 0, 0).Pad(32).Zeros(32);
  scratch.Write("sound", file.text());
  scratch.Write("longer", file.Raw("hidden").text());
  EXPECT_TRUE((*OpenTensorSource(*Directory::Open(scratch.path()), "sound"))->notes().empty());
  EXPECT_THAT((*OpenTensorSource(*Directory::Open(scratch.path()), "longer"))->notes(),
              ElementsAre(HasSubstr("6 bytes follow the last tensor")));
}

class SplitTest : public testing::Test {
 protected:
  // File `number` of three, with one tensor.
  void Write(int number, int count = 3, int total = 3, const std::string& tensor = "") {
    std::vector<MetadataEntry> metadata = {{"split.no", static_cast<uint64_t>(number), "u16"},
                                           {"split.count", static_cast<uint64_t>(count), "u16"},
                                           {"split.tensors.count", int64_t{total}, "i32"}};
    const float value = static_cast<float>(number);
    std::vector<uint8_t> bytes(4);
    std::memcpy(bytes.data(), &value, 4);
    std::string name = tensor.empty() ? "t" + std::to_string(number) : tensor;
    auto file = SerializeGguf(metadata, {{name, DType::kF32, {1}}}, {bytes});
    ASSERT_TRUE(file.ok()) << file.status();
    scratch_.Write("sub/m-0000" + std::to_string(number + 1) + "-of-00003.gguf", *file);
  }
  absl::StatusOr<std::unique_ptr<TensorSource>> Open(const std::string& name = "sub/m-00001-of-00003.gguf") {
    return OpenTensorSource(*Directory::Open(scratch_.path()), name);
  }
  std::string Error(const std::string& name = "sub/m-00001-of-00003.gguf") {
    return std::string(Message(Open(name).status()));
  }
  ScratchFolder scratch_;
};

TEST_F(SplitTest, AllFilesAreOneSource) {
  for (int i = 0; i < 3; ++i) Write(i);
  auto source = Open();
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->files().size(), 3u);
  EXPECT_EQ((*source)->files()[2].path, "sub/m-00003-of-00003.gguf");
  EXPECT_THAT(Floats(**source, "t2"), ElementsAre(2));
  EXPECT_EQ((*source)->metadata().Unsigned("split.no"), 0u);
}

TEST_F(SplitTest, FilesThatDoNotBelongTogetherAreRefused) {
  for (int i = 0; i < 3; ++i) Write(i);
  EXPECT_THAT(Error("sub/m-00002-of-00003.gguf"), HasSubstr("file 2 of 3; open the first"));
  scratch_.Write("other.gguf", scratch_.Read("sub/m-00001-of-00003.gguf"));
  EXPECT_THAT(Error("other.gguf"), HasSubstr("must end in -00001-of-00003.gguf"));
  Write(1, 4);
  EXPECT_THAT(Error(), HasSubstr("says that it is file 2 of 4, expected 2 of 3"));
  Write(1, 3, 3, "t0");
  EXPECT_THAT(Error(), HasSubstr("tensor \"t0\" occurs twice"));
  Write(1);
  Write(0, 3, 4);
  EXPECT_THAT(Error(), HasSubstr("split.tensors.count is 4, the files hold 3"));
  Write(0, 10001);
  EXPECT_THAT(Error(), HasSubstr("count 1 to 10000"));
  Write(0);
  std::filesystem::remove(scratch_.PathOf("sub/m-00003-of-00003.gguf"));
  EXPECT_TRUE(absl::IsNotFound(Open().status()));
}

}  // namespace
}  // namespace plumb::gguf
