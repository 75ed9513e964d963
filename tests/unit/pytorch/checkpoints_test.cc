// Real checkpoints, compared with what PyTorch reads from them.
#include <gmock/gmock.h>

#include <filesystem>

#include "nlohmann/json.hpp"
#include "plumb/base/directory.h"
#include "plumb/base/file.h"
#include "plumb/base/hex.h"
#include "plumb/base/status.h"
#include "plumb/containers/open.h"
#include "plumb/content/digest.h"

namespace plumb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kFolder = std::string(PLUMB_TEST_DATA) + "/pytorch";

absl::StatusOr<std::unique_ptr<TensorSource>> Open(const std::string& name) {
  PLUMB_ASSIGN_OR_RETURN(Directory folder, Directory::Open(kFolder));
  return OpenTensorSource(folder, name);
}

nlohmann::json Expected() { return nlohmann::json::parse(ReadFile(kFolder + "/expected.json", 1 << 20).value()); }

std::vector<float> Floats(const TensorSource& source, const std::string& name) {
  const SourceTensor* tensor = source.Find(name);
  EXPECT_NE(tensor, nullptr) << name;
  std::vector<float> values(tensor == nullptr ? 0 : tensor->element_count());
  if (tensor != nullptr) EXPECT_TRUE(source.ReadF32(*tensor, 0, values).ok());
  return values;
}

TEST(CheckpointsTest, TensorsAreThoseThatPytorchReads) {
  size_t compared = 0;
  const nlohmann::json all = Expected();
  for (const auto& [name, tensors] : all.items()) {
    if (tensors.is_null()) continue;
    SCOPED_TRACE(name);
    absl::StatusOr<std::unique_ptr<TensorSource>> source = Open(name);
    ASSERT_TRUE(source.ok()) << source.status();
    EXPECT_EQ((*source)->tensors().size(), tensors.size());
    for (const auto& [path, expected] : tensors.items()) {
      SCOPED_TRACE(path);
      const SourceTensor* tensor = (*source)->Find(path);
      ASSERT_NE(tensor, nullptr);
      EXPECT_EQ(DTypeName(tensor->dtype), expected["dtype"].get<std::string>());
      EXPECT_EQ(tensor->shape, expected["shape"].get<std::vector<uint64_t>>());
      std::vector<uint8_t> bytes(tensor->size_bytes());
      ASSERT_TRUE((*source)->ReadBytes(*tensor, 0, bytes).ok());
      EXPECT_EQ(Sha256Of(std::span<const uint8_t>(bytes)).ToHex(), expected["sha256"].get<std::string>());
      ++compared;
    }
  }
  EXPECT_GE(compared, 56);
}

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
      Floats(**source, "weight"),
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
