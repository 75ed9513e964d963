#include "client/library/weight_watch.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <set>

#include "client/library/weight_judgement.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "plumb/content/chunker.h"

namespace plumb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// A file of float tensors that is being built.
struct Model {
  std::vector<v1::Tensor> tensors;
  std::string bytes;

  void Add(const std::string& name, std::vector<uint64_t> shape, const std::vector<float>& values) {
    v1::Tensor& tensor = tensors.emplace_back();
    tensor.set_name(name);
    tensor.set_dtype("F32");
    tensor.mutable_shape()->Assign(shape.begin(), shape.end());
    tensor.set_begin(bytes.size());
    bytes.append(reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float));
    tensor.set_end(bytes.size());
  }
};

std::vector<float> Normal(size_t count, float deviation, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal(0, deviation);
  std::vector<float> values(count);
  for (float& value : values) value = normal(random);
  return values;
}

// 100 blocks of Q8_0, the last with this half as its scale.
void AddQ8(Model* model, const std::string& name, uint16_t last_scale) {
  v1::Tensor& tensor = model->tensors.emplace_back();
  tensor.set_name(name);
  tensor.set_dtype("Q8_0");
  tensor.add_shape(3200);
  tensor.set_begin(model->bytes.size());
  for (int block = 0; block < 100; ++block) {
    const uint16_t scale = block == 99 ? last_scale : 0x3c00;
    model->bytes += static_cast<char>(scale);
    model->bytes += static_cast<char>(scale >> 8);
    model->bytes.append(32, '\1');
  }
  tensor.set_end(model->bytes.size());
}

// As publishing does it: in the chunks that the file is cut into. Tensors named in `told` stand in the parent as they
// are here.
std::vector<std::string> WarningsOf(const Model& model, const std::set<std::string>& big_endian = {},
                                    const std::set<std::string>& told = {}) {
  std::vector<ByteRange> ranges;
  for (const v1::Tensor& tensor : model.tensors) ranges.push_back({tensor.begin(), tensor.end()});
  std::span<const uint8_t> bytes(reinterpret_cast<const uint8_t*>(model.bytes.data()), model.bytes.size());
  WeightWatch watch;
  watch.Begin("m", model.tensors, big_endian);
  ChunkList list;
  uint64_t offset = 0;
  for (const PlannedChunk& chunk : PlanChunks(bytes.size(), ranges)) {
    auto tensor = std::find_if(model.tensors.begin(), model.tensors.end(),
                               [offset](const v1::Tensor& candidate) { return candidate.end() > offset; });
    const bool sample = tensor != model.tensors.end() && told.contains(tensor->name());
    watch.Add(offset, bytes.subspan(offset, chunk.size_bytes),
              sample ? WeightWatch::Depth::kSample : WeightWatch::Depth::kAll);
    EXPECT_TRUE(list.Append({Sha256Of(bytes.subspan(offset, chunk.size_bytes)), chunk.size_bytes}).ok());
    offset += chunk.size_bytes;
  }
  watch.End(list);
  return watch.Warnings();
}

TEST(WeightWatchTest, RolesAreNamesWithoutNumbers) {
  EXPECT_EQ(RoleOf("model.layers.12.mlp.up_proj.weight"), "model.layers.*.mlp.up_proj.weight");
  EXPECT_EQ(RoleOf("h.0.experts.7.w1"), "h.*.experts.*.w1");
  EXPECT_EQ(RoleOf("0"), "*");
  EXPECT_EQ(RoleOf("conv1.weight."), "conv1.weight.");
  EXPECT_EQ(RoleOf(""), "");
}

TEST(WeightWatchTest, SoundWeightsAreSilent) {
  Model model;
  for (unsigned i = 0; i < 12; ++i) {
    // Spread by a factor of three from first to last.
    model.Add("h." + std::to_string(i) + ".weight", {64, 64}, Normal(4096, 0.02f * (1 + i / 6.0f), i));
    model.Add("h." + std::to_string(i) + ".bias", {64}, std::vector<float>(64, 0));
    model.Add("h." + std::to_string(i) + ".norm", {64}, std::vector<float>(64, 1));
  }
  EXPECT_THAT(WarningsOf(model), IsEmpty());
}

