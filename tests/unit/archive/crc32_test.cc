#include "plumb/archive/crc32.h"

#include <zlib.h>

#include <random>
#include <string_view>

#include "gtest/gtest.h"
#include "plumb/base/file.h"

namespace plumb {
namespace {

TEST(Crc32Test, TheStandardsCheck) {
  EXPECT_EQ(Crc32(AsBytes("123456789")), 0xcbf43926u);
  EXPECT_EQ(Crc32({}), 0u);
  EXPECT_EQ(Crc32({}, 7), 7u);
}

TEST(Crc32Test, EveryLengthAndPlaceIsAsZlibHasIt) {
  std::mt19937 random(1);
  std::vector<uint8_t> bytes(3000);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  for (size_t begin = 0; begin < 17; ++begin) {
    for (size_t length = 0; length < 700; ++length) {
      const auto piece = std::span<const uint8_t>(bytes).subspan(begin, length);
      ASSERT_EQ(Crc32(piece, 0x9abcdef0), crc32(0x9abcdef0, piece.data(), static_cast<uInt>(length))) << length;
    }
  }
  EXPECT_EQ(Crc32(bytes), crc32(0, bytes.data(), static_cast<uInt>(bytes.size())));
}

TEST(Crc32Test, SumsOfPiecesAreCombined) {
  std::vector<uint8_t> bytes(1500);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i * i);
  const std::span<const uint8_t> all(bytes);
  for (size_t cut = 0; cut <= bytes.size(); cut += 25) {
    const auto head = all.first(cut), tail = all.subspan(cut);
    EXPECT_EQ(CombineCrc32(Crc32(head), Crc32(tail), tail.size()), Crc32(all));
    EXPECT_EQ(Crc32(tail, Crc32(head)), Crc32(all));
  }
}

}  // namespace
}  // namespace plumb
