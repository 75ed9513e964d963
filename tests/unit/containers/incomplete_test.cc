#include "plumb/containers/incomplete.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"

namespace plumb {
namespace {

using testing::HasSubstr;

constexpr char kPointer[] =
    "version https://git-lfs.github.com/spec/v1\n"
    "oid sha256:2264b5c2fbff5027881b9b32c7b90fc01fe6b85785571064a2880d306ffc8633\nsize 29928734\n";

std::string StandIn(std::string_view path, std::string_view bytes) {
  std::optional<IncompleteFile> found = StandInFor(path, bytes.size(), AsBytes(bytes));
  return found.has_value() ? found->what : "";
}

bool EndsEarlyAs(std::string_view path, std::string bytes) {
  absl::StatusOr<std::optional<IncompleteFile>> found = EndsEarly(path, *MemoryByteSource(std::move(bytes)));
  EXPECT_TRUE(found.ok()) << found.status();
  return found.ok() && found->has_value();
}

TEST(StandInTest, PointersUnderEveryName) {
  for (const char* name :
       {"model.safetensors", "pytorch_model.bin", "tokenizer.model", "tokenizer.json", "a.png", "x"}) {
    EXPECT_THAT(StandIn(name, kPointer), HasSubstr("Git LFS pointer (133 bytes) to a file of 29928734 bytes")) << name;
  }
  EXPECT_THAT(StandIn("m.bin", "# xet version 0\nfilesize = 77\nhash = 'ab'\n"), HasSubstr("Xet pointer"));
  EXPECT_THAT(StandIn("m.bin", "/annex/objects/SHA256E-s12--ab.bin\n"), HasSubstr("git-annex pointer"));
  // A text about pointers is none.
  EXPECT_EQ(StandIn("README.md", std::string("see ") + kPointer), "");
  EXPECT_EQ(StandIn("README.md", kPointer + std::string(2000, 'x')), "");
}

TEST(StandInTest, WhatServersSayInsteadOfAFile) {
  EXPECT_THAT(StandIn("model.bin", "\n<!DOCTYPE html><html><body>Sign in</body></html>"), HasSubstr("web page"));
  EXPECT_THAT(StandIn("config.json", "<html></html>"), HasSubstr("web page"));
  EXPECT_THAT(StandIn("model.safetensors", "Entry not found"), HasSubstr("text (15 bytes)"));
  EXPECT_THAT(StandIn("model.pt", R"({"error":"Repository not found"})"), HasSubstr("text"));
  EXPECT_THAT(StandIn("model.gguf", "any text at all"), HasSubstr("text"));
  EXPECT_EQ(StandIn("words.bin", "3000000 300\n"), "");
  EXPECT_EQ(StandIn("config.json", R"({"error":"x"})"), "");
  EXPECT_EQ(StandIn("index.html", "<html></html>"), "");
  EXPECT_EQ(StandIn("model.safetensors.index.json", "{}"), "");
}

TEST(StandInTest, NothingAndWhatIsNotFinished) {
  for (const char* name : {"model.bin", "x.npz", "tokenizer.json", "spiece.model", "config.json", "m.ckpt"}) {
    EXPECT_EQ(StandIn(name, ""), "is empty") << name;
  }
  for (const char* name : {"__init__.py", ".gitkeep", "notes.txt", "added.json"})
    EXPECT_EQ(StandIn(name, ""), "") << name;
  for (const char* name : {"a.incomplete", "model.safetensors.part", "m.gguf.tmp", "x.aria2", "m.bin.crdownload"}) {
    EXPECT_THAT(StandIn(name, "\x01\x02"), HasSubstr("unfinished download")) << name;
  }
  for (const char* name : {"chapter.part", "x.tmp", "model.gguf.part1of2"})
    EXPECT_EQ(StandIn(name, "\x01"), "") << name;
}

// Of each format a smallest whole file, of which no beginning is whole.
TEST(EndsEarlyTest, EveryBeginningIsCutAndTheWholeIsNot) {
  std::string zip("PK\x03\x04", 4);
  zip += std::string(40, 'x') + std::string("PK\x05\x06", 4) + std::string(18, '\0');
  std::string hdf5("\x89HDF\r\n\x1a\n\x00\x00\x00\x00\x00\x08\x08\x00", 16);
  hdf5 += std::string(24, '\0') + std::string("\x60\0\0\0\0\0\0\0", 8) + std::string(48, '\0');
  std::string npy("\x93NUMPY\x01\x00\x04\x00", 10);
  npy += "{}  ";
  std::string parquet = "PAR1....PAR1";
  std::string pickle("\x80\x04N.", 4);
  std::string msgpack("\x82\xa1\x61\xc4\x03xyz\xa1\x62\xcd\x01\x02", 13);
  std::string protobuf("\x08\x07\x12\x03xyz", 7);
  const std::pair<const char*, std::string> kFiles[] = {{"a.npz", zip},    {"a.h5", hdf5},
                                                        {"a.npy", npy},    {"a.parquet", parquet},
                                                        {"a.pkl", pickle}, {"a.msgpack", msgpack}};
  for (const auto& [name, bytes] : kFiles) {
    EXPECT_FALSE(EndsEarlyAs(name, bytes)) << name;
    for (size_t size = 2; size < bytes.size(); ++size) {
      EXPECT_TRUE(EndsEarlyAs(name, bytes.substr(0, size))) << name << " " << size;
    }
  }
  EXPECT_FALSE(EndsEarlyAs("a.onnx", protobuf));
  EXPECT_FALSE(EndsEarlyAs("a.onnx", protobuf.substr(0, 2)));  // Whole messages end anywhere.
  EXPECT_TRUE(EndsEarlyAs("a.onnx", protobuf.substr(0, 6)));
}

TEST(EndsEarlyTest, NamesThatPromiseAFormat) {
  for (const char* name : {"a.gguf", "a.npz", "a.npy", "a.keras", "a.h5"}) EXPECT_TRUE(EndsEarlyAs(name, "0123456789"));
  EXPECT_FALSE(EndsEarlyAs("a.h5", std::string(512, 'u') + "\x89HDF\r\n\x1a\n"));
  // A list of tokens in base64, as tiktoken has it under the same name.
  EXPECT_FALSE(EndsEarlyAs("tokenizer.model", "IQ== 0\nIg== 1\nIw== 2\n"));
  // What nobody here understands is not wrong.
  for (const char* name : {"a.bin", "a.pt", "a.ckpt", "a.pdparams", "a.onnx", "tokenizer.model"}) {
    EXPECT_FALSE(EndsEarlyAs(name, "\xff\xfe 0123456789")) << name;
  }
}

std::string Sets(const std::vector<std::string>& paths) {
  std::string all;
  for (const IncompleteFile& set : IncompleteSets(paths)) all += set.path + " " + set.what + "\n";
  return all;
}

TEST(IncompleteSetsTest, WhatIsMissingIsNamed) {
  EXPECT_EQ(Sets({"m-00001-of-00003.safetensors", "m-00003-of-00003.safetensors"}),
            "m-*-of-00003.safetensors lacks 1 of its 3 files: m-00002-of-00003.safetensors\n");
  EXPECT_EQ(Sets({"a/m-00001-of-00002.bin", "b/m-00002-of-00002.bin"}),
            "a/m-*-of-00002.bin lacks 1 of its 2 files: m-00002-of-00002.bin\n"
            "b/m-*-of-00002.bin lacks 1 of its 2 files: m-00001-of-00002.bin\n");
  EXPECT_EQ(Sets({"m-00001-of-00009.gguf"}),
            "m-*-of-00009.gguf lacks 8 of its 9 files: m-00002-of-00009.gguf, m-00003-of-00009.gguf, "
            "m-00004-of-00009.gguf, m-00005-of-00009.gguf, ...\n");
}

TEST(IncompleteSetsTest, WholeSetsAndOtherNames) {
  EXPECT_EQ(Sets({"m-00001-of-00001.safetensors", "v.data-00000-of-00001", "t-00000-of-00002.parquet",
                  "t-00001-of-00002.parquet", "x-00000-of-00001-0123abc.parquet", "best-of-2.bin", "of-course"}),
            "");
}

}  // namespace
}  // namespace plumb