TEST(WeightWatchTest, ValuesThatAreNoNumbers) {
  Model model;
  std::vector<float> values = Normal(600'000, 1, 1);
  values[599'999] = std::numeric_limits<float>::quiet_NaN();  // In the last of several chunks.
  model.Add("a", {600'000}, values);
  values[599'999] = -std::numeric_limits<float>::infinity();
  model.Add("b", {600'000}, values);
  EXPECT_THAT(WarningsOf(model), ElementsAre("tensor a in m holds NaN", "tensor b in m holds Inf"));
}

TEST(WeightWatchTest, ZerosOfTwoDimensions) {
  Model model;
  model.Add("bias", {100'000}, std::vector<float>(100'000, 0));
  model.Add("a", {100, 1000}, std::vector<float>(100'000, 0));
  model.Add("b", {100, 1000}, std::vector<float>(100'000, -0.0f));
  EXPECT_THAT(WarningsOf(model), ElementsAre("2 tensors are all zeros: a in m, b in m"));
}

TEST(WeightWatchTest, OneLayerInThePlaceOfAnother) {
  Model model;
  for (unsigned layer = 0; layer < 4; ++layer) {
    model.Add(fmt::format("h.{}.w", layer), {100, 1000}, Normal(100'000, 1, layer == 3 ? 1 : layer));
  }
  EXPECT_THAT(WarningsOf(model), ElementsAre("layers with the same bytes: h.1.w = h.3.w"));
}

TEST(WeightWatchTest, TiedMatricesAndConstantsAreNoDamage) {
  Model model;
  model.Add("wte", {100, 1000}, Normal(100'000, 1, 1));
  model.Add("head", {100, 1000}, Normal(100'000, 1, 1));
  for (unsigned layer = 0; layer < 4; ++layer) {
    model.Add(fmt::format("h.{}.rotary", layer), {100, 1000}, Normal(100'000, 1, 2));
  }
  EXPECT_THAT(WarningsOf(model), IsEmpty());
}

TEST(WeightWatchTest, InfinityBoundsAndMasks) {
  const float infinity = std::numeric_limits<float>::infinity();
  Model model;
  model.Add("attn.masked", {2, 2}, {0, -infinity, 0, 0});
  model.Add("x.output_max", {1}, {infinity});
  model.Add("x.bounds_lower", {3}, {-infinity, 0, 1});
  model.Add("y.unbounded", {4}, {infinity, infinity, infinity, infinity});
  EXPECT_THAT(WarningsOf(model), IsEmpty());
  model.Add("clip.layers.0.w", {2, 2}, {0, 1, 2, infinity});
  EXPECT_THAT(WarningsOf(model), ElementsAre("tensor clip.layers.0.w in m holds Inf"));
}

TEST(WeightWatchTest, ZerosWhereTrainingBegins) {
  Model model;
  for (unsigned layer = 0; layer < 3; ++layer) {
    model.Add(fmt::format("h.{}.lora_B.weight", layer), {8, 8}, std::vector<float>(64, 0));
    model.Add(fmt::format("h.{}.proj_out.weight", layer), {8, 8}, std::vector<float>(64, 0));
    model.Add(fmt::format("h.{}.lora_A.weight", layer), {8, 8}, Normal(64, 1, layer));
    model.Add(fmt::format("h.{}.groupnorm.weight", layer), {1, 64, 1, 1}, std::vector<float>(64, 0));
  }
  model.Add("x", {1, 64, 1}, std::vector<float>(64, 0));
  model.Add("optimizer/vars/2", {8, 8}, std::vector<float>(64, 0));
  EXPECT_THAT(WarningsOf(model), IsEmpty());
  // One layer without its weights, where others have theirs.
  model.Add("h.3.lora_A.weight", {8, 8}, std::vector<float>(64, 0));
  EXPECT_THAT(WarningsOf(model), ElementsAre("tensor h.3.lora_A.weight in m is all zeros"));
}

TEST(WeightWatchTest, NothingButZeros) {
  Model model;
  for (unsigned layer = 0; layer < 3; ++layer) {
    model.Add(fmt::format("h.{}.w", layer), {8, 8}, std::vector<float>(64, 0));
  }
  EXPECT_EQ(WarningsOf(model).size(), 1u);
}

TEST(WeightWatchTest, GainsMayBeOfAnySize) {
  Model model;
  for (unsigned layer = 0; layer < 8; ++layer) {
    model.Add(fmt::format("h.{}.input_layernorm.weight", layer), {64}, Normal(64, layer == 0 ? 0.01f : 1, layer));
    model.Add(fmt::format("h.{}.k_proj.bias", layer), {64}, Normal(64, layer == 7 ? 100 : 1, layer));
  }
  EXPECT_THAT(WarningsOf(model), IsEmpty());
}

TEST(WeightWatchTest, OneLayerFarFromTheOthers) {
  for (float factor : {8.0f, 1 / 8.0f}) {
    Model model;
    for (unsigned i = 0; i < 8; ++i) {
      model.Add("h." + std::to_string(i) + ".w", {64, 64}, Normal(4096, 0.02f * (i == 5 ? factor : 1), i));
    }
    std::vector<std::string> warnings = WarningsOf(model);
    ASSERT_EQ(warnings.size(), 1u);
    EXPECT_THAT(warnings[0], HasSubstr("tensor h.5.w in m ("));
    EXPECT_THAT(warnings[0], HasSubstr("is far from its siblings"));
  }
}

TEST(WeightWatchTest, ANewLayerIsComparedWithThoseOfTheParent) {
  Model model;
  std::set<std::string> told;
  for (unsigned i = 0; i < 8; ++i) {
    const std::string name = "h." + std::to_string(i) + ".w";
    model.Add(name, {1024, 1024}, Normal(1 << 20, i == 5 ? 0.2f : 0.02f, i));
    if (i != 5) told.insert(name);
  }
  std::vector<std::string> warnings = WarningsOf(model, {}, told);
  ASSERT_EQ(warnings.size(), 1u);
  EXPECT_THAT(warnings[0], HasSubstr("tensor h.5.w in m ("));
}

TEST(WeightWatchTest, OfASampleIsSaidOnlyWhatWasSeen) {
  Model model;
  std::vector<float> values(600'000, 0);
  values[599'999] = 1;  // In no sample: what was seen is all zeros.
  model.Add("a", {1000, 600}, values);
  model.Add("b", {1000, 600}, std::vector<float>(600'000, std::numeric_limits<float>::quiet_NaN()));
  EXPECT_THAT(WarningsOf(model, {}, {"a", "b"}), ElementsAre("tensor b in m holds NaN"));
}

TEST(WeightWatchTest, DoublesBeyondTheRangeOfFloatsAreNumbers) {
  Model model;
  v1::Tensor& tensor = model.tensors.emplace_back();
  tensor.set_name("wide");
  tensor.set_dtype("F64");
  tensor.add_shape(2);
  const double values[] = {1e200, -1e300};
  model.bytes.assign(reinterpret_cast<const char*>(values), sizeof values);
  tensor.set_end(sizeof values);
  EXPECT_THAT(WarningsOf(model), IsEmpty());
}

TEST(WeightWatchTest, FewSiblingsSayNothing) {
  Model model;
  for (unsigned i = 0; i + 1 < kSiblingsMin; ++i) {
    model.Add("h." + std::to_string(i) + ".w", {64, 64}, Normal(4096, i == 0 ? 20 : 0.02f, i));
  }
  EXPECT_THAT(WarningsOf(model), IsEmpty());
}

TEST(WeightWatchTest, SharedBytesAreLookedAtOnceAndOtherTypesNotAtAll) {
  Model model;
  model.Add("a", {100, 1000}, Normal(100'000, 1, 1));
  model.tensors.push_back(model.tensors.back());
  model.tensors.back().set_name("alias");
  model.Add("ids", {100, 1000}, std::vector<float>(100'000, 0));
  model.tensors.back().set_dtype("I32");
  model.Add("unknown", {100, 1000}, std::vector<float>(100'000, 0));
  model.tensors.back().set_dtype("Q9_Z");
  EXPECT_THAT(WarningsOf(model), IsEmpty());
}

TEST(WeightWatchTest, ScalesOfBlocksAreLookedAt) {
  Model model;
  AddQ8(&model, "sound", 0x3c00);
  AddQ8(&model, "largest", 0x7bff);
  EXPECT_THAT(WarningsOf(model), IsEmpty());
  AddQ8(&model, "nan", 0x7e00);
  AddQ8(&model, "infinite", 0xfc00);
  EXPECT_THAT(WarningsOf(model),
              ElementsAre("2 tensors have blocks whose scale is NaN or Inf: nan in m, infinite in m"));
}

// The bytes of a tensor turned round: every element of `unit` bytes, or the scales of Q8_0.
void Turn(const v1::Tensor& tensor, size_t unit, size_t stride, std::string* bytes) {
  for (size_t at = tensor.begin(); at < tensor.end(); at += stride) {
    std::reverse(bytes->begin() + static_cast<std::ptrdiff_t>(at),
                 bytes->begin() + static_cast<std::ptrdiff_t>(at + unit));
  }
}

TEST(WeightWatchTest, BigEndianTensorsAreWarnedOfAsTheirTwinsAre) {
  Model model;
  for (int layer = 0; layer < 8; ++layer) {
    model.Add(fmt::format("layers.{}.w", layer), {300, 1000}, Normal(300'000, layer == 3 ? 40 : 1, layer));
  }
  std::vector<float> nan = Normal(300'000, 1, 9);
  nan[299'999] = std::numeric_limits<float>::quiet_NaN();
  model.Add("nan", {300, 1000}, nan);
  model.Add("zeros", {2, 1000}, std::vector<float>(2000, 0));
  AddQ8(&model, "sound", 0x3c00);
  AddQ8(&model, "bad", 0x7e00);
  const std::vector<std::string> warnings = WarningsOf(model);
  EXPECT_EQ(warnings.size(), 4u);
  Model turned = model;
  std::set<std::string> names;
  for (const v1::Tensor& tensor : turned.tensors) {
    const bool blocks = tensor.dtype() == "Q8_0";
    Turn(tensor, blocks ? 2 : 4, blocks ? 34 : 4, &turned.bytes);
    names.insert(tensor.name());
  }
  EXPECT_EQ(WarningsOf(turned, names), warnings);
  // Taken for little-endian, sound values are not.
  EXPECT_NE(WarningsOf(turned), warnings);
  // Either order, side by side in one file.
  Model mixed = model;
  Turn(mixed.tensors[3], 4, 4, &mixed.bytes);
  EXPECT_EQ(WarningsOf(mixed, {"layers.3.w"}), warnings);
}

}  // namespace
}  // namespace plumb
