#include <gmock/gmock.h>

#include "tests/unit/containers/container_testing.h"

namespace plumb {
namespace {

using testing::HasSubstr;

std::string Data(const std::string& name) {
  return ReadFile(std::string(PLUMB_TEST_DATA) + "/hdf5/" + name, 1 << 20).value();
}

// What reading every tensor ends in, which must be an error of policy; empty when there is none.
std::string ReadErrorOf(const std::string& bytes) {
  absl::StatusOr<std::unique_ptr<TensorSource>> source = OpenBytes(bytes);
  EXPECT_TRUE(source.ok()) << source.status();
  if (!source.ok()) return "";
  for (const SourceTensor& tensor : (*source)->tensors()) {
    std::vector<uint8_t> out(tensor.size_bytes());
    absl::Status status = (*source)->ReadBytes(tensor, 0, out);
    if (status.ok()) continue;
    EXPECT_EQ(ErrorClassOf(status), ErrorClass::kPolicy) << status;
    return std::string(Message(status));
  }
  return "";
}

TEST(KerasHostileTest, EveryKindHasItsError) {
  const std::pair<std::string, std::string> kKinds[] = {
      {"external-link.h5", "'x' leads to another file"},
      {"soft-to-external.h5", "'a' leads nowhere: libhdf5:"},
      {"external-storage.h5", "dataset 'x' has its data in other files"},
      {"virtual.h5", "dataset 'x' is virtual"},
      {"hard-cycle.h5", "group 'a/b/c/up' holds itself"},
      {"soft-cycle.h5", "'a' leads nowhere: libhdf5:"},
      {"soft-nowhere.h5", "'a' leads nowhere: libhdf5:"},
      {"deep.h5", "nested deeper than 64"},
      {"diamonds.h5", "more than 250000 groups and datasets"},
      {"filter-lzf.h5", "dataset 'x' is packed by filter 32000 (lzf); deflate, shuffle and fletcher32 are read"},
      {"filter-scaleoffset.h5", "dataset 'x' is packed by filter 6 (scaleoffset)"},
      {"filter-unknown.h5", "dataset 'x' is packed by filter 32001"},
      {"bomb-chunk.h5", "chunk 0 cannot have 67108864 bytes of"},
      {"many-chunks.h5", "dataset 'x' is in more than 1000000 chunks"},
      {"huge-unwritten.h5", "dataset 'x' is in more than 1000000 chunks"},
      {"large-unpacked.h5", "unpacks to more than 4294967296 bytes"},
      {"large-unwritten.h5", "was never written and makes more than 1073741824 bytes"},
      {"weight-missing.h5", "the weight \"none\" of layer \"a\" is listed and not there"},
      {"layer-missing.h5", "the layer \"a\" is listed and not there"},
      {"no-weights.keras", "it has no model.weights.h5"},
      {"broken-weights.keras", "model.weights.h5: it cannot be opened: libhdf5: "},
      {"broken-metadata.keras", "metadata.json"},
  };
  for (const auto& [file, error] : kKinds) {
    SCOPED_TRACE(file);
    EXPECT_THAT(OpenErrorOf(Data(file)), HasSubstr(error));
  }
}

TEST(KerasHostileTest, DataThatDoNotUnpackAreFoundWhenRead) {
  EXPECT_THAT(ReadErrorOf(Data("bomb-deflate.h5")),
              HasSubstr("dataset \"x\": a chunk's data do not unpack to its size"));
  EXPECT_THAT(ReadErrorOf(Data("short-chunk.h5")), HasSubstr("a chunk has 999 bytes, expected 1000"));
  EXPECT_THAT(ReadErrorOf(Data("wrong-sum.h5")), HasSubstr("a chunk's checksum is 00000000, expected 00000001"));
}

TEST(KerasHostileTest, AWrongSumOfMetadataIsNamed) {
  std::string changed = Data("small-latest.h5");
  changed[60] = static_cast<char>(changed[60] ^ 1);
  EXPECT_THAT(OpenErrorOf(changed), HasSubstr("the root group cannot be opened: libhdf5: incorrect metadata checksum"));
}

TEST(KerasHostileTest, AConfigurationThatCannotBeReadIsNoted) {
  auto source = OpenBytes(Data("broken-config.keras"));
  ASSERT_TRUE(source.ok()) << source.status();
  ASSERT_EQ((*source)->notes().size(), 1u);
  EXPECT_THAT((*source)->notes()[0], HasSubstr("whether it carries code is not known"));
}

TEST(KerasHostileTest, AFileCutAnywhereIsRefused) {
  const std::string whole = Data("tiny.h5");
  // What stands after the last byte in use is unknown to libhdf5, which compares sizes with the superblock's.
  for (size_t size = 0; size < whole.size(); size += size < 200 ? 1 : 7) {
    EXPECT_NE(OpenErrorOf(whole.substr(0, size)), "") << size;
  }
}

// A byte changed gives an error of policy or a file that can be read, possibly another one.
void ExpectContained(const std::string& whole, size_t begin, size_t step) {
  constexpr int kChanges[] = {0xff, 0x01, 0x80};
  for (size_t at = begin; at < whole.size(); at += step) {
    std::string changed = whole;
    changed[at] = static_cast<char>(changed[at] ^ kChanges[at % 3]);
    absl::StatusOr<std::unique_ptr<TensorSource>> source = OpenBytes(changed);
    if (!source.ok()) {
      EXPECT_EQ(ErrorClassOf(source.status()), ErrorClass::kPolicy) << at << ": " << source.status();
      continue;
    }
    for (const SourceTensor& tensor : (*source)->tensors()) {
      std::vector<uint8_t> out(std::min<uint64_t>(tensor.size_bytes(), 1 << 16));
      absl::Status status = (*source)->ReadBytes(tensor, 0, out);
      EXPECT_TRUE(status.ok() || ErrorClassOf(status) == ErrorClass::kPolicy) << at << ": " << status;
    }
  }
}

TEST(KerasHostileTest, EveryChangedByteIsContained) { ExpectContained(Data("tiny.h5"), 0, 1); }
TEST(KerasHostileTest, ChangedBytesOfLatestFormatsAreContained) { ExpectContained(Data("small-latest.h5"), 0, 41); }
TEST(KerasHostileTest, ChangedBytesOfChunksAreContained) { ExpectContained(Data("small.h5"), 4, 97); }

}  // namespace
}  // namespace plumb
