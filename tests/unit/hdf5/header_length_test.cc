#include "formats/hdf5/helper/header_length.h"

#include <gtest/gtest.h>

#include <string>

#include "plumb/base/file.h"

namespace plumb::hdf5 {
namespace {

// Bytes of a header's start, filled up with zeros.
std::string Start(std::string bytes, size_t size = kHeaderPrefixBytesMax) {
  bytes.resize(size);
  return bytes;
}

TEST(HeaderLengthTest, FirstVersion) {
  // Version, nothing, 5 messages, one reference, 0x118 bytes of messages.
  const std::string header = Start(std::string("\1\0\5\0\1\0\0\0\x18\1\0\0", 12), 16);
  EXPECT_EQ(HeaderPrefixBytes(AsBytes(header)), 16u);
  EXPECT_EQ(HeaderBytes(AsBytes(header), 0, 0), 16u + 0x118);
}

TEST(HeaderLengthTest, SecondVersionWithEveryKindOfPrefix) {
  // Flags: no times, no limits, one byte of length.
  std::string header = Start(std::string("OHDR\2\0\x20", 7));
  EXPECT_EQ(HeaderPrefixBytes(AsBytes(header)), 16u);
  EXPECT_EQ(HeaderBytes(AsBytes(header).first(16), 0, 0), 7u + 0x20 + 4);
  // Times and two bytes of length.
  header = Start(std::string("OHDR\2\x21", 6) + std::string(16, 'x') + std::string("\x34\x12", 2));
  EXPECT_EQ(HeaderPrefixBytes(AsBytes(header)), 24u);
  EXPECT_EQ(HeaderBytes(AsBytes(header).first(24), 0, 0), 24u + 0x1234 + 4);
  // Times, limits and eight bytes of length.
  header = Start(std::string("OHDR\2\x33", 6) + std::string(20, 'x') + std::string("\1\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(HeaderPrefixBytes(AsBytes(header)), kHeaderPrefixBytesMax);
  EXPECT_EQ(HeaderBytes(AsBytes(header), 0, 0), 34u + 1 + 4);
  // A length that would wrap stays large.
  header = Start(std::string("OHDR\2\x33", 6) + std::string(20, 'x') + std::string(8, '\xff'));
  EXPECT_EQ(HeaderBytes(AsBytes(header), 0, 0), UINT64_MAX);
}

TEST(HeaderLengthTest, Heaps) {
  std::string heap = Start(std::string("HEAP\0\0\0\0\x58", 9), 32);
  heap[24] = 0x20;
  heap[25] = 0x03;
  EXPECT_EQ(HeaderPrefixBytes(AsBytes(heap).first(16)), 32u);
  EXPECT_EQ(HeaderBytes(AsBytes(heap), 0x300, 0x1000), 32u + 0x58);
  // Elsewhere.
  EXPECT_EQ(HeaderBytes(AsBytes(heap), 0x200, 0x1000), 32u);
  // Past the end of the file.
  EXPECT_EQ(HeaderBytes(AsBytes(heap), 0x300, 0x320 + 0x57), UINT64_MAX);
  // With sizes and addresses of four bytes: 0x58, a free place at 8, and the data behind.
  heap = Start(std::string("HEAP\0\0\0\0\x58\0\0\0\x08\0\0\0\x14\x03\0\0", 20), 32);
  EXPECT_EQ(HeaderBytes(AsBytes(heap), 0x300, 0x1000), UINT64_MAX);
}

TEST(HeaderLengthTest, WhatIsNoHeader) {
  for (const std::string& start : {
           std::string("OCHK\1\0\0\0\0\0\0\0\0\0\0\0", 16),              // Goes on with one of the second version.
           std::string("OHDR\1\0\0\0\0\0\0\0\0\0\0\0", 16),              // Of another version.
           std::string("\1\0\x08\0\1\0\0\0\1\0\0\0\0\0\0\0", 16),        // Messages that go on: a scalar's dataspace,
           std::string("\1\0\x18\0\0\0\0\0\1\2\0\0\0\0\0\0", 16),        // a matrix's,
           std::string("\1\0\x08\0\1\0\0\0\2\0\0\0\0\0\0\0", 16),        // one of the second version,
           std::string("\3\0\x10\0\1\0\0\0\x11\x20\x1f\0\4\0\0\0", 16),  // a type.
           std::string("\1\0\0\0", 4),
       }) {
    EXPECT_EQ(HeaderPrefixBytes(AsBytes(start)), 0u) << start;
  }
}

}  // namespace
}  // namespace plumb::hdf5
