// Sharded checkpoints. The shards are files of tests/data/pytorch.
#include <gmock/gmock.h>

#include "plumb/base/status.h"
#include "plumb/containers/open.h"
#include "tests/unit/base/scratch_folder.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;

class PytorchIndexTest : public ::testing::Test {
 protected:
  // A copy of a file in tests/data/pytorch.
  void Copy(const std::string& from, const std::string& to) {
    std::filesystem::create_directories(std::filesystem::path(folder_.PathOf(to)).parent_path());
    std::filesystem::copy_file(std::string(PLUMB_TEST_DATA) + "/pytorch/" + from, folder_.PathOf(to));
  }
  std::vector<std::string> NamesIn(const std::string& path) {
    auto source = Open(path);
    EXPECT_TRUE(source.ok()) << source.status();
    std::vector<std::string> names;
    for (const SourceTensor& tensor : (*source)->tensors()) names.push_back(tensor.name);
    return names;
  }
  // An index that gives each shard its own tensors.
  std::string IndexOf(const std::vector<std::string>& shards) {
    std::string map;
    for (const std::string& shard : shards) {
      for (const std::string& name : NamesIn(shard))
        map += (map.empty() ? "\"" : ",\"") + name + "\":\"" + shard + "\"";
    }
    return R"({"metadata":{"total_size":1},"weight_map":{)" + map + "}}";
  }
  absl::StatusOr<std::unique_ptr<TensorSource>> Open(const std::string& path) {
    return OpenTensorSource(*Directory::Open(folder_.path()), path);
  }
  std::string ErrorOf(const std::string& index) {
    folder_.Write("index.json", index);
    absl::StatusOr<std::unique_ptr<TensorSource>> source = Open("index.json");
    EXPECT_EQ(ErrorClassOf(source.status()), ErrorClass::kPolicy) << source.status();
    return std::string(Message(source.status()));
  }
  ScratchFolder folder_;
};

TEST_F(PytorchIndexTest, ShardsOfEitherFormAreOneSource) {
  Copy("state_dict.pt", "m-00001-of-00002.bin");
  Copy("legacy_shared_storage.pt", "m-00002-of-00002.bin");
  folder_.Write("index.json", IndexOf({"m-00001-of-00002.bin", "m-00002-of-00002.bin"}));
  auto source = Open("index.json");
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->format(), "pytorch");
  EXPECT_EQ((*source)->files().size(), 2u);
  for (const char* shard : {"m-00001-of-00002.bin", "m-00002-of-00002.bin"}) {
    auto alone = Open(shard);
    for (const SourceTensor& tensor : (*alone)->tensors()) {
      const SourceTensor* found = (*source)->Find(tensor.name);
      ASSERT_NE(found, nullptr) << tensor.name;
      EXPECT_EQ(found->shared_storage.has_value(), tensor.shared_storage.has_value());
      std::vector<uint8_t> bytes(tensor.size_bytes()), again(found->size_bytes());
      ASSERT_TRUE((*alone)->ReadBytes(tensor, 0, bytes).ok() && (*source)->ReadBytes(*found, 0, again).ok());
      EXPECT_EQ(bytes, again);
    }
  }
}

TEST_F(PytorchIndexTest, IndexAndShardsMustAgree) {
  Copy("state_dict.pt", "a.bin");
  const std::string index = IndexOf({"a.bin"});
  std::string more = index, fewer = index;
  more.replace(more.find("}}"), 2, R"(,"missing":"a.bin"}})");
  EXPECT_THAT(ErrorOf(more), HasSubstr("the shards hold"));
  const std::string first = NamesIn("a.bin")[0];
  fewer.replace(fewer.find("\"" + first + "\""), first.size() + 2, "\"other\"");
  EXPECT_THAT(ErrorOf(fewer),
              HasSubstr("shard a.bin: it holds tensor \"" + first + "\", which the index places nowhere"));
}

TEST_F(PytorchIndexTest, AShardIsACheckpointBesideTheIndex) {
  folder_.Write("b.bin", R"({"metadata":{},"weight_map":{"a":"b.bin"}})");
  EXPECT_THAT(ErrorOf(R"({"metadata":{},"weight_map":{"a":"b.bin"}})"),
              HasSubstr("shard b.bin: it is no PyTorch checkpoint"));
  EXPECT_THAT(ErrorOf(R"({"metadata":{},"weight_map":{"a":"../b.bin"}})"), HasSubstr("path"));
  EXPECT_THAT(ErrorOf(R"({"metadata":{},"weight_map":{"a":"b-00001-of-00002.bin"}})"), HasSubstr("1 of the 2 shards"));
  folder_.Write("index.json", R"({"metadata":{},"weight_map":{"a":"missing.bin"}})");
  EXPECT_TRUE(absl::IsNotFound(Open("index.json").status()));
}

}  // namespace
}  // namespace plumb
