#include "plumb/containers/find_model.h"

#include <filesystem>

#include "fmt/format.h"
#include "gmock/gmock.h"
#include "plumb/base/status.h"
#include "plumb/containers/file_roles.h"
#include "plumb/weights/safetensors.h"
#include "tests/unit/base/scratch_folder.h"

namespace plumb {
namespace {

using testing::HasSubstr;

std::string Container(const std::vector<std::string>& names) {
  std::vector<TensorToWrite> tensors;
  for (const std::string& name : names) tensors.push_back({name, DType::kU8, {name.size()}, AsBytes(name)});
  return *SerializeSafetensors(tensors, {{"format", "pt"}});
}

// Without its last byte.
std::string Cut(const std::string& bytes) { return bytes.substr(0, bytes.size() - 1); }

class FindModelTest : public testing::Test {
 protected:
  absl::StatusOr<FoundModel> Find(const std::string& name = ".") { return FindModel(scratch_.PathOf(name)); }
  // `PATH: TENSORS` of what is found; the message when nothing is.
  std::string Found(const std::string& name = ".") {
    absl::StatusOr<FoundModel> found = Find(name);
    if (!found.ok()) return std::string(Message(found.status()));
    std::string text = found->path + ":";
    for (const SourceTensor& tensor : found->source->tensors()) text += " " + tensor.name;
    return text;
  }
  ScratchFolder scratch_;
};

TEST_F(FindModelTest, TheOnlyContainerOfAFolder) {
  scratch_.Write("README.md", "text");
  EXPECT_TRUE(absl::IsNotFound(Find().status()));
  EXPECT_THAT(Found(), HasSubstr("holds no container of weights"));
  scratch_.Write("weights", Container({"a", "bb"}));
  EXPECT_EQ(Found(), "weights: a bb");
  EXPECT_EQ(Found("weights"), "weights: a bb");
  EXPECT_EQ(Found("none"), "no such file or directory: " + scratch_.PathOf("none"));
}

TEST_F(FindModelTest, OfSeveralTheErrorNamesThem) {
  scratch_.Write("a.safetensors", Container({"a"}));
  scratch_.Write("b.bin", Container({"b"}));
  EXPECT_EQ(ErrorClassOf(Find().status()), ErrorClass::kUsage);
  EXPECT_THAT(Found(), HasSubstr("holds 2 models, name the file of one: a.safetensors, b.bin"));
  EXPECT_EQ(Found("b.bin"), "b.bin: b");
  for (char c = 'c'; c < 'm'; ++c) scratch_.Write(std::string(1, c) + ".pt", Container({"x"}));
  EXPECT_THAT(Found(), HasSubstr("holds 12 models"));
  EXPECT_THAT(Found(), HasSubstr("h.pt, ..."));
}

TEST_F(FindModelTest, TheTopGoesBeforeFoldersBelow) {
  scratch_.Write("onnx/deep/model.safetensors", Container({"deep"}));
  EXPECT_EQ(Found(), "onnx/deep/model.safetensors: deep");
  scratch_.Write("onnx/model.safetensors", Container({"below"}));
  EXPECT_EQ(Found(), "onnx/model.safetensors: below");
  scratch_.Write("other/model.safetensors", Container({"beside"}));
  EXPECT_THAT(Found(), HasSubstr("onnx/model.safetensors, other/model.safetensors"));
  scratch_.Write("model.safetensors", Container({"top"}));
  EXPECT_EQ(Found(), "model.safetensors: top");
}

TEST_F(FindModelTest, GoldensAreNoModels) {
  scratch_.Write("golden.safetensors", Container({"logits"}));
  EXPECT_TRUE(absl::IsNotFound(Find().status()));
  scratch_.Write("model.golden.safetensors", Container({"logits"}));
  scratch_.Write("model.safetensors", Container({"a"}));
  EXPECT_EQ(Found(), "model.safetensors: a");
  // But one that is named is meant.
  EXPECT_EQ(Found("golden.safetensors"), "golden.safetensors: logits");
}

TEST_F(FindModelTest, TheStateOfATrainingIsAModelOnlyByItself) {
  scratch_.Write("optimizer.bin", Container({"moments"}));
  EXPECT_EQ(Found(), "optimizer.bin: moments");
  scratch_.Write("deep/model.safetensors", Container({"a"}));
  EXPECT_EQ(Found(), "deep/model.safetensors: a");
  EXPECT_EQ(Found("optimizer.bin"), "optimizer.bin: moments");
  std::filesystem::remove_all(scratch_.PathOf("deep"));
  scratch_.Write("scheduler.pt", Container({"steps"}));
  EXPECT_THAT(Found(), HasSubstr("2 models"));
}

TEST_F(FindModelTest, AnIndexAndItsShardsAreOne) {
  scratch_.Write("m-00001-of-00002.safetensors", Container({"a"}));
  scratch_.Write("m-00002-of-00002.safetensors", Container({"bb"}));
  scratch_.Write(
      "m.safetensors.index.json",
      R"({"metadata":{},"weight_map":{"a":"m-00001-of-00002.safetensors","bb":"m-00002-of-00002.safetensors"}})");
  EXPECT_EQ(Found(), "m.safetensors.index.json: a bb");
  // An index that its shards contradict is not passed over.
  scratch_.Write("m-00002-of-00002.safetensors", Container({"cc"}));
  EXPECT_THAT(Found(), HasSubstr("places nowhere"));
  std::filesystem::remove(scratch_.PathOf("m-00002-of-00002.safetensors"));
  EXPECT_TRUE(absl::IsNotFound(Find().status()));
}

TEST_F(FindModelTest, ShardsWithoutAnIndexAreOne) {
  for (int shard : {1, 2, 3}) {
    scratch_.Write(fmt::format("sub/m-0000{}-of-00003.safetensors", shard), Container({std::string(shard, 'x')}));
  }
  EXPECT_EQ(Found(), "sub/m-00001-of-00003.safetensors: x xx xxx");
  EXPECT_EQ(Found("sub/m-00002-of-00003.safetensors"), "m-00001-of-00003.safetensors: x xx xxx");
  absl::StatusOr<FoundModel> found = Find();
  ASSERT_TRUE(found.ok());
  const TensorSource& source = *found->source;
  ASSERT_EQ(source.files().size(), 3u);
  EXPECT_EQ(source.files()[2].path, "sub/m-00003-of-00003.safetensors");
  EXPECT_EQ(AsText(*source.View(*source.Find("xxx"))), "xxx");
  EXPECT_EQ(*source.metadata().Get<std::string>("format"), "pt");
  // Neither a missing one nor one that is not sound is overlooked.
  std::filesystem::remove(scratch_.PathOf("sub/m-00003-of-00003.safetensors"));
  EXPECT_EQ(ErrorClassOf(Find().status()), ErrorClass::kPolicy);
  EXPECT_THAT(Found(), HasSubstr("sub/m-*-of-00003.safetensors: 2 of 3 shards are here"));
  EXPECT_THAT(Found("sub/m-00001-of-00003.safetensors"), HasSubstr("2 of 3 shards are here"));
  scratch_.Write("sub/m-00003-of-00003.safetensors", Cut(Container({"abcd"})));
  EXPECT_THAT(Found(), HasSubstr("m-00003-of-00003.safetensors"));
  // A name that two shards have is refused.
  scratch_.Write("sub/m-00003-of-00003.safetensors", Container({"xx"}));
  EXPECT_THAT(Found(), HasSubstr("sub/m-*-of-00003.safetensors: "));
}

TEST_F(FindModelTest, NamesThatOnlyLookLikeShards) {
  scratch_.Write("best-of-3.safetensors", Container({"a"}));
  scratch_.Write("2-of-x/model.safetensors", Container({"b"}));
  scratch_.Write("x-1-of-99999999999999999999.safetensors", Container({"c"}));
  EXPECT_THAT(Found(), HasSubstr("2 models, name the file of one: best-of-3.safetensors, x-1-of-9"));
  EXPECT_EQ(Found("best-of-3.safetensors"), "best-of-3.safetensors: a");
  EXPECT_EQ(Found("2-of-x/model.safetensors"), "model.safetensors: b");
}

TEST_F(FindModelTest, WhatIsNotSoundIsNotPassedOver) {
  scratch_.Write("model.safetensors", Cut(Container({"a", "bb"})));
  EXPECT_EQ(ErrorClassOf(Find().status()), ErrorClass::kPolicy);
  scratch_.Write("other.bin", Container({"b"}));
  EXPECT_THAT(Found(), HasSubstr("2 models, name the file of one: model.safetensors (not sound), other.bin"));
  // Without the ending of a weight file it may be anything.
  std::filesystem::rename(scratch_.PathOf("model.safetensors"), scratch_.PathOf("cache"));
  EXPECT_EQ(Found(), "other.bin: b");
  std::filesystem::remove(scratch_.PathOf("other.bin"));
  EXPECT_EQ(ErrorClassOf(Find().status()), ErrorClass::kPolicy);
}

TEST_F(FindModelTest, RecordsAreNotLookedInto) {
  scratch_.Write(".git/model.safetensors", Container({"a"}));
  scratch_.Write(".plumb/model.safetensors", Container({"a"}));
  EXPECT_TRUE(absl::IsNotFound(Find().status()));
}

TEST_F(FindModelTest, CanBeStopped) {
  scratch_.Write("model.safetensors", Container({"a"}));
  absl::Status status = FindModel(scratch_.path(), [] { return absl::CancelledError("stopped"); }).status();
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
}

TEST(FormatOfNameTest, EndingsOfWeightFiles) {
  EXPECT_EQ(FormatOfName("a/b.gguf"), "gguf");
  EXPECT_EQ(FormatOfName("model.safetensors.index.json"), "safetensors");
  EXPECT_EQ(FormatOfName("pytorch_model.bin.index.json"), "pytorch");
  for (const char* name : {"a/b", "config.json", "README.md", "gguf", "a.gguf/b", "index.json"}) {
    EXPECT_EQ(FormatOfName(name), "") << name;
  }
}

}  // namespace
}  // namespace plumb
