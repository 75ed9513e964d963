#include "plumb/pytorch/checkpoint_writer.h"

#include <gmock/gmock.h>

#include "plumb/archive/crc32.h"
#include "tests/unit/containers/container_testing.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;

// The file that a layout describes, its data of these bytes.
std::string FileOf(const ContainerLayout& layout, const std::vector<std::string>& data) {
  std::string file(layout.file_bytes, '\0');
  auto put = [&](uint64_t offset, std::string_view bytes) { file.replace(offset, bytes.size(), bytes); };
  for (const PlacedBytes& piece : layout.fixed) put(piece.offset, piece.bytes);
  std::vector<uint32_t> sums;
  for (size_t i = 0; i < data.size(); ++i) {
    EXPECT_EQ(layout.data[i].size_bytes, data[i].size());
    EXPECT_EQ(layout.data[i].offset % 64, 0u);
    put(layout.data[i].offset, data[i]);
    sums.push_back(Crc32(AsBytes(data[i])));
  }
  for (const PlacedBytes& piece : layout.seal(sums)) put(piece.offset, piece.bytes);
  return file;
}

std::string ErrorOf(const std::vector<TorchStorageToWrite>& storages, const std::vector<TorchTensorToWrite>& tensors) {
  return std::string(Message(LayOutCheckpoint(storages, tensors).status()));
}

TEST(CheckpointWriterTest, PickleIsThatOfTorchSave) {
  // What torch.save 2.7 writes for OrderedDict(a=<float32 [2, 3]>, tied=a[1], u=<uint16 [3]>), of one storage and
  // another.
  using std::string_literals::operator""s;
  const std::string expected =
      "\x80\x02"
      "ccollections\nOrderedDict\nq\0)Rq\x01("
      "X\x01\0\0\0aq\x02"
      "ctorch._utils\n_rebuild_tensor_v2\nq\x03((X\x07\0\0\0storageq\x04"
      "ctorch\nFloatStorage\nq\x05X\x01\0\0\0"
      "0q\x06X\x03\0\0\0cpuq\x07K\x06tq\x08QK\0K\x02K\x03\x86q\x09K\x03K\x01\x86q\x0a\x89h\0)Rq\x0btq\x0cRq\x0d"
      "X\x04\0\0\0tiedq\x0eh\x03((h\x04h\x05h\x06h\x07K\x06tq\x0fQK\x03K\x03\x85q\x10K\x01\x85q\x11\x89h\0)"
      "Rq\x12tq\x13Rq\x14"
      "X\x01\0\0\0uq\x15"
      "ctorch._utils\n_rebuild_tensor_v3\nq\x16((h\x04"
      "ctorch.storage\nUntypedStorage\nq\x17X\x01\0\0\0"
      "1q\x18h\x07K\x06tq\x19QK\0K\x03\x85q\x1aK\x01\x85q\x1b\x89h\0)Rq\x1c"
      "ctorch\nuint16\nq\x1dtq\x1eRq\x1fu."s;
  absl::StatusOr<ContainerLayout> layout = LayOutCheckpoint(
      {{DType::kF32, 6}, {DType::kU16, 3}}, {{"a", {2, 3}, {}, 0, 0}, {"tied", {3}, {}, 0, 3}, {"u", {3}, {}, 1, 0}});
  ASSERT_TRUE(layout.ok()) << layout.status();
  EXPECT_EQ(layout->fixed[0].bytes, expected);
}

TEST(CheckpointWriterTest, LargeNumbersAndManyDimensions) {
  const uint64_t many = (uint64_t{1} << 33) + 5;
  absl::StatusOr<ContainerLayout> layout =
      LayOutCheckpoint({{DType::kU8, many}}, {{"far", {2, 1, 1, 1, 1}, {70'000, 300, 1, 1, 1}, 0, many - 70'001}});
  ASSERT_TRUE(layout.ok()) << layout.status();
  const std::string& pickle = layout->fixed[0].bytes;
  // 2^33 + 5 takes five bytes.
  EXPECT_THAT(pickle, HasSubstr(std::string("\x8a\x05\x05\0\0\0\x02", 7)));
  EXPECT_THAT(pickle, HasSubstr(std::string("(J\x70\x11\x01\0M\x2c\x01K\x01K\x01K\x01t", 16)));
  EXPECT_GT(layout->file_bytes, many);
}

TEST(CheckpointWriterTest, IsReadBackWithItsViews) {
  absl::StatusOr<ContainerLayout> layout = LayOutCheckpoint(
      {{DType::kU8, 6}, {DType::kF8E4M3, 1}, {DType::kI64, 0}},
      {{"base", {2, 3}, {}, 0, 0}, {"column", {2}, {3}, 0, 1}, {"eight", {}, {}, 1, 0}, {"empty", {0, 5}, {}, 2, 0}});
  ASSERT_TRUE(layout.ok()) << layout.status();
  auto source = OpenBytes(FileOf(*layout, {std::string("\1\2\3\4\5\6"), "\x38", ""}));
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_THAT(FloatsOf(**source, "base"), testing::ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(FloatsOf(**source, "column"), testing::ElementsAre(2, 5));
  EXPECT_THAT(FloatsOf(**source, "eight"), testing::ElementsAre(1));
  EXPECT_EQ((*source)->Find("empty")->shape, (std::vector<uint64_t>{0, 5}));
  EXPECT_EQ((*source)->Find("base")->shared_storage, (*source)->Find("column")->shared_storage);
}

TEST(CheckpointWriterTest, RefusesWhatIsNoCheckpoint) {
  EXPECT_THAT(ErrorOf({{DType::kF4, 2}}, {{"a", {2}, {}, 0, 0}}), HasSubstr("\"a\": PyTorch has no type F4"));
  EXPECT_THAT(ErrorOf({{DType::kF32, 2}}, {{"a", {3}, {}, 0, 0}}), HasSubstr("ends at element 3 of a storage of 2"));
  EXPECT_THAT(ErrorOf({{DType::kF32, 2}}, {{"a", {2}, {2}, 0, 0}}), HasSubstr("ends at element 3"));
  EXPECT_THAT(ErrorOf({{DType::kF32, 2}}, {{"a", {2}, {}, 0, UINT64_MAX}}), HasSubstr("overflow"));
  EXPECT_THAT(ErrorOf({{DType::kF32, 2}}, {{"a", {3}, {UINT64_MAX}, 0, 0}}), HasSubstr("overflow"));
  EXPECT_THAT(ErrorOf({{DType::kF32, 2}}, {{"a", {2}, {1, 1}, 0, 0}}), HasSubstr("2 strides for 1 dimensions"));
  EXPECT_THAT(ErrorOf({{DType::kF32, 2}}, {{"a", {2}, {}, 1, 0}}), HasSubstr("no storage 1"));
  EXPECT_THAT(ErrorOf({{DType::kF32, 2}}, {{"\xff", {2}, {}, 0, 0}}), HasSubstr("not UTF-8"));
  EXPECT_THAT(ErrorOf({{DType::kF32, 2}}, {{"a", {2}, {}, 0, 0}, {"a", {2}, {}, 0, 0}}), HasSubstr("occurs twice"));
}

}  // namespace
}  // namespace plumb
