// What a header may cost: hostile headers of many tiny things, counted by the allocator.
#include <cstdlib>
#include <new>

#include "gtest/gtest.h"
#include "tests/unit/gguf/gguf_testing.h"

namespace {

// Bytes asked for and not given back, and their peak. This test is one thread.
size_t live_bytes = 0;
size_t peak_bytes = 0;

constexpr size_t kHeader = 16;  // Holds the size, and keeps the alignment.

}  // namespace

void* operator new(size_t size) {
  void* block = std::malloc(size + kHeader);
  if (block == nullptr) std::abort();
  *static_cast<size_t*>(block) = size;
  live_bytes += size;
  peak_bytes = std::max(peak_bytes, live_bytes);
  return static_cast<char*>(block) + kHeader;
}

void operator delete(void* pointer) noexcept {
  if (pointer == nullptr) return;
  char* block = static_cast<char*>(pointer) - kHeader;
  live_bytes -= *reinterpret_cast<size_t*>(block);
  std::free(block);
}

void operator delete(void* pointer, size_t) noexcept { operator delete(pointer); }

namespace plumb::gguf {
namespace {

// Never more than sixteen times the file, whatever it says, and little for a file that ends early.
void ExpectBounded(const GgufBytes& file) {
  auto bytes = MemoryByteSource(file.text());
  const size_t before = live_bytes;
  peak_bytes = live_bytes;
  auto header = GgufHeader::Read(*bytes, "file");
  EXPECT_LE(peak_bytes - before, 16 * file.text().size() + 4096) << header.status();
}

constexpr uint64_t kMany = 20'000;

TEST(MemoryTest, ManyKeys) {
  GgufBytes file;
  file.Header(0, kMany);
  for (uint64_t i = 0; i < kMany; ++i) {
    const char key[3] = {static_cast<char>(i), static_cast<char>(i >> 8), 'k'};
    file.String({key, 3}).Add(0u).Raw("x");
  }
  ASSERT_TRUE(ReadGguf(file.text()).ok());
  ExpectBounded(file);
}

TEST(MemoryTest, ManyTensors) {
  GgufBytes file;
  file.Header(kMany, 0);
  for (uint64_t i = 0; i < kMany; ++i) file.Tensor(std::to_string(i), {}, 24, 32 * i);
  file.Pad(32).Zeros(32 * kMany);
  ASSERT_TRUE(ReadGguf(file.text()).ok());
  ExpectBounded(file);
}

TEST(MemoryTest, ArraysOfTheSmallestElements) {
  for (uint32_t type : {0u, 1u, 7u}) {
    ExpectBounded(GgufBytes().Header(0, 1).String("k").Add(9u).Add(type).Add(uint64_t{1} << 20).Zeros(1 << 20));
  }
  // A million empty strings.
  ExpectBounded(GgufBytes().Header(0, 1).String("k").Add(9u).Add(8u).Add(uint64_t{1} << 20).Zeros(8 << 20));
}

TEST(MemoryTest, CountsThatTheFileCannotHold) {
  const uint64_t counts[] = {1000, 1ull << 20, 1ull << 30, 1ull << 62, ~0ull};
  for (uint64_t count : counts) {
    ExpectBounded(GgufBytes().Header(count, 0).Zeros(100));
    ExpectBounded(GgufBytes().Header(0, count).Zeros(100));
    ExpectBounded(GgufBytes().Header(0, 1).String("k").Add(8u).Add(count).Zeros(100));
    for (uint32_t type = 0; type < 13; ++type) {
      ExpectBounded(GgufBytes().Header(0, 1).String("k").Add(9u).Add(type).Add(count).Zeros(100));
    }
  }
}

// A remote file of 40 GiB, of which only the first bytes exist.
class Huge : public ByteSource {
 public:
  explicit Huge(std::string start) : start_(std::move(start)) {}
  uint64_t Size() const override { return 40ull << 30; }
  absl::Status Read(uint64_t offset, std::span<uint8_t> out) const override {
    read_bytes += out.size();
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] = offset + i < start_.size() ? static_cast<uint8_t>(start_[offset + i]) : 0;
    }
    return absl::OkStatus();
  }
  mutable uint64_t read_bytes = 0;

 private:
  std::string start_;
};

TEST(MemoryTest, OnlyTheHeaderOfARemoteFileIsRead) {
  GgufBytes file;
  file.Header(300, 1).KeyU32("general.alignment", 32);
  for (uint64_t i = 0; i < 300; ++i) {
    file.Tensor("blk." + std::to_string(i) + ".ffn_up.weight", {4096, 4096}, 8, i * 4096 * 4096 / 32 * 34);
  }
  Huge huge(file.text());
  auto header = GgufHeader::Read(huge, "remote");
  ASSERT_TRUE(header.ok()) << header.status();
  EXPECT_EQ(header->tensors.size(), 300u);
  EXPECT_LE(huge.read_bytes, 64u << 10);
}

}  // namespace
}  // namespace plumb::gguf
