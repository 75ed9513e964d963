#include "plumb/weights/tensor_source.h"

#include <numeric>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

using testing::HasSubstr;

// Hides that bytes lie in memory, as for a remote file.
class Remote : public ByteSource {
 public:
  explicit Remote(std::string bytes) : bytes_(MemoryByteSource(std::move(bytes))) {}
  uint64_t Size() const override { return bytes_->Size(); }
  absl::Status Read(uint64_t offset, std::span<uint8_t> out) const override { return bytes_->Read(offset, out); }

 private:
  std::shared_ptr<const ByteSource> bytes_;
};

std::string FloatBytes(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

std::vector<float> Iota(size_t count) {
  std::vector<float> values(count);
  std::iota(values.begin(), values.end(), 0.0f);
  return values;
}

TensorSourceParts Parts(SourceTensor tensor, std::string bytes, bool remote = false) {
  TensorSourceParts parts{.format = "test"};
  std::shared_ptr<const ByteSource> source = MemoryByteSource(bytes);
  if (remote) source = std::make_shared<Remote>(std::move(bytes));
  parts.files.push_back({"file", std::move(source)});
  parts.tensors.push_back(std::move(tensor));
  return parts;
}

std::vector<float> ReadAll(const TensorSource& source, const SourceTensor& tensor) {
  std::vector<float> out(tensor.element_count());
  absl::Status status = source.ReadF32(tensor, 0, out);
  EXPECT_TRUE(status.ok()) << status;
  return out;
}

TEST(TensorSourceTest, DenseTensorIsViewedAndRead) {
  for (bool remote : {false, true}) {
    auto source =
        TensorSource::New(Parts({.name = "t", .shape = {2, 3}, .ranges = {{0, 4, 28}}}, FloatBytes(Iota(8)), remote));
    ASSERT_TRUE(source.ok()) << source.status();
    const SourceTensor* tensor = (*source)->Find("t");
    ASSERT_NE(tensor, nullptr);
    EXPECT_EQ((*source)->Find("u"), nullptr);
    EXPECT_EQ((*source)->View(*tensor).has_value(), !remote);
    EXPECT_EQ(ReadAll(**source, *tensor), (std::vector<float>{1, 2, 3, 4, 5, 6}));
    std::vector<uint8_t> bytes(5);
    ASSERT_TRUE((*source)->ReadBytes(*tensor, 3, bytes).ok());
    EXPECT_EQ(AsText(bytes), FloatBytes({1, 2, 3}).substr(3, 5));
    std::vector<float> three(3);
    EXPECT_TRUE((*source)->ReadF32(*tensor, 3, three).ok());
    EXPECT_TRUE(absl::IsOutOfRange((*source)->ReadF32(*tensor, 4, three)));
    EXPECT_TRUE(absl::IsOutOfRange((*source)->ReadF32(*tensor, UINT64_MAX, three)));
    EXPECT_TRUE(absl::IsOutOfRange((*source)->ReadBytes(*tensor, 20, bytes)));
    (*source)->Release(*tensor);
  }
}

TEST(TensorSourceTest, StridesAreMaterialised) {
  for (bool remote : {false, true}) {
    // A transposed 2x3, and a row repeated.
    TensorSourceParts parts =
        Parts({.name = "t", .shape = {3, 2}, .strides = {1, 3}, .ranges = {{0, 0, 24}}, .shared_storage = 0},
              FloatBytes(Iota(6)), remote);
    parts.tensors.push_back(
        {.name = "r", .shape = {2, 3}, .strides = {0, 1}, .ranges = {{0, 12, 24}}, .shared_storage = 0});
    auto source = TensorSource::New(std::move(parts));
    ASSERT_TRUE(source.ok()) << source.status();
    EXPECT_EQ(ReadAll(**source, *(*source)->Find("t")), (std::vector<float>{0, 3, 1, 4, 2, 5}));
    EXPECT_EQ(ReadAll(**source, *(*source)->Find("r")), (std::vector<float>{3, 4, 5, 3, 4, 5}));
    EXPECT_FALSE((*source)->View(*(*source)->Find("t")).has_value());
    std::vector<uint8_t> bytes(10);
    ASSERT_TRUE((*source)->ReadBytes(*(*source)->Find("t"), 2, bytes).ok());
    EXPECT_EQ(AsText(bytes), FloatBytes({0, 3, 1, 4, 2, 5}).substr(2, 10));
  }
}

TEST(TensorSourceTest, SeveralRangesFollowOneAnother) {
  auto source =
      TensorSource::New(Parts({.name = "t", .shape = {4}, .ranges = {{0, 8, 16}, {0, 0, 8}}}, FloatBytes(Iota(4))));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(ReadAll(**source, (*source)->tensors()[0]), (std::vector<float>{2, 3, 0, 1}));
  EXPECT_FALSE((*source)->View((*source)->tensors()[0]).has_value());
}

TEST(TensorSourceTest, BigEndianIsReadAsLittle) {
  std::string bytes = FloatBytes({1, 2});
  std::reverse(bytes.begin(), bytes.end());
  auto source = TensorSource::New(Parts({.name = "t", .shape = {2}, .ranges = {{0, 0, 8}}, .big_endian = true}, bytes));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ(ReadAll(**source, (*source)->tensors()[0]), (std::vector<float>{2, 1}));
  EXPECT_FALSE((*source)->View((*source)->tensors()[0]).has_value());
  std::vector<uint8_t> odd(3);
  ASSERT_TRUE((*source)->ReadBytes((*source)->tensors()[0], 2, odd).ok());
  EXPECT_EQ(AsText(odd), FloatBytes({2, 1}).substr(2, 3));
}

TEST(TensorSourceTest, ComplexNumbersSwapTheirHalves) {
  std::string bytes = FloatBytes({1, 2});
  std::reverse(bytes.begin(), bytes.begin() + 4);
  std::reverse(bytes.begin() + 4, bytes.end());
  auto source =
      TensorSource::New(Parts({.name = "t", .dtype = DType::kC64, .ranges = {{0, 0, 8}}, .big_endian = true}, bytes));
  ASSERT_TRUE(source.ok()) << source.status();
  std::vector<uint8_t> out(8);
  ASSERT_TRUE((*source)->ReadBytes((*source)->tensors()[0], 0, out).ok());
  EXPECT_EQ(AsText(out), FloatBytes({1, 2}));
  float value;
  EXPECT_TRUE(absl::IsInvalidArgument((*source)->ReadF32((*source)->tensors()[0], 0, {&value, 1})));
}

TEST(TensorSourceTest, EmptyTensorsAndTexts) {
  TensorSourceParts parts = Parts({.name = "none", .shape = {3, 0}}, "abc");
  parts.tensors.push_back({.name = "text", .dtype = DType::kString, .shape = {2}, .ranges = {{0, 0, 3}}});
  auto source = TensorSource::New(std::move(parts));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_TRUE((*source)->ReadF32((*source)->tensors()[0], 0, {}).ok());
  EXPECT_TRUE((*source)->View((*source)->tensors()[0])->empty());
  const SourceTensor& text = (*source)->tensors()[1];
  EXPECT_EQ(text.size_bytes(), 3u);
  std::vector<uint8_t> bytes(3);
  ASSERT_TRUE((*source)->ReadBytes(text, 0, bytes).ok());
  EXPECT_EQ(AsText(bytes), "abc");
  float value;
  EXPECT_TRUE(absl::IsInvalidArgument((*source)->ReadF32(text, 0, {&value, 1})));
}

struct Broken {
  const char* what;
  SourceTensor tensor;
  const char* message;
};

class BrokenTensorTest : public testing::TestWithParam<Broken> {};

TEST_P(BrokenTensorTest, IsRefusedByItsRule) {
  auto source = TensorSource::New(Parts(GetParam().tensor, std::string(24, 'x')));
  ASSERT_FALSE(source.ok());
  EXPECT_TRUE(absl::IsInvalidArgument(source.status()));
  EXPECT_EQ(ErrorClassOf(source.status()), ErrorClass::kPolicy);
  EXPECT_THAT(std::string(Message(source.status())), HasSubstr(GetParam().message));
}

constexpr uint64_t kHuge = 1ull << 62;

INSTANTIATE_TEST_SUITE_P(
    All, BrokenTensorTest,
    testing::Values(
        Broken{"no_name", {.shape = {6}, .ranges = {{0, 0, 24}}}, "its name has 0 bytes"},
        Broken{"long_name", {.name = std::string(1025, 'n'), .shape = {6}, .ranges = {{0, 0, 24}}}, "1025 bytes"},
        Broken{"not_utf8", {.name = "\xff", .shape = {6}, .ranges = {{0, 0, 24}}}, "not UTF-8"},
        Broken{"rank", {.name = "t", .shape = std::vector<uint64_t>(65, 1), .ranges = {{0, 0, 4}}}, "65 dimensions"},
        Broken{"other_file", {.name = "t", .shape = {6}, .ranges = {{1, 0, 24}}}, "no file 1"},
        Broken{"past_end", {.name = "t", .shape = {6}, .ranges = {{0, 1, 25}}}, "bytes 1 to 25 are not in file"},
        Broken{"backwards", {.name = "t", .shape = {}, .ranges = {{0, 8, 4}}}, "bytes 8 to 4"},
        Broken{"short", {.name = "t", .shape = {6}, .ranges = {{0, 0, 20}}}, "20 bytes are stored"},
        Broken{"huge", {.name = "t", .shape = {kHuge, 4}}, "overflows 64 bits"},
        Broken{"text", {.name = "t", .dtype = DType::kString, .shape = {kHuge, 4}}, "overflows 64 bits"},
        Broken{"stride_rank", {.name = "t", .shape = {6}, .strides = {1, 1}, .ranges = {{0, 0, 24}}}, "2 strides"},
        Broken{"stride_reach", {.name = "t", .shape = {3}, .strides = {3}, .ranges = {{0, 0, 24}}}, "need 28"},
        Broken{"stride_overflow", {.name = "t", .shape = {9}, .strides = {kHuge}, .ranges = {{0, 0, 24}}}, "overflow"},
        Broken{"stride_ranges",
               {.name = "t", .shape = {6}, .strides = {1}, .ranges = {{0, 0, 12}, {0, 12, 24}}},
               "2 ranges with strides"},
        Broken{"stride_blocks",
               {.name = "t", .dtype = DType::kF4, .shape = {48}, .strides = {1}, .ranges = {{0, 0, 24}}},
               "F4 cannot have strides"}),
    [](const auto& test) { return test.param.what; });

TEST(TensorSourceTest, DuplicatesAreRefused) {
  TensorSourceParts parts = Parts({.name = "t", .shape = {6}, .ranges = {{0, 0, 24}}}, std::string(24, 'x'));
  parts.tensors.push_back(parts.tensors[0]);
  EXPECT_THAT(std::string(Message(TensorSource::New(parts).status())), HasSubstr("tensor \"t\" occurs twice"));
  parts.tensors.pop_back();
  parts.metadata = {{"k", true}, {"k", true}};
  EXPECT_THAT(std::string(Message(TensorSource::New(parts).status())), HasSubstr("metadata key \"k\" occurs twice"));
}

}  // namespace
}  // namespace plumb
