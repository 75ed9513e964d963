// Lengths, sizes and ranges: the header against the file.
#include "plumb/base/limits.h"
#include "tests/unit/weights/safetensors_testing.h"

namespace plumb {
namespace {

// The first bytes of the reference implementation's tests.
constexpr std::string_view kTest16 = R"({"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0,16]}})";

std::string Tensor(const std::string& name, uint64_t begin, uint64_t end) {
  return "\"" + name + R"(":{"dtype":"U8","shape":[)" + std::to_string(end - begin) + R"(],"data_offsets":[)" +
         std::to_string(begin) + "," + std::to_string(end) + "]}";
}

TEST(SafetensorsHeaderTest, ReferenceDeserialization) {
  ASSERT_EQ(kTest16.size(), 60u);  // `<` in the reference's test.
  auto header = ParseFile(Container(kTest16, 16));
  ASSERT_TRUE(header.ok()) << header.status();
  const TensorInfo* tensor = header->Find("test");
  ASSERT_NE(tensor, nullptr);
  EXPECT_EQ(tensor->shape, (std::vector<uint64_t>{2, 2}));
  EXPECT_EQ(tensor->element_count(), 4u);
  EXPECT_EQ(tensor->begin, 68u);
  EXPECT_EQ(tensor->end, 84u);
  EXPECT_EQ(header->Find("tes"), nullptr);
  EXPECT_EQ(header->Find("testt"), nullptr);
  EXPECT_EQ(header->Find(""), nullptr);
}

TEST(SafetensorsHeaderTest, ReferenceJsonAttack) {
  std::string json = "{";
  for (int i = 0; i < 10; ++i) {
    json += (i == 0 ? "\"weight_" : ",\"weight_") + std::to_string(i) +
            R"(":{"dtype":"F32","shape":[2,2],"data_offsets":[0,16]})";
  }
  ExpectRefused(ParseFile(Container(json + "}", 16)).status(), "overlaps");
}

TEST(SafetensorsHeaderTest, ReferenceMetadataIncompleteBuffer) {
  std::string polyglot = Container(kTest16, 16) + "extra_bogus_data_for_polyglot_file";
  ExpectRefused(ParseFile(polyglot).status(), "tensors cover 16 bytes, the file holds 50");
  ExpectRefused(ParseFile(Container(kTest16, 15)).status(), "tensors cover 16 bytes, the file holds 15");
  ExpectRefused(ParseFile(Container(kTest16, 0)).status(), "tensors cover 16 bytes, the file holds 0");
}

TEST(SafetensorsHeaderTest, ReferenceHeaderTooLarge) {
  std::string file = "<" + std::string(3, '\0') + "\xff\xff\xff\xff" + std::string(kTest16);
  ExpectRefused(ParseFile(file).status(), "at most 100000000");
}

TEST(SafetensorsHeaderTest, ReferenceHeaderTooSmall) {
  for (size_t size = 0; size < 8; ++size) {
    ExpectRefused(ParseFile(std::string(size, '\0')).status(), "expected at least 8");
  }
}

TEST(SafetensorsHeaderTest, ReferenceInvalidHeaderLength) {
  ExpectRefused(ParseFile(LengthBytes(60)).status(), "only 0 follow");
  ExpectRefused(ParseFile(LengthBytes(61) + std::string(kTest16)).status(), "only 60 follow");
  ExpectRefused(ParseFile(LengthBytes(UINT64_MAX) + std::string(kTest16)).status(), "at most");
  ExpectRefused(ParseFile(LengthBytes(UINT64_MAX - 7) + std::string(kTest16)).status(), "at most");
}

TEST(SafetensorsHeaderTest, ReferenceInvalidHeaderNonUtf8AndNotJson) {
  ExpectRefused(ParseFile(Container("\xff")).status(), "does not start");
  ExpectRefused(ParseFile(Container("{")).status(), "not valid JSON");
}

