// The header's JSON: what each field may be.
#include "formats/weights/safetensors_parser.h"
#include "plumb/base/limits.h"
#include "tests/unit/weights/safetensors_testing.h"

namespace plumb {
namespace {

constexpr char kOne[] = R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})";

// Refuses the header that has `tensor` as the only tensor's value, before four bytes of data.
void ExpectTensorRefused(std::string_view tensor, std::string_view part) {
  SCOPED_TRACE(tensor);
  ExpectRefused(ParseFile(Container(R"({"a":)" + std::string(tensor) + "}", 4)).status(), part);
}

void ExpectHeaderRefused(std::string_view json, std::string_view part, size_t data_bytes = 4) {
  SCOPED_TRACE(json.substr(0, 200));
  ExpectRefused(ParseFile(Container(json, data_bytes)).status(), part);
}

TEST(SafetensorsJsonTest, OneTensor) {
  auto header = ParseFile(Container(kOne, 4));
  ASSERT_TRUE(header.ok()) << header.status();
  ASSERT_EQ(header->tensors().size(), 1u);
  const TensorInfo& tensor = header->tensors().front();
  EXPECT_EQ(tensor.name, "a");
  EXPECT_EQ(tensor.dtype, DType::kU8);
  EXPECT_EQ(tensor.shape, std::vector<uint64_t>{4});
  EXPECT_EQ(tensor.begin, header->data_offset());
  EXPECT_EQ(tensor.size_bytes(), 4u);
}

TEST(SafetensorsJsonTest, FieldsInAnyOrder) {
  EXPECT_TRUE(ParseFile(Container(R"({"a":{"data_offsets":[0,4],"shape":[4],"dtype":"U8"}})", 4)).ok());
}

TEST(SafetensorsJsonTest, WhiteSpaceAroundAndInside) {
  EXPECT_TRUE(ParseFile(Container(std::string(kOne) + "   \n\t\r ", 4)).ok());
  EXPECT_TRUE(ParseFile(Container(" \t\r\n" + std::string(kOne), 4)).ok());
  EXPECT_TRUE(
      ParseFile(Container("{ \"a\" :\n{\"dtype\" : \"U8\",\t\"shape\": [ 4 ],\"data_offsets\":[ 0 ,4 ] } }", 4)).ok());
}

TEST(SafetensorsJsonTest, NulPaddingIsRefused) {
  ExpectHeaderRefused(std::string(kOne) + std::string(3, '\0'), "NUL");
  ExpectHeaderRefused(std::string(kOne) + std::string(1, '\0') + R"({"evil":1})", "NUL");
  ExpectHeaderRefused(std::string(1, '\0') + kOne, "does not start with");
}

TEST(SafetensorsJsonTest, OtherPaddingIsRefused) {
  ExpectHeaderRefused(std::string(kOne) + "x", "not valid JSON");
  ExpectHeaderRefused(std::string(kOne) + "{}", "not valid JSON");
  ExpectHeaderRefused("\xef\xbb\xbf" + std::string(kOne), "does not start with");
  ExpectHeaderRefused(std::string(kOne) + "\x0b", "not valid JSON");
  ExpectHeaderRefused(std::string(kOne) + "\xc2\xa0", "not valid JSON");
  ExpectHeaderRefused(std::string(kOne) + "// note", "not valid JSON");
}

TEST(SafetensorsJsonTest, StartsWithABrace) {
  ExpectHeaderRefused("", "does not start with");
  ExpectHeaderRefused("    ", "does not start with");
  ExpectHeaderRefused("[]", "does not start with");
  ExpectHeaderRefused("null", "does not start with");
  ExpectHeaderRefused("\"{}\"", "does not start with");
}

TEST(SafetensorsJsonTest, BrokenJson) {
  for (const char* json : {"{", "{\"a\"", "{\"a\":", "{,}", "{\"a\":{}", "{'a':{}}", "{a:{}}", "{\"a\" {}}"}) {
    ExpectHeaderRefused(json, "");
  }
  ExpectTensorRefused(R"({"dtype":"U8","shape":[4,],"data_offsets":[0,4]})", "not valid JSON");
  ExpectTensorRefused(R"({"dtype":"U8","shape":[04],"data_offsets":[0,4]})", "not valid JSON");
  ExpectTensorRefused(R"({"dtype":"U8","shape":[+4],"data_offsets":[0,4]})", "not valid JSON");
  ExpectTensorRefused(R"({"dtype":"U8","shape":[NaN],"data_offsets":[0,4]})", "not valid JSON");
  ExpectTensorRefused(R"({"dtype":"U8","shape":[1e999],"data_offsets":[0,4]})", "not valid JSON");
}

