#include <gmock/gmock.h>

#include <map>

#include "formats/tensorflow/crc32c.h"
#include "formats/tensorflow/table.h"
#include "tests/unit/containers/container_testing.h"

namespace plumb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Read(const std::string& path) {
  return ReadFile(std::string(PLUMB_TEST_DATA) + "/tensorflow/" + path, 1 << 20).value();
}

// Files in memory under names.
class FilesFolder : public ByteFolder {
 public:
  std::map<std::string, std::string, std::less<>> files;
  absl::StatusOr<std::shared_ptr<const ByteSource>> Open(std::string_view path) const override {
    auto found = files.find(path);
    if (found == files.end()) return NotFound("no such file");
    return MemoryByteSource(found->second);
  }
};

FilesFolder Checkpoint() {
  FilesFolder folder;
  folder.files["v.index"] = Read("kws_ref_model/variables.index");
  folder.files["v.data-00000-of-00001"] = Read("kws_ref_model/variables.data-00000-of-00001");
  return folder;
}

std::string ErrorOf(const FilesFolder& folder) {
  absl::StatusOr<std::unique_ptr<TensorSource>> source = OpenTensorSource(folder, "v.index");
  return source.ok() ? "" : std::string(Message(source.status()));
}

TEST(BundleTest, SumsAreThoseOfTheStandard) {
  // RFC 3720, B.4: 32 bytes of zeros, of ones, rising.
  std::vector<uint8_t> bytes(32, 0);
  EXPECT_EQ(Crc32c(bytes), 0x8a9136aa);
  bytes.assign(32, 0xff);
  EXPECT_EQ(Crc32c(bytes), 0x62a8ab43);
  for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<uint8_t>(i);
  EXPECT_EQ(Crc32c(bytes), 0x46dd794e);
  EXPECT_EQ(Crc32c(std::span(bytes).first(0)), 0);
}

TEST(BundleTest, ASavedModelIsItsVariables) {
  auto source = OpenData("tensorflow", "saved_model_half_plus_two/saved_model.pb");
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_THAT(FloatsOf(**source, "a"), ElementsAre(0.5));
  EXPECT_THAT(FloatsOf(**source, "b"), ElementsAre(2));
  // A folder's listing shows the variables once.
  EXPECT_EQ((*source)->files().back().path, "saved_model_half_plus_two/variables/variables.index");
}

TEST(BundleTest, EveryTensorsSumIsVerified) {
  FilesFolder folder = Checkpoint();
  ASSERT_EQ(ErrorOf(folder), "");
  std::string& data = folder.files["v.data-00000-of-00001"];
  for (size_t at = 0; at < data.size(); at += data.size() / 50) {
    data[at] = static_cast<char>(data[at] ^ 1);
    const std::string error = ErrorOf(folder);
    // The object graph is a text, which is left out.
    if (!error.empty()) {
      EXPECT_THAT(error, HasSubstr("checksum"));
    }
    data[at] = static_cast<char>(data[at] ^ 1);
  }
  data[0] = static_cast<char>(data[0] ^ 1);
  EXPECT_THAT(ErrorOf(folder), HasSubstr("checksum"));
}

TEST(BundleTest, EveryBlocksSumIsVerified) {
  FilesFolder folder = Checkpoint();
  const std::string whole = folder.files["v.index"];
  for (size_t at = 0; at + 48 < whole.size(); at += 101) {
    folder.files["v.index"] = whole;
    folder.files["v.index"][at] = static_cast<char>(whole[at] ^ 0x10);
    EXPECT_NE(ErrorOf(folder), "") << at;
  }
}

TEST(BundleTest, DataThatIsNotThereIsNamed) {
  FilesFolder folder = Checkpoint();
  folder.files["v.data-00000-of-00001"].resize(1000);
  EXPECT_THAT(ErrorOf(folder), HasSubstr("outside the 1000 of its shard"));
  folder.files.erase("v.data-00000-of-00001");
  EXPECT_THAT(ErrorOf(folder), HasSubstr("no such file"));
}

TEST(BundleTest, CutIndexesAreOfNoContainer) {
  FilesFolder folder = Checkpoint();
  const std::string whole = folder.files["v.index"];
  for (size_t cut = 1; cut < whole.size(); cut += 997) {
    folder.files["v.index"] = whole.substr(0, whole.size() - cut);
    EXPECT_NE(ErrorOf(folder), "") << cut;
    folder.files["v.index"] = whole.substr(cut);
    EXPECT_NE(ErrorOf(folder), "") << cut;
  }
}

}  // namespace
}  // namespace plumb
