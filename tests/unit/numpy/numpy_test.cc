#include <gmock/gmock.h>

#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/weights/unreadable_tensor.h"
#include "tests/unit/archive/zip_builder.h"
#include "tests/unit/containers/container_testing.h"

namespace plumb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using namespace std::string_literals;

std::string Npy(const std::string& dictionary, const std::string& data, int version = 1) {
  return "\x93NUMPY"s + static_cast<char>(version) + '\0' + Little(dictionary.size(), version == 1 ? 2 : 4) +
         dictionary + data;
}

std::string Array(const std::string& type, const std::string& shape, const std::string& data, bool fortran = false) {
  return Npy(
      "{'descr': '" + type + "', 'fortran_order': " + (fortran ? "True" : "False") + ", 'shape': " + shape + ", }   \n",
      data);
}

std::string ErrorOf(const std::string& bytes) { return OpenErrorOf(bytes); }

std::vector<float> Floats(const std::string& bytes) {
  absl::StatusOr<std::unique_ptr<TensorSource>> source = OpenBytes(bytes);
  EXPECT_TRUE(source.ok()) << source.status();
  if (!source.ok()) return {};
  const SourceTensor& tensor = (*source)->tensors().at(0);
  std::vector<float> values(tensor.element_count());
  EXPECT_TRUE((*source)->ReadF32(tensor, 0, values).ok());
  return values;
}

TEST(NumpyTest, ReadsTheFilesOfCandle) {
  absl::StatusOr<Directory> folder = Directory::Open(std::string(PLUMB_TEST_DATA) + "/numpy");
  ASSERT_TRUE(folder.ok());
  auto one = OpenTensorSource(*folder, "test.npy");
  ASSERT_TRUE(one.ok()) << one.status();
  ASSERT_EQ((*one)->tensors().size(), 1);
  auto several = OpenTensorSource(*folder, "test.npz");
  ASSERT_TRUE(several.ok()) << several.status();
  EXPECT_EQ((*several)->tensors().size(), 2);
}

