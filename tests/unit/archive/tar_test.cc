#include "plumb/archive/tar.h"

#include <gmock/gmock.h>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

using testing::HasSubstr;

std::string Header(const std::string& name, const std::string& size, char kind) {
  std::string block(512, '\0');
  block.replace(0, name.size(), name);
  block.replace(124, size.size(), size);
  block.replace(148, 8, "        ");
  block[156] = kind;
  unsigned sum = 0;
  for (char c : block) sum += static_cast<uint8_t>(c);
  block.replace(148, 7, fmt::format("{:06o}", sum) + '\0');
  return block;
}

std::string File(const std::string& name, const std::string& data) {
  return Header(name, fmt::format("{:011o}", data.size()), '0') + data +
         std::string((512 - data.size() % 512) % 512, '\0');
}

const std::string kEnd(1024, '\0');

std::string ErrorOf(const std::string& bytes) {
  absl::StatusOr<std::vector<TarEntry>> entries = ReadTar(*MemoryByteSource(bytes));
  if (entries.ok()) return "";
  EXPECT_EQ(ErrorClassOf(entries.status()), ErrorClass::kPolicy);
  return std::string(Message(entries.status()));
}

TEST(TarTest, ReadsFiles) {
  const std::string bytes = File("a", "hello") + Header("d/", "0", '5') + File("d/b", std::string(512, 'x')) + kEnd;
  absl::StatusOr<std::vector<TarEntry>> entries = ReadTar(*MemoryByteSource(bytes));
  ASSERT_TRUE(entries.ok()) << entries.status();
  ASSERT_EQ(entries->size(), 2);
  EXPECT_EQ((*entries)[0].name, "a");
  EXPECT_EQ(bytes.substr((*entries)[0].begin, (*entries)[0].end - (*entries)[0].begin), "hello");
  EXPECT_EQ((*entries)[1].name, "d/b");
  EXPECT_TRUE(LooksLikeTar({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()}));
}

TEST(TarTest, RefusesWhatIsNotPlain) {
  EXPECT_THAT(ErrorOf(Header("l", "0", '2') + kEnd), HasSubstr("link"));
  EXPECT_THAT(ErrorOf(Header("x", "0", 'x') + kEnd), HasSubstr("extended header"));
  EXPECT_THAT(ErrorOf(File("a", "1") + File("a", "2") + kEnd), HasSubstr("occurs twice"));
  EXPECT_THAT(ErrorOf(Header("a", "77777777777", '0') + kEnd), HasSubstr("past the end"));
  EXPECT_THAT(ErrorOf(Header("a", "9", '0') + kEnd), HasSubstr("past the end"));
  EXPECT_THAT(ErrorOf(File("a", "1") + kEnd + "x"), HasSubstr("follows the end"));
  EXPECT_THAT(ErrorOf(File("a", "1")), HasSubstr("without an end block"));
  std::string damaged = File("a", "1") + kEnd;
  damaged[1] = 'b';
  EXPECT_THAT(ErrorOf(damaged), HasSubstr("wrong checksum"));
}

}  // namespace
}  // namespace plumb
