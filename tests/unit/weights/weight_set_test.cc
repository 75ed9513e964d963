#include "plumb/weights/weight_set.h"

#include "tests/unit/weights/safetensors_testing.h"

namespace plumb {
namespace {

constexpr char kFirst[] = "m-00001-of-00002.safetensors";
constexpr char kSecond[] = "m-00002-of-00002.safetensors";

// A container with one tensor of bytes for each name, its content the name itself.
std::string Shard(const std::vector<std::string>& names) {
  std::vector<TensorToWrite> tensors;
  for (const std::string& name : names) tensors.push_back({name, DType::kU8, {name.size()}, AsBytes(name)});
  return *SerializeSafetensors(tensors, {});
}

class WeightSetTest : public testing::Test {
 protected:
  void WriteIndex(const std::string& folder = "") {
    scratch_.Write(folder + "m.safetensors.index.json", std::string(R"({"metadata":{},"weight_map":{"a":")") + kFirst +
                                                            R"(","bb":")" + kSecond + R"(","ccc":")" + kFirst + "\"}}");
  }
  absl::StatusOr<WeightSet> Open(std::string_view path) {
    auto folder = Directory::Open(scratch_.path());
    if (!folder.ok()) return folder.status();
    return WeightSet::Open(*folder, path);
  }
  ScratchFolder scratch_;
};

void ExpectWhole(const WeightSet& set) {
  ASSERT_EQ(set.tensors().size(), 3u);
  for (size_t i = 0; i < 3; ++i) {
    const std::string name(i + 1, static_cast<char>('a' + i));
    EXPECT_EQ(set.tensors()[i]->name, name);
    EXPECT_EQ(set.Find(name), set.tensors()[i]);
    set.Release(*set.tensors()[i]);
    EXPECT_EQ(AsText(set.Bytes(*set.tensors()[i])), name);
  }
}

TEST_F(WeightSetTest, OneFile) {
  scratch_.Write("m.safetensors", Shard({"ccc", "a", "bb"}));
  auto set = Open("m.safetensors");
  ASSERT_TRUE(set.ok()) << set.status();
  ExpectWhole(*set);
  EXPECT_EQ(set->Find("b"), nullptr);
  EXPECT_EQ(set->Find("z"), nullptr);
  EXPECT_TRUE(set->Bytes(TensorInfo{.name = "z"}).empty());
}

TEST_F(WeightSetTest, ShardsWithoutAnIndex) {
  scratch_.Write(kFirst, Shard({"a", "ccc"}));
  EXPECT_TRUE(absl::IsNotFound(Open(kFirst).status()));
  EXPECT_NE(Message(Open(kFirst).status()).find(kSecond), std::string_view::npos) << Open(kFirst).status();
  scratch_.Write(kSecond, Shard({"bb"}));
  for (const char* one : {kFirst, kSecond}) {
    auto set = Open(one);
    ASSERT_TRUE(set.ok()) << set.status();
    ExpectWhole(*set);
  }
  scratch_.Write(kSecond, Shard({"a", "bb"}));
  EXPECT_EQ(ErrorClassOf(Open(kFirst).status()), ErrorClass::kPolicy) << "one tensor in two shards";
}

TEST_F(WeightSetTest, TwoShards) {
  scratch_.Write(kFirst, Shard({"a", "ccc"}));
  scratch_.Write(kSecond, Shard({"bb"}));
  WriteIndex();
  auto set = Open("m.safetensors.index.json");
  ASSERT_TRUE(set.ok()) << set.status();
  WeightSet moved = *std::move(set);
  ExpectWhole(moved);
}

TEST_F(WeightSetTest, ShardsBesideAnIndexInAFolder) {
  scratch_.Write(std::string("sub/dir/") + kFirst, Shard({"a", "ccc"}));
  scratch_.Write(std::string("sub/dir/") + kSecond, Shard({"bb"}));
  WriteIndex("sub/dir/");
  auto set = Open("sub/dir/m.safetensors.index.json");
  ASSERT_TRUE(set.ok()) << set.status();
  ExpectWhole(*set);
}

TEST_F(WeightSetTest, MissingShard) {
  scratch_.Write(kFirst, Shard({"a", "ccc"}));
  WriteIndex();
  absl::Status status = Open("m.safetensors.index.json").status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_THAT(std::string(Message(status)), testing::HasSubstr(kSecond));
}

TEST_F(WeightSetTest, TensorOnlyInTheIndex) {
  scratch_.Write(kFirst, Shard({"a"}));
  scratch_.Write(kSecond, Shard({"bb"}));
  WriteIndex();
  ExpectRefused(Open("m.safetensors.index.json").status(), "lacks tensor \"ccc\"");
}

TEST_F(WeightSetTest, TensorOnlyInAShard) {
  scratch_.Write(kFirst, Shard({"a", "ccc"}));
  scratch_.Write(kSecond, Shard({"bb", "extra"}));
  WriteIndex();
  ExpectRefused(Open("m.safetensors.index.json").status(), "holds tensor \"extra\", which the index places nowhere");
}

TEST_F(WeightSetTest, TensorInAnotherShardThanTheIndexSays) {
  scratch_.Write(kFirst, Shard({"a"}));
  scratch_.Write(kSecond, Shard({"bb", "ccc"}));
  WriteIndex();
  ExpectRefused(Open("m.safetensors.index.json").status(), "which the index places in");
}

TEST_F(WeightSetTest, TensorInTwoShards) {
  scratch_.Write(kFirst, Shard({"a", "ccc"}));
  scratch_.Write(kSecond, Shard({"bb", "a"}));
  WriteIndex();
  ExpectRefused(Open("m.safetensors.index.json").status(), "holds tensor \"a\"");
}

TEST_F(WeightSetTest, BrokenShardIsNamed) {
  scratch_.Write(kFirst, Shard({"a", "ccc"}) + "x");
  scratch_.Write(kSecond, Shard({"bb"}));
  WriteIndex();
  ExpectRefused(Open("m.safetensors.index.json").status(), kFirst);
}

TEST_F(WeightSetTest, BrokenIndexIsNamed) {
  scratch_.Write("m.safetensors.index.json", "{}");
  ExpectRefused(Open("m.safetensors.index.json").status(), "m.safetensors.index.json: shard index");
}

TEST_F(WeightSetTest, ShardThatIsALinkIsRefused) {
  scratch_.Write("elsewhere", Shard({"a", "ccc"}));
  std::filesystem::create_symlink("elsewhere", scratch_.path() + "/" + kFirst);
  scratch_.Write(kSecond, Shard({"bb"}));
  WriteIndex();
  EXPECT_TRUE(absl::IsInvalidArgument(Open("m.safetensors.index.json").status()));
}

TEST_F(WeightSetTest, OtherNamesAreRefused) {
  scratch_.Write("m.bin", Shard({"a"}));
  EXPECT_TRUE(absl::IsInvalidArgument(Open("m.bin").status()));
  EXPECT_TRUE(absl::IsInvalidArgument(Open("../m.safetensors").status()));
  EXPECT_TRUE(absl::IsNotFound(Open("none.safetensors").status()));
}

}  // namespace
}  // namespace plumb
