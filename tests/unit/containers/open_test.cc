#include "plumb/containers/open.h"

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/base/status.h"
#include "plumb/weights/safetensors.h"
#include "tests/unit/base/scratch_folder.h"

namespace plumb {
namespace {

using testing::HasSubstr;

std::string Shard(const std::vector<std::string>& names) {
  std::vector<TensorToWrite> tensors;
  for (const std::string& name : names) tensors.push_back({name, DType::kU8, {name.size()}, AsBytes(name)});
  return *SerializeSafetensors(tensors, {{"format", "pt"}});
}

class OpenTest : public testing::Test {
 protected:
  absl::StatusOr<std::unique_ptr<TensorSource>> Open(std::string_view path) {
    return OpenTensorSource(*Directory::Open(scratch_.path()), path);
  }
  ScratchFolder scratch_;
};

TEST_F(OpenTest, ContentDecidesNotTheName) {
  scratch_.Write("weights.bin", Shard({"a", "bb"}));
  auto source = Open("weights.bin");
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_EQ((*source)->format(), "safetensors");
  ASSERT_EQ((*source)->tensors().size(), 2u);
  EXPECT_EQ((*source)->tensors()[1].name, "bb");
  EXPECT_EQ(AsText(*(*source)->View((*source)->tensors()[1])), "bb");
  EXPECT_EQ(*(*source)->metadata().Get<std::string>("format"), "pt");
  EXPECT_EQ((*source)->files()[0].path, "weights.bin");
}

TEST_F(OpenTest, ShardsLieBesideTheirIndex) {
  scratch_.Write("sub/m-00001-of-00002.safetensors", Shard({"a"}));
  scratch_.Write("sub/m-00002-of-00002.safetensors", Shard({"bb"}));
  scratch_.Write("sub/index.json", R"({"metadata":{},"weight_map":{"a":"m-00001-of-00002.safetensors",)"
                                   R"("bb":"m-00002-of-00002.safetensors"}})");
  auto source = Open("sub/index.json");
  ASSERT_TRUE(source.ok()) << source.status();
  ASSERT_EQ((*source)->files().size(), 2u);
  EXPECT_EQ((*source)->files()[1].path, "sub/m-00002-of-00002.safetensors");
  EXPECT_EQ((*source)->Find("bb")->ranges[0].file, 1u);
  EXPECT_EQ(AsText(*(*source)->View(*(*source)->Find("bb"))), "bb");
  EXPECT_THAT((*source)->notes(), testing::IsEmpty());
  scratch_.Write("sub/m-00002-of-00002.safetensors", Shard({"cc"}));
  EXPECT_THAT(std::string(Message(Open("sub/index.json").status())), HasSubstr("places nowhere"));
}

TEST_F(OpenTest, ATotalThatIsNoSumIsNoted) {
  const std::string shard = Shard({"a", "bb"});
  scratch_.Write("m.safetensors", shard);
  auto notes_for = [&](const std::string& total) {
    scratch_.Write("index.json", fmt::format(R"({{"metadata":{{"total_size":{}}},"weight_map":)"
                                             R"({{"a":"m.safetensors","bb":"m.safetensors"}}}})",
                                             total));
    auto source = Open("index.json");
    EXPECT_TRUE(source.ok()) << source.status();
    return source.ok() ? (*source)->notes() : std::vector<std::string>{"none"};
  };
  const std::string file_bytes = std::to_string(shard.size());
  for (const std::string& total : {std::string("3"), std::string("3.0"), file_bytes, std::string("\"3\"")}) {
    EXPECT_THAT(notes_for(total), testing::IsEmpty()) << total;
  }
  EXPECT_THAT(notes_for("4"),
              testing::ElementsAre("metadata.total_size is 4; the tensors have 3 bytes, the files " + file_bytes));
  EXPECT_THAT(notes_for("4e0").size(), 1u);
}

TEST_F(OpenTest, DamagedArchivesNameTheirRule) {
  scratch_.Write("a.npz", "PK\3\4" + std::string(100, '\0'));
  EXPECT_THAT(std::string(Message(Open("a.npz").status())), HasSubstr("a.npz: "));
  EXPECT_THAT(std::string(Message(Open("a.npz").status())), testing::Not(HasSubstr("no container")));
  const Directory directory = *Directory::Open(scratch_.path());
  auto format = ContainerFormatOf(DirectoryByteFolder(&directory), "a.npz");
  ASSERT_TRUE(format.ok());
  EXPECT_EQ(*format, "");
}

TEST_F(OpenTest, UnknownContentIsRefused) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {"", "is empty"},
      {"{}", "is text (2 bytes), not weights"},
      {"\x7f\x01\x02 this is no container", "no container"},
      {"{\"weight_map\": {}}", "is text (18 bytes), not weights"}};
  for (const auto& [content, says] : cases) {
    scratch_.Write("model.safetensors", content);
    auto source = Open("model.safetensors");
    EXPECT_TRUE(absl::IsInvalidArgument(source.status())) << content;
    EXPECT_EQ(ErrorClassOf(source.status()), ErrorClass::kPolicy);
    EXPECT_THAT(std::string(Message(source.status())), HasSubstr(std::string(says)));
  }
  EXPECT_TRUE(absl::IsNotFound(Open("none").status()));
}

TEST_F(OpenTest, BrokenContentNamesTheFile) {
  std::string file = Shard({"a"});
  scratch_.Write("model", file + "x");
  EXPECT_THAT(std::string(Message(Open("model").status())), testing::StartsWith("model: safetensors: tensors cover"));
}

}  // namespace
}  // namespace plumb