TEST(SafetensorsJsonTest, DeepNestingEndsAtOnce) {
  ExpectHeaderRefused("{\"a\":" + std::string(1'000'000, '['), "found an array");
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  ExpectHeaderRefused(objects, "nested deeper than 64");
}

TEST(SafetensorsJsonTest, InvalidUtf8) {
  ExpectHeaderRefused("{\"\xff\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", "UTF-8");
  ExpectHeaderRefused("{\"\xc0\x80\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", "UTF-8");
  ExpectHeaderRefused("{\"\xed\xa0\x80\":{\"dtype\":\"U8\",\"shape\":[4],\"data_offsets\":[0,4]}}", "UTF-8");
  ExpectHeaderRefused(R"({"\ud800":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})", "UTF-8");
  ExpectHeaderRefused("\xff", "does not start with");
}

TEST(SafetensorsJsonTest, NumbersAreWholeAndNotNegative) {
  for (const char* number : {"4.0", "-4", "-0", "4e0", "4E0", "0.4e1", "\"4\"", "true", "null", "[4]", "{}"}) {
    ExpectTensorRefused(std::string(R"({"dtype":"U8","shape":[)") + number + R"(],"data_offsets":[0,4]})",
                        "expected a whole number as dimension");
    ExpectTensorRefused(std::string(R"({"dtype":"U8","shape":[4],"data_offsets":[0,)") + number + "]}",
                        "expected a whole number as offset");
  }
}

TEST(SafetensorsJsonTest, NumbersAreBelowTwoToThe63) {
  ExpectTensorRefused(R"({"dtype":"U8","shape":[9223372036854775807],"data_offsets":[0,4]})", "overflows");
  ExpectTensorRefused(R"({"dtype":"U8","shape":[9223372036854775808],"data_offsets":[0,4]})", "too large");
  ExpectTensorRefused(R"({"dtype":"U8","shape":[18446744073709551615],"data_offsets":[0,4]})", "too large");
  ExpectTensorRefused(R"({"dtype":"U8","shape":[18446744073709551620],"data_offsets":[0,4]})",
                      "expected a whole number");
  ExpectTensorRefused(R"({"dtype":"U8","shape":[4],"data_offsets":[0,18446744073709551620]})",
                      "expected a whole number");
}

TEST(SafetensorsJsonTest, OffsetsAreTwo) {
  ExpectTensorRefused(R"({"dtype":"U8","shape":[4],"data_offsets":[]})", "fewer than two");
  ExpectTensorRefused(R"({"dtype":"U8","shape":[4],"data_offsets":[4]})", "fewer than two");
  ExpectTensorRefused(R"({"dtype":"U8","shape":[4],"data_offsets":[0,4,4]})", "more than two");
  ExpectTensorRefused(R"({"dtype":"U8","shape":[4],"data_offsets":4})", "expected an array");
}

TEST(SafetensorsJsonTest, EveryFieldMustBeThere) {
  ExpectTensorRefused("{}", "missing");
  ExpectTensorRefused(R"({"shape":[4],"data_offsets":[0,4]})", "missing");
  ExpectTensorRefused(R"({"dtype":"U8","data_offsets":[0,4]})", "missing");
  ExpectTensorRefused(R"({"dtype":"U8","shape":[4]})", "missing");
}

// As the reference reader does it; nothing of ours depends on what they say.
TEST(SafetensorsJsonTest, UnknownFieldsArePassedOverWithANote) {
  for (const char* value :
       {"1", "null", "true", "-1.5", "\"x\"", "[]", "{}", R"([1,{"a":[null]},"b"])", R"({"dtype":"F32"})"}) {
    const std::string tensor =
        std::string(R"({"a":{"dtype":"U8","note":)") + value + R"(,"shape":[4],"data_offsets":[0,4]}})";
    auto header = ParseFile(Container(tensor, 4));
    ASSERT_TRUE(header.ok()) << header.status() << value;
    EXPECT_EQ(header->Find("a")->dtype, DType::kU8) << value;
    const std::vector<std::string> notes = NotesOnSafetensorsJson(tensor);
    ASSERT_EQ(notes.size(), 1) << value;
    EXPECT_THAT(notes[0], testing::HasSubstr("field \"note\", which is passed over"));
  }
  ExpectTensorRefused(R"({"DType":"U8","shape":[4],"data_offsets":[0,4]})", "missing");
  ExpectTensorRefused(R"({"x":{"y":[1,2},"dtype":"U8","shape":[4],"data_offsets":[0,4]})", "not valid JSON");
}

