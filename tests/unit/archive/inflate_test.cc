#include "plumb/archive/inflate.h"

#include <zlib.h>

#include "gtest/gtest.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

std::string Deflate(const std::string& text, DeflateFraming framing) {
  z_stream stream = {};
  const int window = framing == DeflateFraming::kZlib ? MAX_WBITS : -MAX_WBITS;
  EXPECT_EQ(deflateInit2(&stream, 9, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string packed(deflateBound(&stream, text.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  stream.avail_in = static_cast<uInt>(text.size());
  stream.next_out = reinterpret_cast<Bytef*>(packed.data());
  stream.avail_out = static_cast<uInt>(packed.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  return packed;
}

class InflateTest : public testing::TestWithParam<DeflateFraming> {};

TEST_P(InflateTest, GivesWhatWasPackedAndNoMoreThanAllowed) {
  for (size_t size : {0u, 1u, 1000u, (1u << 20) - 1, 1u << 20, 5u << 20}) {
    const std::string text(size, 'x');
    const std::string packed = Deflate(text, GetParam());
    EXPECT_EQ(Inflate(AsBytes(packed), size, GetParam()).value(), text);
    EXPECT_EQ(Inflate(AsBytes(packed), size + 7, GetParam()).value(), text);
    if (size == 0) continue;
    absl::Status more = Inflate(AsBytes(packed), size - 1, GetParam()).status();
    EXPECT_TRUE(absl::IsInvalidArgument(more)) << size << more;
    EXPECT_EQ(ErrorClassOf(more), ErrorClass::kPolicy);
  }
}

TEST_P(InflateTest, RefusesWhatIsNotOneWholeStream) {
  const std::string packed = Deflate("to be, or not to be, that is the question", GetParam());
  for (size_t length = 0; length < packed.size(); ++length) {
    EXPECT_FALSE(Inflate(AsBytes(packed).first(length), 100, GetParam()).ok()) << length;
  }
  EXPECT_FALSE(Inflate(AsBytes(packed + "x"), 100, GetParam()).ok());
}

INSTANTIATE_TEST_SUITE_P(Both, InflateTest, testing::Values(DeflateFraming::kNone, DeflateFraming::kZlib));

}  // namespace
}  // namespace plumb
