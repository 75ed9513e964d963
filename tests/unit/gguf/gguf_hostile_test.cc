// The classes of hand-made files that the reference reader is tested with: 26 that must be refused, each for its own
// reason, and 7 that must be read.
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/status.h"
#include "tests/unit/gguf/gguf_testing.h"

namespace plumb::gguf {
namespace {

using testing::HasSubstr;

constexpr uint32_t kF32 = 0;
constexpr int64_t kBig = int64_t{1} << 62;

struct Case {
  const char* name;
  GgufBytes file;
  const char* message;  // Part of the error; nullptr when the file is sound.
  bool newer = false;   // Not understood, which says nothing against the file.
};

// Two tensors of 8 bytes each behind a table with these offsets, laid out with an alignment.
GgufBytes TwoTensors(uint32_t alignment_key, size_t alignment_used, bool with_key = true) {
  GgufBytes file;
  file.Header(2, with_key ? 1 : 0);
  if (with_key) file.KeyU32("general.alignment", alignment_key);
  file.Tensor("a", {2}, kF32, 0).Tensor("b", {2}, kF32, alignment_used);
  if (alignment_used > 0) file.Pad(alignment_used);
  return file.Zeros(8).Pad(std::max<size_t>(alignment_used, 1)).Zeros(8).Pad(std::max<size_t>(alignment_used, 1));
}

GgufBytes OneTensor(const std::vector<int64_t>& ne, uint32_t type = kF32, uint64_t offset = 0) {
  return GgufBytes().Header(1, 0).Tensor("a", ne, type, offset).Pad(32).Zeros(4096);
}

std::vector<Case> HeaderCases() {
  return {
      {"HEADER_BAD_MAGIC", GgufBytes().Raw("FUGG").Add(3u).Zeros(16), "the magic is \"FUGG\""},
      {"HEADER_BAD_VERSION_0", GgufBytes().Header(0, 0, 0), "version 0, expected 2 or 3"},
      {"HEADER_BAD_VERSION_1", GgufBytes().Header(0, 0, 1), "version 1, which the reference no longer reads",
       true},
      {"HEADER_BAD_VERSION_FUTURE", GgufBytes().Header(0, 0, 4), "version 4, expected 2 or 3", true},
      {"HEADER_BAD_N_TENSORS", GgufBytes().Header(~0ull, 0), "the number of tensors is 18446744073709551615"},
      {"HEADER_BAD_N_KV", GgufBytes().Header(0, ~0ull), "the number of key-values is 18446744073709551615"},
      {"HEADER_EMPTY", GgufBytes().Header(0, 0), nullptr},
  };
}

std::vector<Case> KeyValueCases() {
  return {
      {"KV_BAD_KEY_SIZE", GgufBytes().Header(0, 1).Add(~0ull).Raw("key").Zeros(16),
       "the key at byte 32 is said to have 18446744073709551615 bytes, at most 65535"},
      {"KV_EMPTY_KEY", GgufBytes().Header(0, 1).KeyU32("", 1), "key-value 0: the key is empty"},
      {"KV_BAD_TYPE", GgufBytes().Header(0, 1).String("key").Add(13u).Add(0u), "key \"key\": its type is 13"},
      {"KV_DUPLICATE_KEY", GgufBytes().Header(0, 2).KeyU32("key", 1).KeyU32("key", 2), "key \"key\" occurs twice"},
      {"KV_BAD_ALIGN", GgufBytes().Header(0, 1).KeyU32("general.alignment", 13),
       "general.alignment is 13, expected a power of two up to 65536"},
      {"KV_WRONG_TYPE_ALIGN", GgufBytes().Header(0, 1).String("general.alignment").Add(5u).Add(32),
       "general.alignment is of type i32, expected u32"},
      {"KV_SUCCESS", GgufBytes().Header(0, 2).KeyU32("one", 1).String("two").Add(8u).String("text"), nullptr},
  };
}

std::vector<Case> TensorCases() {
  return {
      {"TENSORS_BAD_NAME_SIZE", GgufBytes().Header(1, 0).Tensor(std::string(64, 'n'), {1}, kF32, 0).Pad(32).Zeros(32),
       "tensor 0: the name at byte 32 is said to have 64 bytes, at most 63"},
      {"TENSORS_BAD_N_DIMS", OneTensor({1, 1, 1, 1, 1}), "tensor \"a\": 5 dimensions, at most 4"},
      {"TENSORS_BAD_SHAPE", OneTensor({2, -1}), "dimension 1 is 18446744073709551615, negative"},
      {"TENSORS_ZERO_DIM", OneTensor({2, 0}), nullptr},
      {"TENSORS_NE_TOO_BIG", OneTensor({kBig, 2}), "shape [2, 4611686018427387904] has 2^63 elements or more"},
      {"TENSORS_NBYTES_TOO_BIG", OneTensor({kBig}), "shape [4611686018427387904] of F32 overflows 64 bits"},
      {"TENSORS_BAD_TYPE", OneTensor({1}, 4), "type 4 is unknown, or was removed from ggml", true},
      {"TENSORS_BAD_OFFSET", OneTensor({1}, kF32, 32), "offset 32, expected 0: tensors follow one another"},
      {"TENSORS_DUPLICATE_NAME",
       GgufBytes().Header(2, 0).Tensor("a", {1}, kF32, 0).Tensor("a", {1}, kF32, 32).Pad(32).Zeros(64),
       "tensor \"a\" occurs twice"},
      {"TENSORS_BAD_ALIGN", TwoTensors(37, 37), "general.alignment is 37, expected a power of two"},
      {"TENSORS_INCONSISTENT_ALIGN", TwoTensors(8, 64), "tensor \"b\": offset 64, expected 8"},
      {"TENSORS_SUCCESS", TwoTensors(0, 32, false), nullptr},
      {"TENSORS_CUSTOM_ALIGN", TwoTensors(64, 64), nullptr},
  };
}

std::vector<Case> DataCases() {
  GgufBytes short_file = GgufBytes().Header(1, 0).Tensor("a", {100}, kF32, 0).Pad(32).Zeros(399);
  // Each is fine alone: 2^60 bytes of type I8. The eighth ends at 2^63.
  GgufBytes overflow;
  overflow.Header(8, 0);
  for (int64_t i = 0; i < 8; ++i) {
    overflow.Tensor(std::string(1, static_cast<char>('a' + i)), {int64_t{1} << 60}, 24, static_cast<uint64_t>(i) << 60);
  }
  GgufBytes other_alignment = TwoTensors(64, 32);
  return {
      {"DATA_NOT_ENOUGH_DATA", short_file,
       "tensor \"a\" ends 400 bytes into the data, which begins at 64; the file has"},
      {"DATA_BAD_ALIGN", TwoTensors(0, 32).Zeros(64), "general.alignment is 0, expected a power of two"},
      {"DATA_INCONSISTENT_ALIGN", other_alignment, "tensor \"b\": offset 32, expected 64"},
      {"DATA_MEM_SIZE_OVERFLOW", overflow, "tensor \"h\": the total size overflows"},
      {"DATA_SUCCESS", TwoTensors(32, 32), nullptr},
      {"DATA_CUSTOM_ALIGN", TwoTensors(256, 256), nullptr},
  };
}

class HostileTest : public testing::TestWithParam<Case> {};

TEST_P(HostileTest, EndsInItsOwnError) {
  auto header = ReadGguf(GetParam().file.text());
  if (GetParam().message == nullptr) {
    EXPECT_TRUE(header.ok()) << header.status();
    return;
  }
  ASSERT_FALSE(header.ok());
  EXPECT_EQ(header.status().code(),
            GetParam().newer ? absl::StatusCode::kUnimplemented : absl::StatusCode::kInvalidArgument)
      << header.status();
  EXPECT_EQ(ErrorClassOf(header.status()), ErrorClass::kPolicy);
  EXPECT_THAT(std::string(Message(header.status())), HasSubstr(std::string("file: GGUF: ")));
  EXPECT_THAT(std::string(Message(header.status())), HasSubstr(GetParam().message));
}

std::vector<Case> ReferenceCases() {
  std::vector<Case> all;
  for (const auto& cases : {HeaderCases(), KeyValueCases(), TensorCases(), DataCases()}) {
    all.insert(all.end(), cases.begin(), cases.end());
  }
  return all;
}

std::string NameOf(const testing::TestParamInfo<Case>& test) { return test.param.name; }

INSTANTIATE_TEST_SUITE_P(Reference, HostileTest, testing::ValuesIn(ReferenceCases()), NameOf);

TEST(HostileTest, AllClassesOfTheReferenceAreThere) {
  const std::vector<Case> all = ReferenceCases();
  EXPECT_EQ(all.size(), 33u);
  EXPECT_EQ(std::count_if(all.begin(), all.end(), [](const Case& each) { return each.message == nullptr; }), 7);
}

GgufBytes KeyAndType(uint32_t type) { return GgufBytes().Header(0, 1).String("key").Add(type); }
GgufBytes Array(uint32_t type, uint64_t count) { return KeyAndType(9).Add(type).Add(count); }

// What the reference is not tested with.
INSTANTIATE_TEST_SUITE_P(
    More, HostileTest,
    testing::Values(
        Case{"NO_BYTES", GgufBytes(), "the magic at byte 0 takes 4 bytes, only 0 follow"},
        Case{"MAGIC_ONLY", GgufBytes().Raw("GGUF"), "the version at byte 4 takes 4 bytes"},
        Case{"ALIGNMENT_TOO_LARGE", GgufBytes().Header(0, 1).KeyU32("general.alignment", 1u << 31),
             "general.alignment is 2147483648, expected a power of two up to 65536"},
        Case{"ALIGNMENT_OF_64_BITS", GgufBytes().Header(0, 1).String("general.alignment").Add(10u).Add(uint64_t{32}),
             "general.alignment is of type u64, expected u32"},
        Case{"STRING_TOO_LONG", KeyAndType(8).Add((1ull << 30) + 1).Zeros(64), "at most 1073741824 are allowed"},
        Case{"STRING_PAST_END", KeyAndType(8).Add(65ull).Zeros(64), "takes 65 bytes, only 64 follow"},
        Case{"ARRAY_TOO_LONG", Array(0, (1ull << 30) + 1).Zeros(64), "1073741825 elements, at most 1073741824"},
        Case{"ARRAY_PAST_END", Array(10, 9).Zeros(64), "said to have 9 elements, only 64 bytes follow"},
        Case{"STRINGS_PAST_END", Array(8, 9).Zeros(64), "said to have 9 elements, only 64 bytes follow"},
        Case{"STRING_OF_ARRAY_PAST_END", Array(8, 2).Add(1ull).Raw("x").Add(9ull).Raw("x"),
             "a string of its array at byte"},
        Case{"NESTED_ARRAY", Array(9, 1).Add(4u).Add(1ull).Add(1u), "an array of arrays is not allowed"},
        Case{"ARRAY_BAD_TYPE", Array(13, 1).Zeros(8), "its element type is 13"},
        Case{"BOOL_NEITHER", KeyAndType(7).Raw("\x02"), "a bool is 2, expected 0 or 1"},
        Case{"BOOL_OF_ARRAY", Array(7, 2).Raw("\x01\x05"), "a bool is 5, expected 0 or 1"},
        Case{"KEY_TOO_LONG", GgufBytes().Header(0, 1).KeyU32(std::string(65536, 'k'), 1), "at most 65535"},
        Case{"BLOCKS_OF_PART_ROWS", OneTensor({33}, 8), "does not divide into blocks of 32"},
        Case{"BLOCKS_OF_SCALAR", OneTensor({}, 8), "does not divide into blocks of 32"},
        Case{"TYPE_PAST_LAST", OneTensor({1}, 43), "type 43 is unknown", true},
        Case{"TENSOR_CUT", GgufBytes().Header(1, 0).String("a").Add(1u).Zeros(10), "takes 4 bytes, only 2 follow"},
        Case{"DATA_MISSING", GgufBytes().Header(1, 0).Tensor("a", {1}, kF32, 0), "ends 4 bytes into the data"}),
    NameOf);

TEST(LimitTest, LongestNamesKeysAndAlignment) {
  EXPECT_TRUE(
      ReadGguf(GgufBytes().Header(1, 0).Tensor(std::string(63, 'n'), {1}, kF32, 0).Pad(32).Zeros(4).text()).ok());
  EXPECT_TRUE(ReadGguf(GgufBytes().Header(0, 1).KeyU32(std::string(65535, 'k'), 1).text()).ok());
  EXPECT_TRUE(ReadGguf(GgufBytes().Header(0, 1).KeyU32("general.alignment", 65536).text()).ok());
  EXPECT_TRUE(ReadGguf(OneTensor({1, 1, 1, 1}).text()).ok());
}

}  // namespace
}  // namespace plumb::gguf