TEST(NumpyTest, BothByteOrdersAndBothOrdersOfDimensions) {
  EXPECT_THAT(Floats(Array("<i2", "(2, 3)",
                           Little(1, 2) + Little(2, 2) + Little(3, 2) + Little(4, 2) + Little(5, 2) + Little(6, 2))),
              ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(Floats(Array(">i2", "(2,)", "\0\1\1\0"s)), ElementsAre(1, 256));
  EXPECT_THAT(Floats(Array("|u1", "(2, 3)", "\1\2\3\4\5\6", true)), ElementsAre(1, 3, 5, 2, 4, 6));
  EXPECT_THAT(Floats(Array("|b1", "()", "\1")), ElementsAre(1));
  EXPECT_THAT(Floats(Array("<f8", "(0, 7)", "")), ElementsAre());
  EXPECT_THAT(Floats(Npy("{\"shape\":(1L,),\"fortran_order\":False,\"descr\":\"|i1\"}", "\xff", 2)), ElementsAre(-1));
}

TEST(NumpyTest, RefusesWhatIsNoArrayOfNumbers) {
  EXPECT_THAT(ErrorOf(Array("|O", "(1,)", "x")), HasSubstr("Python objects, which is a pickle"));
  EXPECT_THAT(ErrorOf(Array("<U3", "(1,)", "x")), HasSubstr("texts"));
  EXPECT_THAT(ErrorOf(Array("<M8[ns]", "(1,)", "x")), HasSubstr("dates"));
  EXPECT_THAT(ErrorOf(Array("|V2", "(1,)", "xx")), HasSubstr("raw bytes"));
  EXPECT_THAT(ErrorOf(Array("=f4", "(1,)", "xxxx")), HasSubstr("not read"));
  EXPECT_THAT(ErrorOf(Npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (1,)}", "xxxx")),
              HasSubstr("structures"));
}

TEST(NumpyTest, OneArrayOfOtherThingsLeavesTheOthers) {
  const std::pair<const char*, const char*> kTypes[] = {
      {"'|O'", "is an array of Python objects, which is a pickle (\"|O\")"},
      {"'<U3'", "is an array of texts (\"<U3\")"},
      {"[('a', '<f4'), ('b', [('c', '|S2')], (2,))]", "is an array of structures"},
  };
  for (const auto& [type, why] : kTypes) {
    const std::string odd = Npy(std::string("{'descr': ") + type + ", 'fortran_order': False, 'shape': (2,)}", "any");
    const auto source = OpenBytes(BuildZip(
        {.entries = {{.name = "odd.npy", .data = odd}, {.name = "w.npy", .data = Array("<i2", "(1,)", "\1\0"s)}}}));
    ASSERT_TRUE(source.ok()) << source.status();
    ASSERT_EQ((*source)->tensors().size(), 1);
    EXPECT_EQ((*source)->tensors()[0].name, "w");
    ASSERT_EQ(UnreadableIn(**source).size(), 1);
    EXPECT_EQ(UnreadableIn(**source)[0].name, "odd");
    EXPECT_EQ(UnreadableIn(**source)[0].why, why);
  }
  EXPECT_THAT(ErrorOf(Npy("{'descr': [('a', '<f4'), 'fortran_order': False, 'shape': (1,)}", "xxxx")),
              HasSubstr("does not end"));
}

TEST(NumpyTest, RefusesBrokenHeaders) {
  const std::pair<const char*, const char*> cases[] = {
      {"", "expected {"},
      {"{", "expected a text"},
      {"{}", "lacks descr"},
      {"{'descr': '<f4', 'fortran_order': False}", "lacks"},
      {"{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}", "twice"},
      {"{'descr': '<f4', 'fortran_order': 0, 'shape': ()}", "True or False"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}", "expected a size"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (1}", "expected )"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (99999999999999999999,)}", "too large"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808, 4)}", "overflows"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': (), 'x': 1}", "unknown key"},
      {"{'descr': '<f4', 'fortran_order': False, 'shape': ()} + os.system('x')", "goes on"},
      {"{'descr': '<f\\x34', 'fortran_order': False, 'shape': ()}", "escape"},
  };
  for (const auto& [dictionary, says] : cases)
    EXPECT_THAT(ErrorOf(Npy(dictionary, "xxxx")), HasSubstr(says)) << dictionary;
  EXPECT_THAT(ErrorOf("\x93NUMPY\4\0aaaaaaaa"s), HasSubstr("version is 4.0"));
  EXPECT_THAT(ErrorOf("\x93NUMPY\1\0\xff\xff{}aaa"s), HasSubstr("said to have 65535"));
  EXPECT_THAT(ErrorOf("\x93NUMPY\1"s), HasSubstr("too short"));
  EXPECT_THAT(ErrorOf(Array("<f4", "(1,)", "xxxxx")), HasSubstr("5 bytes of data, expected 4"));
}

TEST(NumpyTest, HeadersHaveALimit) {
  auto padded = [](uint64_t bytes) {
    std::string dictionary = "{'descr': '|u1', 'fortran_order': False, 'shape': (1,)}";
    dictionary.resize(bytes, ' ');
    return Npy(dictionary, "x", 2);
  };
  EXPECT_EQ(ErrorOf(padded(limits::kNpyHeaderBytesMax)), "");
  EXPECT_THAT(ErrorOf(padded(limits::kNpyHeaderBytesMax + 1)), HasSubstr("at most"));
}

TEST(NumpyTest, ArchivesStoreOrDeflate) {
  const std::string array = Array("<f4", "(25000,)", std::string(100'000, '\0'));
  auto source = OpenBytes(BuildZip({.entries = {{.name = "a.npy", .data = array}, Deflated("b/c.npy", array)}}));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_NE((*source)->Find("a"), nullptr);
  ASSERT_NE((*source)->Find("b/c"), nullptr);
  EXPECT_TRUE((*source)->files()[(*source)->Find("b/c")->ranges[0].file].unpacked);
  EXPECT_THAT(ErrorOf(BuildZip({.entries = {{.name = "a.npy", .data = array}, {.name = "b.txt", .data = "x"}}})),
              HasSubstr("no array"));
  ZipEntrySpec bomb = Deflated("a.npy", array);
  bomb.size = limits::kUnpackedBytesMax + 1;
  EXPECT_NE(ErrorOf(BuildZip({.entries = {bomb}, .wide = true})), "");
}

}  // namespace
}  // namespace plumb
