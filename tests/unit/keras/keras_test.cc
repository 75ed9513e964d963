#include <gmock/gmock.h>

#include <cstdlib>

#include "plumb/base/path.h"
#include "plumb/weights/unreadable_tensor.h"
#include "tests/unit/containers/container_testing.h"

namespace plumb {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> NamesOf(const TensorSource& source) {
  std::vector<std::string> names;
  for (const SourceTensor& tensor : source.tensors()) names.push_back(tensor.name);
  return names;
}

// Whether the tensor's bytes have a place in the file itself.
bool LiesInTheFile(const TensorSource& source, const std::string& name) {
  const SourceTensor* tensor = source.Find(name);
  return tensor != nullptr && tensor->ranges.size() == 1 && !source.files()[tensor->ranges[0].file].unpacked;
}

TEST(KerasTest, ReadsWhatH5pyReads) { EXPECT_GE(ExpectRecordedFiles("keras"), 160u); }

TEST(KerasTest, TheArchivesWeightsLieInItWhereStored) {
  auto stored = OpenData("keras", "model.keras");
  ASSERT_TRUE(stored.ok()) << stored.status();
  EXPECT_EQ((*stored)->format(), "keras");
  EXPECT_TRUE(LiesInTheFile(**stored, "layers/dense/vars/0"));
  EXPECT_TRUE((*stored)->View(*(*stored)->Find("layers/dense/vars/0")).has_value());
  auto deflated = OpenData("keras", "deflated.keras");
  ASSERT_TRUE(deflated.ok()) << deflated.status();
  EXPECT_FALSE(LiesInTheFile(**deflated, "layers/dense/vars/0"));
}

TEST(KerasTest, ConfigurationsAreTextsAndCodeIsNoted) {
  for (std::string_view name : {"model.keras", "model.h5"}) {
    SCOPED_TRACE(name);
    auto source = OpenData("keras", std::string(name));
    ASSERT_TRUE(source.ok()) << source.status();
    const Metadata& metadata = (*source)->metadata();
    ASSERT_NE(metadata.Get<std::string>("keras_version"), nullptr);
    EXPECT_THAT(*metadata.Get<std::string>("keras_version"), testing::StartsWith("3."));
    ASSERT_NE(metadata.Get<std::string>("model_config"), nullptr);
    EXPECT_THAT(*metadata.Get<std::string>("model_config"), HasSubstr("__lambda__"));
    EXPECT_THAT((*source)->notes(), ElementsAre(HasSubstr("1 Lambda layer (the first is \"code\")")));
  }
  auto plain = OpenData("keras", "bfloat16.keras");
  ASSERT_TRUE(plain.ok()) << plain.status();
  EXPECT_THAT((*plain)->notes(), IsEmpty());
  EXPECT_EQ((*plain)->Find("layers/dense/vars/0")->dtype, DType::kBF16);
}

TEST(KerasTest, WeightsHaveTheNamesAndTheOrderOfTheirLayers) {
  auto model = OpenData("keras", "model.h5");
  ASSERT_TRUE(model.ok()) << model.status();
  std::vector<std::string> names = NamesOf(**model);
  names.resize(3);
  EXPECT_THAT(names, ElementsAre("sequential/d/kernel", "sequential/d/bias", "sequential/batch_normalization/gamma"));
  auto twins = OpenData("keras", "legacy-twins.h5");
  ASSERT_TRUE(twins.ok()) << twins.status();
  EXPECT_THAT(NamesOf(**twins),
              ElementsAre("second/kernel:0", "second/bias:0", "first/kernel:0", "first/bias:0",
                          "top_level_model_weights/kernel:0", "top_level_model_weights/bias:0", "other"));
}

class LayoutsTest : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(Versions, LayoutsTest, testing::Values("earliest.h5", "newest.h5"));

TEST_P(LayoutsTest, OnlyContiguousDataHavePlaces) {
  auto source = OpenData("keras", GetParam());
  ASSERT_TRUE(source.ok()) << source.status();
  EXPECT_TRUE(LiesInTheFile(**source, "contiguous"));
  EXPECT_FALSE(LiesInTheFile(**source, "compact/a"));
  EXPECT_FALSE(LiesInTheFile(**source, "chunks/plain"));
  EXPECT_FALSE(LiesInTheFile(**source, "unwritten"));
  EXPECT_THAT(FloatsOf(**source, "unwritten"), testing::Each(-7));
}

TEST_P(LayoutsTest, SeveralLinksToADatasetShareIt) {
  auto source = OpenData("keras", GetParam());
  ASSERT_TRUE(source.ok()) << source.status();
  const SourceTensor& tensor = *(*source)->Find("contiguous");
  ASSERT_TRUE(tensor.shared_storage.has_value());
  for (const char* other : {"tied/hard", "tied/soft"}) {
    EXPECT_EQ((*source)->Find(other)->shared_storage, tensor.shared_storage);
    EXPECT_EQ((*source)->Find(other)->ranges, tensor.ranges);
  }
  EXPECT_FALSE((*source)->Find("compact/a")->shared_storage.has_value());
}

TEST_P(LayoutsTest, AttributesAreTypedMetadata) {
  auto source = OpenData("keras", GetParam());
  ASSERT_TRUE(source.ok()) << source.status();
  const Metadata& metadata = (*source)->metadata();
  EXPECT_EQ(metadata.Signed("count"), -3);
  EXPECT_EQ(metadata.Number("ratio"), 0.25);
  EXPECT_THAT(*metadata.Get<std::vector<uint64_t>>("sizes"), ElementsAre(1, 2));
  EXPECT_EQ(*metadata.Get<std::string>("fixed"), "ASCII text");
  EXPECT_THAT(*metadata.Get<std::vector<std::string>>("names"), ElementsAre("ä", "b"));
}

TEST_P(LayoutsTest, WhatIsNoTensorIsNamed) {
  auto source = OpenData("keras", GetParam());
  ASSERT_TRUE(source.ok()) << source.status();
  std::vector<std::string> texts;
  for (const UnreadableTensor& tensor : UnreadableIn(**source)) {
    texts.push_back(UnreadableText(tensor) + (tensor.weight ? "!" : ""));
  }
  EXPECT_THAT(texts, ElementsAre("tensor \"nothing\" is empty: it has no shape",
                                 "tensor \"structures\" is of structures!", "tensor \"texts\" holds texts"));
}

TEST_P(LayoutsTest, PiecesOfAnySizeAreTheSameBytes) {
  auto source = OpenData("keras", GetParam());
  ASSERT_TRUE(source.ok()) << source.status();
  for (const char* name : {"chunks/all", "chunks/rank3", "chunks/part", "chunks/plain"}) {
    SCOPED_TRACE(name);
    const SourceTensor& tensor = *(*source)->Find(name);
    std::vector<uint8_t> whole(tensor.size_bytes());
    ASSERT_TRUE((*source)->ReadBytes(tensor, 0, whole).ok());
    for (size_t step : {1, 3, 7, 64}) {
      for (size_t at = 0; at < whole.size(); at += step) {
        std::vector<uint8_t> piece(std::min(step, whole.size() - at));
        ASSERT_TRUE((*source)->ReadBytes(tensor, at, piece).ok());
        EXPECT_TRUE(std::equal(piece.begin(), piece.end(), whole.begin() + static_cast<ptrdiff_t>(at))) << at;
      }
    }
  }
}

TEST(KerasTest, AMissingProgramIsSaid) {
  setenv("PLUMB_HDF5_HELPER", "/none/plumb-hdf5", 1);
  auto source = OpenData("keras", "model.h5");
  unsetenv("PLUMB_HDF5_HELPER");
  EXPECT_TRUE(absl::IsFailedPrecondition(source.status())) << source.status();
  EXPECT_THAT(
      std::string(Message(source.status())),
      HasSubstr("model.h5: HDF5 is read by the program plumb-hdf5, which is not there: looked for /none/plumb-hdf5"));
}

}  // namespace
}  // namespace plumb
