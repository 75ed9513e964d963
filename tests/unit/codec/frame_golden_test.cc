// Frames written once and kept: what they mean must never change, or stored chunks could not be read any more.
#include <gtest/gtest.h>

#include <cstdlib>

#include "plumb/base/file.h"
#include "plumb/codec/frame.h"
#include "tests/unit/codec/codec_testing.h"

namespace plumb {
namespace {

using testing::Bytes;

struct Golden {
  std::string name;
  ElementKind kind = ElementKind::kBytes;
  Bytes plain, base;
};

std::vector<Golden> Goldens() {
  std::vector<float> weights = testing::Weights(9000);
  std::vector<float> changed = testing::Nudged(weights, 0.01f);
  std::vector<Golden> all;
  auto add = [&](std::string name, ElementKind kind, size_t size, bool difference) {
    all.push_back({.name = std::move(name), .kind = kind, .plain = testing::Stored(changed, kind, size)});
    if (difference) all.back().base = testing::Stored(weights, kind, size);
  };
  all.push_back({.name = "raw", .plain = testing::RandomBytes(100)});
  all.push_back({.name = "constant", .kind = ElementKind::kF32, .plain = Bytes(4003, 9)});
  add("planes_bf16", ElementKind::kBf16, 3001, false);
  add("planes_f16", ElementKind::kF16, 3000, false);
  add("planes_f32", ElementKind::kF32, 3002, false);
  add("planes_f64", ElementKind::kF64, 6000, false);
  add("planes_bytes", ElementKind::kBytes, 3000, false);
  add("difference_bf16", ElementKind::kBf16, 18'000, true);  // Large enough for contexts.
  add("difference_f32", ElementKind::kF32, 3003, true);
  add("difference_f64", ElementKind::kF64, 3007, true);
  return all;
}

std::string PathOf(const std::string& name) { return PLUMB_TEST_DATA "/codec/" + name + ".frame"; }

Bytes FrameOf(const Golden& golden) {
  return testing::Encoded(golden.plain, golden.kind, golden.base.empty() ? nullptr : &golden.base);
}

TEST(FrameGoldenTest, KeptFramesAreReadByEveryInstructionSet) {
  for (const Golden& golden : Goldens()) {
    SCOPED_TRACE(golden.name);
    auto frame = ReadFile(PathOf(golden.name), 1 << 20);
    ASSERT_TRUE(frame.ok()) << frame.status();
    for (InstructionSet set : testing::kAllInstructionSets) {
      testing::InstructionLimit limit(set);
      Bytes plain(golden.plain.size());
      absl::Status status = FrameDecoder().Decode(Bytes(frame->begin(), frame->end()), golden.base, plain);
      ASSERT_TRUE(status.ok()) << status;
      EXPECT_TRUE(plain == golden.plain);
    }
  }
}

// None of these holds zstd bytes, which another libzstd may write otherwise. When the encoder is made better, look at
// the change, then write the frames anew: PLUMB_WRITE_GOLDEN=1 frame_golden_test.
TEST(FrameGoldenTest, TheEncoderWritesTheKeptFrames) {
  for (const Golden& golden : Goldens()) {
    SCOPED_TRACE(golden.name);
    Bytes frame = FrameOf(golden);
    if (std::getenv("PLUMB_WRITE_GOLDEN") != nullptr) {
      ASSERT_TRUE(WriteFileAtomically(PathOf(golden.name), std::string(frame.begin(), frame.end())).ok());
    }
    auto kept = ReadFile(PathOf(golden.name), 1 << 20);
    ASSERT_TRUE(kept.ok()) << kept.status();
    for (InstructionSet set : testing::kAllInstructionSets) {
      testing::InstructionLimit limit(set);
      EXPECT_TRUE(FrameOf(golden) == Bytes(kept->begin(), kept->end())) << static_cast<int>(set);
    }
  }
}

}  // namespace
}  // namespace plumb