TEST(SafetensorsHeaderTest, ReferenceZeroSizedTensor) {
  auto header = ParseFile(Container(R"({"test":{"dtype":"I32","shape":[2,0],"data_offsets":[0, 0]}})"));
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->Find("test")->size_bytes(), 0u);
  EXPECT_EQ(header->Find("test")->element_count(), 0u);
}

TEST(SafetensorsHeaderTest, ReferenceInvalidInfo) {
  std::string json = R"({"test":{"dtype":"I32","shape":[2,2],"data_offsets":[0, 4]}})";
  ExpectRefused(ParseFile(Container(json, 4)).status(), "span 4 bytes, dtype and shape need 16");
}

TEST(SafetensorsHeaderTest, ReferenceValidationOverflow) {
  std::string shape = R"({"test":{"dtype":"I32","shape":[2,18446744073709551614],"data_offsets":[0,16]}})";
  ExpectRefused(ParseFile(Container(shape, 16)).status(), "too large");
  std::string size = R"({"test":{"dtype":"I32","shape":[2,9223372036854775807],"data_offsets":[0,16]}})";
  ExpectRefused(ParseFile(Container(size, 16)).status(), "overflows");
}

TEST(SafetensorsHeaderTest, ReferenceWhitespacePaddedHeader) {
  EXPECT_TRUE(ParseFile(Container(std::string(kTest16) + "    ", 16)).ok());
  EXPECT_TRUE(ParseFile(Container(std::string(4096, ' ') + std::string(kTest16), 16)).ok());
}

TEST(SafetensorsHeaderTest, ScalarIsOneElement) {
  auto header = ParseFile(Container(R"({"s":{"dtype":"F64","shape":[],"data_offsets":[0,8]}})", 8));
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->Find("s")->element_count(), 1u);
}

TEST(SafetensorsHeaderTest, HolesAreRefused) {
  ExpectRefused(ParseFile(Container("{" + Tensor("a", 1, 4) + "}", 4)).status(), "hole");
  ExpectRefused(ParseFile(Container("{" + Tensor("a", 0, 4) + "," + Tensor("b", 5, 9) + "}", 9)).status(), "hole");
}

TEST(SafetensorsHeaderTest, OverlapIsRefused) {
  ExpectRefused(ParseFile(Container("{" + Tensor("a", 0, 5) + "," + Tensor("b", 4, 9) + "}", 9)).status(), "overlaps");
  ExpectRefused(ParseFile(Container("{" + Tensor("a", 0, 9) + "," + Tensor("b", 4, 4) + "}", 9)).status(), "overlaps");
}

TEST(SafetensorsHeaderTest, RangeThatEndsBeforeItBegins) {
  std::string json = R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[4,0]}})";
  ExpectRefused(ParseFile(Container(json, 4)).status(), "end before they begin");
}

TEST(SafetensorsHeaderTest, RangePastTheFile) {
  std::string json = "{" + Tensor("a", 0, 1ull << 50) + "}";
  ExpectRefused(ParseFile(Container(json, 4)).status(), "tensors cover");
}

TEST(SafetensorsHeaderTest, DataWithoutTensors) {
  ExpectRefused(ParseFile(Container("{}", 1)).status(), "tensors cover 0 bytes, the file holds 1");
}

TEST(SafetensorsHeaderTest, SubByteTypes) {
  EXPECT_TRUE(ParseFile(Container(R"({"a":{"dtype":"F4","shape":[3,2],"data_offsets":[0,3]}})", 3)).ok());
  EXPECT_TRUE(ParseFile(Container(R"({"a":{"dtype":"F6_E2M3","shape":[4],"data_offsets":[0,3]}})", 3)).ok());
  ExpectRefused(ParseFile(Container(R"({"a":{"dtype":"F4","shape":[5],"data_offsets":[0,3]}})", 3)).status(),
                "20 bits, not a whole number of bytes");
}

