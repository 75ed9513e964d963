#include "formats/hdf5/description.h"

#include <gmock/gmock.h>

#include "plumb/base/status.h"

namespace plumb::hdf5 {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr uint64_t kFileBytes = 1000;

// Builds payloads.
struct Bytes {
  std::vector<uint8_t> out;
  Bytes& Number(uint64_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out.push_back(static_cast<uint8_t>(value >> (8 * i)));
    return *this;
  }
  Bytes& U8(uint64_t value) { return Number(value, 1); }
  Bytes& U32(uint64_t value) { return Number(value, 4); }
  Bytes& U64(uint64_t value) { return Number(value, 8); }
  Bytes& Text(std::string_view text) {
    U32(text.size());
    out.insert(out.end(), text.begin(), text.end());
    return *this;
  }
};

// The dataset `x` of F32 up to its shape.
Bytes Dataset(const std::vector<uint64_t>& shape, Layout layout) {
  Bytes bytes;
  bytes.Text("x").U64(7).U8(static_cast<uint8_t>(Element::kF32)).U8(0).U8(shape.size());
  for (uint64_t size : shape) bytes.U64(size);
  bytes.U8(static_cast<uint8_t>(layout));
  return bytes;
}

Bytes Chunked(const std::vector<uint64_t>& shape, const std::vector<uint64_t>& chunk) {
  Bytes bytes = Dataset(shape, Layout::kChunked);
  for (uint64_t size : chunk) bytes.U64(size);
  return bytes.U8(0).Text("fill");
}

class DescriptionTest : public testing::Test {
 protected:
  DescriptionTest() { EXPECT_TRUE(Take(FrameKind::kGroup, Bytes().Text("")).ok()); }
  absl::Status Take(FrameKind kind, const Bytes& bytes) { return description_.Take(kind, bytes.out); }
  std::string ErrorOf(FrameKind kind, const Bytes& bytes) {
    absl::Status status = Take(kind, bytes);
    if (!status.ok()) {
      EXPECT_EQ(ErrorClassOf(status), ErrorClass::kPolicy) << status;
    }
    return std::string(Message(status));
  }
  Description description_{kFileBytes};
};

TEST_F(DescriptionTest, IsWhatWasSaid) {
  EXPECT_TRUE(Take(FrameKind::kAttribute, Bytes().Text("a").U8(3).U8(1).U32(2).Text("p").Text("q")).ok());
  EXPECT_TRUE(Take(FrameKind::kAttribute, Bytes().Text("b").U8(0).U8(0).U32(1).U64(~0ull)).ok());
  EXPECT_TRUE(Take(FrameKind::kAttribute, Bytes().Text("bytes").U8(3).U8(0).U32(1).Text("\xff")).ok());
  EXPECT_TRUE(Take(FrameKind::kDataset, Dataset({10, 25}, Layout::kContiguous).U64(0)).ok());
  EXPECT_TRUE(Take(FrameKind::kDataset, Chunked({5}, {2})).ok());
  EXPECT_TRUE(Take(FrameKind::kChunks, Bytes().U64(0).U64(8).U32(8).U32(0).U64(2).U64(992).U32(8).U32(1)).ok());
  EXPECT_TRUE(Take(FrameKind::kLeftOut, Bytes().Text("t").Text("holds texts")).ok());
  EXPECT_FALSE(description_.ended());
  EXPECT_TRUE(Take(FrameKind::kEnd, {}).ok());
  ASSERT_TRUE(description_.ended());
  const Hdf5File file = description_.Finish();
  ASSERT_EQ(file.groups.size(), 1u);
  ASSERT_EQ(file.groups[0].attributes.size(), 2u);
  EXPECT_THAT(std::get<std::vector<std::string>>(file.groups[0].attributes[0].value), ElementsAre("p", "q"));
  EXPECT_EQ(std::get<int64_t>(file.groups[0].attributes[1].value), -1);
  ASSERT_EQ(file.datasets.size(), 2u);
  EXPECT_THAT(file.datasets[0].shape, ElementsAre(10, 25));
  ASSERT_EQ(file.datasets[1].chunks.size(), 2u);
  EXPECT_EQ(file.datasets[1].chunks[1].begin, 992u);
  ASSERT_EQ(file.left_out.size(), 1u);
  EXPECT_EQ(file.left_out[0].why, "holds texts");
}

TEST_F(DescriptionTest, ShapesAndPlacesAreChecked) {
  EXPECT_THAT(ErrorOf(FrameKind::kDataset, Dataset({10, 25}, Layout::kContiguous).U64(1)),
              HasSubstr("1000 bytes at 1 are not in the file, which has 1000"));
  EXPECT_THAT(ErrorOf(FrameKind::kDataset, Dataset({1}, Layout::kContiguous).U64(~0ull)), HasSubstr("not in the file"));
  EXPECT_THAT(ErrorOf(FrameKind::kDataset, Dataset({1ull << 63}, Layout::kContiguous).U64(0)), HasSubstr("bits"));
  EXPECT_THAT(ErrorOf(FrameKind::kDataset, Dataset({1ull << 32, 1ull << 32}, Layout::kFill).Text("1234")),
              HasSubstr("bits"));
  EXPECT_THAT(ErrorOf(FrameKind::kDataset, Chunked({1ull << 62, 1ull << 62}, {1, 1})), HasSubstr("bits"));
  EXPECT_THAT(ErrorOf(FrameKind::kDataset, Chunked({5}, {0})), HasSubstr("chunks of nothing"));
  EXPECT_THAT(ErrorOf(FrameKind::kDataset, Chunked({limits::kHdf5ChunksMax + 1}, {1})), HasSubstr("more than 1000000"));
  EXPECT_TRUE(Take(FrameKind::kDataset, Chunked({limits::kHdf5ChunksMax}, {1})).ok());
  EXPECT_TRUE(Take(FrameKind::kDataset, Chunked({5}, {limits::kHdf5ChunkBytesMax / 4})).ok());
  EXPECT_THAT(ErrorOf(FrameKind::kDataset, Chunked({5}, {limits::kHdf5ChunkBytesMax / 4 + 1})),
              HasSubstr("a chunk has"));
}

TEST_F(DescriptionTest, ChunksAreChecked) {
  EXPECT_THAT(ErrorOf(FrameKind::kChunks, Bytes().U64(0).U64(0).U32(8).U32(0)), HasSubstr("chunks of nothing"));
  ASSERT_TRUE(Take(FrameKind::kDataset, Chunked({5}, {2})).ok());
  EXPECT_THAT(ErrorOf(FrameKind::kChunks, Bytes().U64(3).U64(0).U32(8).U32(0)), HasSubstr("out of order"));
  EXPECT_THAT(ErrorOf(FrameKind::kChunks, Bytes().U64(0).U64(993).U32(8).U32(0)),
              HasSubstr("chunk 0 is not in the file"));
  EXPECT_TRUE(Take(FrameKind::kChunks, Bytes().U64(1).U64(0).U32(8).U32(0)).ok());
  EXPECT_THAT(ErrorOf(FrameKind::kChunks, Bytes().U64(1).U64(0).U32(8).U32(0)), HasSubstr("out of order"));
  EXPECT_THAT(ErrorOf(FrameKind::kChunks, Bytes().U64(2).U64(0).U32(8)), HasSubstr("chunks of nothing"));
}

TEST_F(DescriptionTest, FramesCutAnywhereAreNonsense) {
  const std::pair<FrameKind, Bytes> kFrames[] = {
      {FrameKind::kGroup, Bytes().Text("g")},
      {FrameKind::kAttribute, Bytes().Text("a").U8(3).U8(1).U32(1).Text("p")},
      {FrameKind::kDataset, Dataset({2}, Layout::kContiguous).U64(0)},
      {FrameKind::kDataset, Dataset({1}, Layout::kInline).Text("1234")},
      {FrameKind::kDataset, Chunked({5}, {2})},
      {FrameKind::kLeftOut, Bytes().Text("t").Text("why")},
  };
  for (const auto& [kind, whole] : kFrames) {
    for (size_t size = 0; size < whole.out.size(); ++size) {
      Bytes cut = whole;
      cut.out.resize(size);
      EXPECT_THAT(ErrorOf(kind, cut), HasSubstr("nonsense")) << static_cast<char>(kind) << size;
    }
    Bytes longer = whole;
    longer.U8(0);
    EXPECT_THAT(ErrorOf(kind, longer), HasSubstr("nonsense")) << static_cast<char>(kind);
  }
}

TEST_F(DescriptionTest, ValuesOutsideTheirLists) {
  Bytes element = Dataset({1}, Layout::kInline).Text("1234");
  element.out[13] = kElementCount;
  EXPECT_THAT(ErrorOf(FrameKind::kDataset, element), HasSubstr("nonsense"));
  EXPECT_THAT(ErrorOf(FrameKind::kDataset, Dataset({1}, static_cast<Layout>(9))), HasSubstr("no layout"));
  EXPECT_THAT(ErrorOf(FrameKind::kAttribute, Bytes().Text("a").U8(9).U8(0).U32(1).U64(1)), HasSubstr("nonsense"));
  EXPECT_THAT(ErrorOf(FrameKind::kAttribute, Bytes().Text("a").U8(1).U8(1).U32(~0u)), HasSubstr("nonsense"));
  EXPECT_TRUE(Take(FrameKind::kAttribute, Bytes().Text("a").U8(1).U8(1).U32(0)).ok());
  EXPECT_THAT(ErrorOf(FrameKind::kAttribute, Bytes().Text("a").U8(1).U8(1).U32(0)), HasSubstr("occurs twice"));
  EXPECT_TRUE(Take(FrameKind::kEnd, {}).ok());
  EXPECT_THAT(ErrorOf(FrameKind::kEnd, {}), HasSubstr("after the end"));
}

}  // namespace
}  // namespace plumb::hdf5