TEST(SafetensorsJsonTest, FieldsThatArePassedOverHaveALimit) {
  const auto nested = [](size_t depth) {
    return R"({"a":{"dtype":"U8","x":)" + std::string(depth, '[') + std::string(depth, ']') +
           R"(,"shape":[4],"data_offsets":[0,4]}})";
  };
  EXPECT_TRUE(ParseFile(Container(nested(limits::kJsonDepthMax), 4)).ok());
  EXPECT_FALSE(ParseFile(Container(nested(limits::kJsonDepthMax + 1), 4)).ok());
}

TEST(SafetensorsJsonTest, NullMetadataIsNone) {
  const std::string json = R"({"__metadata__":null,"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})";
  auto header = ParseFile(Container(json, 4));
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_TRUE(header->metadata().empty());
  EXPECT_EQ(NotesOnSafetensorsJson(json).size(), 1);
}

TEST(SafetensorsJsonTest, ATensorWithoutANameIsNotGiven) {
  const std::string json =
      R"({"":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})";
  auto header = ParseFile(Container(json, 8));
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->tensors().size(), 1);
  EXPECT_THAT(NotesOnSafetensorsJson(json), testing::ElementsAre("not read: tensor \"\" has an empty name"));
  EXPECT_FALSE(ParseFile(Container(R"({"":{"dtype":"U8","shape":[5],"data_offsets":[0,4]}})", 4)).ok());
}

TEST(SafetensorsJsonTest, FieldsOfOtherTypesAreRefused) {
  for (const char* value : {"1", "null", "true", "[\"U8\"]", "{}"}) {
    ExpectTensorRefused(std::string(R"({"dtype":)") + value + R"(,"shape":[4],"data_offsets":[0,4]})",
                        "string as dtype");
  }
  for (const char* value : {"4", "null", "\"4\"", "{}"}) {
    ExpectTensorRefused(std::string(R"({"dtype":"U8","shape":)") + value + R"(,"data_offsets":[0,4]})",
                        "array as shape");
  }
  for (const char* value : {"4", "null", "\"x\"", "[]", "false", "-1", "1.5"})
    ExpectTensorRefused(value, "an object with");
}

// A dtype of tomorrow: the rest of the file is what it is, and that tensor's bytes are no hole.
TEST(SafetensorsJsonTest, TensorsOfUnknownDtypeAreNotGiven) {
  for (const char* dtype : {"F128", "u8", "", "F8_E4M3FN"}) {
    const std::string json =
        std::string(R"({"a":{"dtype":")") + dtype +
        R"(","shape":[9],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}})";
    auto header = ParseFile(Container(json, 8));
    ASSERT_TRUE(header.ok()) << header.status();
    EXPECT_EQ(header->Find("a"), nullptr);
    ASSERT_NE(header->Find("b"), nullptr);
    EXPECT_THAT(NotesOnSafetensorsJson(json),
                testing::ElementsAre(std::string("not read: tensor \"a\" is of the type \"") + dtype +
                                     "\", which is not read"));
  }
  ExpectTensorRefused(R"({"dtype":"F128","shape":[4],"data_offsets":[4,0]})", "end before they begin");
  ExpectHeaderRefused(R"({"a":{"dtype":"F128","shape":[4],"data_offsets":[1,4]}})", "there is a hole");
  ExpectHeaderRefused(R"({"a":{"dtype":"F128","shape":[4],"data_offsets":[0,3]}})", "cover 3 bytes");
  ExpectHeaderRefused(
      R"({"a":{"dtype":"F128","shape":[4],"data_offsets":[0,4]},"a":{"dtype":"U8","shape":[0],"data_offsets":[4,4]}})",
      "occurs twice");
}

