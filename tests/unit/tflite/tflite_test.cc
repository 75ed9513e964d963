#include <gmock/gmock.h>

#include <random>

#include "tests/unit/containers/container_testing.h"

namespace plumb {
namespace {

using testing::HasSubstr;

TEST(TfliteTest, ReadsWhatTheSchemasOwnReaderReads) { EXPECT_GE(ExpectRecordedFiles("tensorflow"), 150); }

std::string Model() {
  return ReadFile(std::string(PLUMB_TEST_DATA) + "/tensorflow/kws_ref_model_float32.tflite", 1 << 20).value();
}

TEST(TfliteTest, OffsetsOutsideTheFileAreRefused) {
  std::string model = Model();
  model.replace(0, 4, "\xff\xff\xff\x7f");
  EXPECT_THAT(OpenErrorOf(model), HasSubstr("leads outside the file"));
  model.replace(0, 4, std::string("\x08\0\0\0", 4));
  EXPECT_NE(OpenErrorOf(model), "");
}

// Any 32-bit word of the tables may be anything: an error, or a model whose tensors lie in the file.
TEST(TfliteTest, DamagedWordsNeverLeadOutside) {
  const std::string model = Model();
  std::mt19937 random(1);
  size_t refused = 0;
  for (int i = 0; i < 2000; ++i) {
    std::string damaged = model;
    const size_t at = random() % (damaged.size() - 4);
    const uint32_t word = random() % 4 == 0 ? 0x7fffffff : random();
    damaged.replace(at, 4, reinterpret_cast<const char*>(&word), 4);
    absl::StatusOr<std::unique_ptr<TensorSource>> source = OpenBytes(damaged);
    if (!source.ok()) {
      ++refused;
      continue;
    }
    for (const SourceTensor& tensor : (*source)->tensors()) {
      std::vector<uint8_t> bytes(tensor.size_bytes());
      EXPECT_TRUE((*source)->ReadBytes(tensor, 0, bytes).ok());
    }
  }
  EXPECT_GT(refused, 0);
}

TEST(TfliteTest, CutFilesAreRefused) {
  const std::string model = Model();
  for (size_t size = 8; size < model.size(); size += 997) EXPECT_NE(OpenErrorOf(model.substr(0, size)), "") << size;
}

}  // namespace
}  // namespace plumb