TEST(SafetensorsHeaderTest, TensorsComeInTheOrderOfTheirBytes) {
  std::string json = "{" + Tensor("z", 0, 2) + "," + Tensor("a", 6, 8) + "," + Tensor("e", 2, 2) + "," +
                     Tensor("m", 2, 6) + "," + Tensor("d", 8, 8) + "}";
  auto header = ParseFile(Container(json, 8));
  ASSERT_TRUE(header.ok()) << header.status();
  std::string names;
  for (const TensorInfo& tensor : header->tensors()) names += tensor.name;
  EXPECT_EQ(names, "zemad");
  for (const char* name : {"z", "a", "e", "m", "d"}) {
    ASSERT_NE(header->Find(name), nullptr) << name;
    EXPECT_EQ(header->Find(name)->name, name);
  }
}

TEST(SafetensorsHeaderTest, PrefixBytesTellsWhatParseNeeds) {
  std::string file = Container(kTest16, 16);
  auto needed = SafetensorsHeader::PrefixBytes(AsBytes(file).first(8), file.size());
  ASSERT_TRUE(needed.ok()) << needed.status();
  EXPECT_EQ(*needed, 68u);
  EXPECT_TRUE(SafetensorsHeader::Parse(AsBytes(file).first(68), file.size()).ok());
  ExpectRefused(SafetensorsHeader::Parse(AsBytes(file).first(67), file.size()).status(), "67 bytes were given");
  ExpectRefused(SafetensorsHeader::PrefixBytes(AsBytes(file).first(7), file.size()).status(), "at least 8");
}

TEST(SafetensorsHeaderTest, HeaderLengthAtTheLimitAndOnePast) {
  const uint64_t limit = limits::kSafetensorsHeaderBytesMax;
  auto needed = SafetensorsHeader::PrefixBytes(AsBytes(LengthBytes(limit)), limit + 8);
  ASSERT_TRUE(needed.ok()) << needed.status();
  EXPECT_EQ(*needed, limit + 8);
  ExpectRefused(SafetensorsHeader::PrefixBytes(AsBytes(LengthBytes(limit + 1)), limit + 9).status(), "at most");
  ExpectRefused(SafetensorsHeader::PrefixBytes(AsBytes(LengthBytes(limit)), limit + 7).status(), "only");
}

TEST(SafetensorsHeaderTest, ManyTensors) {
  std::string json = "{";
  for (uint64_t i = 0; i < 10'000; ++i) {
    json += (i == 0 ? "" : ",") + Tensor("layer." + std::to_string(i), 3 * i, 3 * i + 3);
  }
  json += "}";
  std::string prefix = LengthBytes(json.size()) + json;
  auto header = SafetensorsHeader::Parse(AsBytes(prefix), prefix.size() + 30'000);
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->tensors().size(), 10'000u);
  EXPECT_EQ(header->Find("layer.9999")->begin, prefix.size() + 29'997);
}

TEST(SafetensorsHeaderTest, EveryPrefixOfAFileIsRefused) {
  std::string file = Container(kTest16, 16);
  for (size_t size = 0; size < file.size(); ++size) EXPECT_FALSE(ParseFile(file.substr(0, size)).ok()) << size;
}

TEST(SafetensorsHeaderTest, AnyFlippedBitIsRefusedOrStillTiles) {
  const std::string file = Container(kTest16, 16);
  int accepted = 0;
  for (size_t bit = 0; bit < 8 * (8 + kTest16.size()); ++bit) {
    std::string changed = file;
    changed[bit / 8] = static_cast<char>(changed[bit / 8] ^ (1 << (bit % 8)));
    auto header = ParseFile(changed);
    if (!header.ok()) continue;
    ++accepted;
    // A flipped bit of the type may be another type, which is not read, but tiles all the same.
    if (header->tensors().empty()) continue;
    ASSERT_EQ(header->tensors().size(), 1u);
    EXPECT_EQ(header->tensors()[0].end, file.size());
  }
  EXPECT_GT(accepted, 0);  // A flipped bit of the name, at least, is another legal name.
}

}  // namespace
}  // namespace plumb