TEST(SafetensorsJsonTest, DuplicateKeysAtEveryLevel) {
  std::string tensor = R"({"dtype":"U8","shape":[4],"data_offsets":[0,4]})";
  ExpectHeaderRefused("{\"a\":" + tensor + ",\"a\":" + tensor + "}", "\"a\" occurs twice");
  ExpectHeaderRefused(R"({"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":)" + tensor + "}", "occurs twice");
  ExpectHeaderRefused("{\"a\":" + tensor + ",\"\\u0061\":" + tensor + "}", "occurs twice");
  ExpectTensorRefused(R"({"dtype":"I8","dtype":"U8","shape":[4],"data_offsets":[0,4]})", "\"dtype\" occurs twice");
  ExpectTensorRefused(R"({"dtype":"U8","shape":[2],"shape":[4],"data_offsets":[0,4]})", "\"shape\" occurs twice");
  ExpectTensorRefused(R"({"dtype":"U8","shape":[4],"data_offsets":[0,4],"data_offsets":[0,4]})", "occurs twice");
  ExpectHeaderRefused(R"({"__metadata__":{},"__metadata__":{}})", "occurs twice", 0);
  ExpectHeaderRefused(R"({"__metadata__":{"k":"1","k":"2"}})", "metadata key \"k\" occurs twice", 0);
}

TEST(SafetensorsJsonTest, Metadata) {
  auto header = ParseFile(Container(R"({"__metadata__":{"format":"pt","":"","\u0000":"\n"}})"));
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->metadata().size(), 3u);
  EXPECT_EQ(header->metadata().at("format"), "pt");
  EXPECT_EQ(header->metadata().at(std::string(1, '\0')), "\n");
  EXPECT_TRUE(header->tensors().empty());
}

TEST(SafetensorsJsonTest, EmptyMetadata) {
  EXPECT_TRUE(ParseFile(Container(R"({"__metadata__":{}})")).ok());
  EXPECT_TRUE(ParseFile(Container("{}")).ok());
}

TEST(SafetensorsJsonTest, MetadataIsStringsOnly) {
  for (const char* value : {"1", "-1", "1.5", "null", "true", "{}", "[]", "[\"a\"]", "{\"a\":\"b\"}"}) {
    ExpectHeaderRefused(std::string(R"({"__metadata__":{"k":)") + value + "}}", "a string as metadata value", 0);
  }
  for (const char* value : {"1", "\"a\"", "[]"}) {
    ExpectHeaderRefused(std::string(R"({"__metadata__":)") + value + "}", "an object of strings", 0);
  }
}

TEST(SafetensorsJsonTest, MetadataEntriesAtTheLimitAndOnePast) {
  std::string json = R"({"__metadata__":{"0":"")";
  for (size_t i = 1; i < limits::kSafetensorsMetadataEntriesMax; ++i) json += ",\"" + std::to_string(i) + "\":\"\"";
  EXPECT_TRUE(ParseFile(Container(json + "}}")).ok());
  ExpectHeaderRefused(json + R"(,"x":""}})", "more than 65536 entries", 0);
}

std::string Named(const std::string& name) {
  return "{\"" + name + R"(":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}})";
}

TEST(SafetensorsJsonTest, NamesAtTheLimitAndOnePast) {
  EXPECT_TRUE(ParseFile(Container(Named(std::string(limits::kTensorNameBytesMax, 'n')), 4)).ok());
  ExpectHeaderRefused(Named(std::string(limits::kTensorNameBytesMax + 1, 'n')), "1025 bytes long");
  ExpectHeaderRefused(Named("a\\u0000b"), "holds a NUL");
}

TEST(SafetensorsJsonTest, NamesMayHoldAnyOtherText) {
  for (const char* name : {"../../etc/passwd", " ", "\\n", "w\xc3\xa4ight", "\\ud83d\\ude00", "__METADATA__"}) {
    EXPECT_TRUE(ParseFile(Container(Named(name), 4)).ok()) << name;
  }
}

std::string Ranked(size_t rank) {
  std::string shape = "4";
  for (size_t i = 1; i < rank; ++i) shape += ",1";
  return R"({"a":{"dtype":"U8","shape":[)" + shape + R"(],"data_offsets":[0,4]}})";
}

TEST(SafetensorsJsonTest, RankAtTheLimitAndOnePast) {
  EXPECT_TRUE(ParseFile(Container(Ranked(limits::kTensorRankMax), 4)).ok());
  ExpectHeaderRefused(Ranked(limits::kTensorRankMax + 1), "more than 64 dimensions");
}

TEST(SafetensorsJsonTest, MessagesShowNoControlCharactersAndStayShort) {
  std::string hostile = "\\u001b[2J" + std::string(900, 'x');
  absl::Status status = ParseFile(Container("{\"" + hostile + R"(":{"dtype":"U8"}})", 4)).status();
  ExpectRefused(status, "missing");
  EXPECT_LT(status.message().size(), 300u);
  EXPECT_EQ(Message(status).find('\x1b'), std::string_view::npos);
}

}  // namespace
}  // namespace plumb
