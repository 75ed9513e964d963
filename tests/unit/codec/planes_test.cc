#include "formats/codec/planes.h"

#include <gtest/gtest.h>

#include "tests/unit/codec/codec_testing.h"

namespace plumb {
namespace {

using testing::Bytes;

// The planes one after another.
struct Planes {
  Planes(ElementKind kind, size_t elements) : count(elements), bytes(elements * ElementBytes(kind)) {
    for (size_t k = 0; k < ElementBytes(kind); ++k) pointers.push_back(bytes.data() + k * count);
  }
  std::vector<const uint8_t*> sources() const { return {pointers.begin(), pointers.end()}; }

  size_t count;
  Bytes bytes;
  std::vector<uint8_t*> pointers;
};

TEST(PlanesTest, TheHighestPlaneIsTheExponent) {
  Bytes plain = testing::Stored({1.0f, -1.0f, 1.5f, -0.0f}, ElementKind::kBf16, 8);
  Planes planes(ElementKind::kBf16, 4);
  SplitPlanes(ElementKind::kBf16, plain.data(), 4, planes.pointers.data());
  EXPECT_EQ(planes.bytes, (Bytes{0, 1, 0x80, 1, 127, 127, 127, 0}));
  plain = testing::Stored({-2.0f}, ElementKind::kF32, 4);
  Planes wide(ElementKind::kF32, 1);
  SplitPlanes(ElementKind::kF32, plain.data(), 1, wide.pointers.data());
  EXPECT_EQ(wide.bytes, (Bytes{1, 0, 0, 128}));
}

TEST(PlanesTest, DifferencesCountStepsBetweenNeighbours) {
  // From a base of 1.0: equal, one step up, one down, two up; then across zero, where -0.0 is next below 0.0.
  Bytes plain = {0x80, 0x3F, 0x81, 0x3F, 0x7F, 0x3F, 0x82, 0x3F, 0x00, 0x80};
  Bytes base = {0x80, 0x3F, 0x80, 0x3F, 0x80, 0x3F, 0x80, 0x3F, 0x00, 0x00};
  Planes planes(ElementKind::kBf16, 5);
  SplitDifference(ElementKind::kBf16, plain.data(), base.data(), 5, planes.pointers.data());
  EXPECT_EQ(planes.bytes, (Bytes{0, 2, 1, 4, 1, 0, 0, 0, 0, 0}));
}

TEST(PlanesTest, EveryInstructionSetMakesTheSamePlanesAndUndoesThem) {
  for (ElementKind kind : testing::kAllKinds) {
    const size_t width = ElementBytes(kind);
    for (size_t count : {1, 2, 15, 31, 33, 64, 127, 1023, 1024, 1025, 5000}) {
      Bytes plain = testing::RandomBytes(count * width, 3), base = testing::RandomBytes(count * width, 4);
      Planes first(kind, count), first_difference(kind, count);
      for (InstructionSet set : testing::kAllInstructionSets) {
        testing::InstructionLimit limit(set);
        Planes planes(kind, count), difference(kind, count);
        SplitPlanes(kind, plain.data(), count, planes.pointers.data());
        SplitDifference(kind, plain.data(), base.data(), count, difference.pointers.data());
        if (set == InstructionSet::kPortable) first.bytes = planes.bytes, first_difference.bytes = difference.bytes;
        ASSERT_EQ(planes.bytes, first.bytes);
        ASSERT_EQ(difference.bytes, first_difference.bytes);
        Bytes merged(plain.size()), undone(plain.size());
        MergePlanes(kind, planes.sources().data(), count, merged.data());
        MergeDifference(kind, difference.sources().data(), base.data(), count, undone.data());
        ASSERT_EQ(merged, plain);
        ASSERT_EQ(undone, plain);
      }
    }
  }
}

TEST(PlanesTest, ClassesFollowTheThresholds) {
  Bytes base = testing::Stored({0.0f, 0.01f, -0.01f, 1.0f, -1.0f, 100.0f}, ElementKind::kF32, 24);
  constexpr uint8_t kThresholds[] = {1, 127, 128};
  for (InstructionSet set : testing::kAllInstructionSets) {
    testing::InstructionLimit limit(set);
    Bytes classes(6);
    ClassifyBase(ElementKind::kF32, base.data(), 6, kThresholds, classes.data());
    EXPECT_EQ(classes, (Bytes{0, 1, 1, 2, 2, 3}));
  }
}

}  // namespace
}  // namespace plumb
