#include <fcntl.h>

#include "tests/unit/weights/safetensors_testing.h"

namespace plumb {
namespace {

std::string TwoTensors() {
  std::string big = "12345678", small = "xyz";
  return *SerializeSafetensors({{"small", DType::kU8, {3}, AsBytes(small)}, {"big", DType::kF32, {2}, AsBytes(big)}},
                               {{"k", "v"}});
}

TEST(SafetensorsFileTest, BytesLieWhereTheHeaderSays) {
  ScratchFolder folder;
  auto file = SafetensorsFile::Open(folder.Write("m.safetensors", TwoTensors()));
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(AsText(file->Bytes(*file->header().Find("big"))), "12345678");
  EXPECT_EQ(AsText(file->Bytes(*file->header().Find("small"))), "xyz");
  EXPECT_EQ(file->header().metadata().at("k"), "v");
}

TEST(SafetensorsFileTest, BytesStayAfterReleaseMoveAndClose) {
  ScratchFolder folder;
  std::string path = folder.Write("m.safetensors", TwoTensors());
  UniqueFd fd(::open(path.c_str(), O_RDONLY));
  auto opened = SafetensorsFile::FromFd(fd.get(), "m");
  ASSERT_TRUE(opened.ok()) << opened.status();
  ASSERT_TRUE(fd.Close().ok());
  SafetensorsFile file = *std::move(opened);
  const TensorInfo* big = file.header().Find("big");
  file.Release(*big);
  EXPECT_EQ(AsText(file.Bytes(*big)), "12345678");
}

TEST(SafetensorsFileTest, BadFilesAreNamed) {
  ScratchFolder folder;
  for (const std::string& content : {std::string(), std::string("short"), TwoTensors() + "x"}) {
    std::string path = folder.Write("bad.safetensors", content);
    ExpectRefused(SafetensorsFile::Open(path).status(), path + ": safetensors: ");
  }
}

TEST(SafetensorsFileTest, MissingFileIsNotFound) {
  ScratchFolder folder;
  EXPECT_TRUE(absl::IsNotFound(SafetensorsFile::Open(folder.path() + "/none").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(SafetensorsFile::Open(folder.path()).status()));
}

TEST(SafetensorsFileTest, ReadAgreesWithParse) {
  ScratchFolder folder;
  const std::string content = TwoTensors();
  auto fd = OpenForReading(folder.Write("m.safetensors", content));
  ASSERT_TRUE(fd.ok()) << fd.status();
  auto read = SafetensorsHeader::Read(fd->get(), "m");
  auto parsed = ParseFile(content);
  ASSERT_TRUE(read.ok() && parsed.ok()) << read.status() << parsed.status();
  ASSERT_EQ(read->tensors().size(), parsed->tensors().size());
  for (size_t i = 0; i < read->tensors().size(); ++i) {
    EXPECT_EQ(read->tensors()[i].name, parsed->tensors()[i].name);
    EXPECT_EQ(read->tensors()[i].begin, parsed->tensors()[i].begin);
    EXPECT_EQ(read->tensors()[i].end, parsed->tensors()[i].end);
  }
  EXPECT_EQ(read->metadata(), parsed->metadata());
  EXPECT_EQ(read->data_offset(), parsed->data_offset());
}

TEST(SafetensorsFileTest, ReadOfEveryPrefixIsRefused) {
  ScratchFolder folder;
  const std::string content = TwoTensors();
  for (size_t size = 0; size < content.size(); size += 5) {
    auto fd = OpenForReading(folder.Write("m", content.substr(0, size)));
    ASSERT_TRUE(fd.ok()) << fd.status();
    ExpectRefused(SafetensorsHeader::Read(fd->get(), "m").status(), "m: safetensors: ");
  }
}

}  // namespace
}  // namespace plumb
