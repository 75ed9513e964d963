// Real checkpoints, compared with what PyTorch reads from them.
#include <gmock/gmock.h>

#include "tests/unit/containers/container_testing.h"

namespace plumb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

absl::StatusOr<std::unique_ptr<TensorSource>> Open(const std::string& name) { return OpenData("pytorch", name); }

TEST(CheckpointsTest, TensorsAreThoseThatPytorchReads) { EXPECT_GE(ExpectRecordedFiles("pytorch"), 56); }

TEST(CheckpointsTest, NumbersBesideTensorsAreMetadata) {
  auto source = Open("checkpoint.pt");
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_TRUE((*source)->metadata().Signed("epoch").has_value());
  EXPECT_TRUE((*source)->notes().empty());
}

TEST(CheckpointsTest, TarsOfPytorch01) {
  auto source = Open("tar_weight_bias.tar");
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_THAT(
      FloatsOf(**source, "weight"),
      ElementsAre(testing::FloatNear(0.1f, 1e-6f), testing::FloatNear(0.2f, 1e-6f), testing::FloatNear(0.3f, 1e-6f),
                  testing::FloatNear(0.4f, 1e-6f), testing::FloatNear(0.5f, 1e-6f), testing::FloatNear(0.6f, 1e-6f)));
  EXPECT_EQ((*source)->Find("weight")->shape, (std::vector<uint64_t>{2, 3}));
  for (const char* name :
       {"tar_2d_tensor.tar", "tar_float32.tar", "tar_float64.tar", "tar_int64.tar", "tar_multi_dtype.tar"}) {
    auto other = Open(name);
    EXPECT_TRUE(other.ok() && !(*other)->tensors().empty()) << name << " " << other.status();
  }
}

TEST(CheckpointsTest, BrokenFilesAreOfNoContainer) {
  EXPECT_THAT(std::string(Message(Open("broken.pt").status())), HasSubstr("no container"));
}

}  // namespace
}  // namespace plumb
