#include "plumb/numpy/npz_writer.h"

#include <gmock/gmock.h>

#include "tests/unit/containers/container_testing.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;

// The header of the only array.
std::string HeaderOf(DType dtype, const std::vector<uint64_t>& shape) {
  absl::StatusOr<ContainerLayout> layout = LayOutNpz({{"a", dtype, shape}});
  EXPECT_TRUE(layout.ok()) << layout.status();
  return layout.ok() ? layout->fixed[0].bytes : "";
}

std::string Padded(std::string text, size_t size) {
  text.resize(size - 1, ' ');
  return text + '\n';
}

// Recorded from numpy.save 2.4.
TEST(NpzWriterTest, HeadersAreThoseOfNumpySave) {
  EXPECT_EQ(HeaderOf(DType::kF32, {3, 4}),
            std::string("\x93NUMPY\x01\0v\0", 10) +
                Padded("{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }", 118));
  EXPECT_EQ(HeaderOf(DType::kBool, {7}), std::string("\x93NUMPY\x01\0v\0", 10) +
                                             Padded("{'descr': '|b1', 'fortran_order': False, 'shape': (7,), }", 118));
  EXPECT_EQ(HeaderOf(DType::kC64, {}), std::string("\x93NUMPY\x01\0v\0", 10) +
                                           Padded("{'descr': '<c8', 'fortran_order': False, 'shape': (), }", 118));
  EXPECT_THAT(HeaderOf(DType::kI8, {0, 2}), HasSubstr("'|i1'"));
  EXPECT_THAT(HeaderOf(DType::kU64, {1}), HasSubstr("'<u8'"));
}

TEST(NpzWriterTest, HeadersEndAtMultiplesOf64WhateverTheShape) {
  for (uint64_t rank = 0; rank <= 64; ++rank) {
    const std::vector<uint64_t> shape(rank, 1);
    EXPECT_EQ(HeaderOf(DType::kF64, shape).size() % 64, 0u);
  }
}

TEST(NpzWriterTest, RefusesWhatNumpyDoesNotHave) {
  for (DType dtype : {DType::kBF16, DType::kF8E4M3, DType::kF4, DType::kQ8_0, DType::kString}) {
    EXPECT_FALSE(NumpyHolds(dtype));
    EXPECT_EQ(Message(LayOutNpz({{"w", dtype, {32}}}).status()),
              "write tensor \"w\": NumPy has no type " + std::string(DTypeName(dtype)));
  }
  EXPECT_THAT(std::string(Message(LayOutNpz({}).status())), HasSubstr("no tensors"));
  EXPECT_THAT(std::string(Message(LayOutNpz({{"a", DType::kU8, {}}, {"a", DType::kU8, {}}}).status())),
              HasSubstr("occurs twice"));
}

}  // namespace
}  // namespace plumb
