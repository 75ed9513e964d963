#include "plumb/inference/golden.h"

#include <gmock/gmock.h>

#include <bit>
#include <limits>

#include "plumb/inference/smoke.h"
#include "tests/unit/inference/test_util.h"

namespace plumb {
namespace {

using testing::HasSubstr;

constexpr char kConfig[] = R"({"model_type": "gpt2", "vocab_size": 3, "n_positions": 4, "n_embd": 2, "n_layer": 1,
    "n_head": 1, "layer_norm_epsilon": 1e-5, "activation_function": "gelu"})";

class GoldenTest : public testing::Test {
 protected:
  // Writes the two tensors as given and loads them.
  std::string Error(DType ids_type, Shape ids_shape, std::vector<int64_t> ids, DType type, Shape shape,
                    std::vector<float> logits) {
    const auto* id_bytes = reinterpret_cast<const uint8_t*>(ids.data());
    const auto* bytes = reinterpret_cast<const uint8_t*>(logits.data());
    absl::StatusOr<std::string> text =
        SerializeSafetensors({{"input_ids", ids_type, ids_shape, {id_bytes, ids.size() * 8}},
                              {"logits", type, shape, {bytes, logits.size() * 4}}},
                             {});
    EXPECT_TRUE(text.ok()) << text.status();
    return ErrorOfFile(*text);
  }
  std::string ErrorOfFile(const std::string& text) {
    folder_.Write("golden.safetensors", text);
    absl::StatusOr<Golden> golden = LoadGolden(folder_.Open(), "golden.safetensors", *model_);
    return golden.ok() ? "" : std::string(Message(golden.status()));
  }

  TempFolder folder_;
  std::unique_ptr<Model> model_ = *ParseModelConfig(kConfig);
};

TEST_F(GoldenTest, SerializedGoldensLoadAgain) {
  const Golden golden = {.tokens = {2, 2, {0, 1, 2, 0}}, .logits = {1, 2, 3, 4, 5, 6, 7, 8, 9, -1, -2.5f, 1e-20f}};
  absl::StatusOr<std::string> text = SerializeGolden(golden, *model_, {{"format", "plumb-golden"}});
  ASSERT_TRUE(text.ok()) << text.status();
  folder_.Write("g.safetensors", *text);
  absl::StatusOr<Golden> again = LoadGolden(folder_.Open(), "g.safetensors", *model_);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(again->tokens.ids, golden.tokens.ids);
  EXPECT_EQ(again->tokens.sequences, 2);
  EXPECT_EQ(again->tokens.positions, 2);
  EXPECT_EQ(again->logits, golden.logits);
  EXPECT_EQ(again->tier, Tier::kF32);
}

TEST_F(GoldenTest, PyTorchsGoldenLoads) {
  std::unique_ptr<Model> model = *ParseModelConfig(ReadData("tiny-shakespeare/step-3000/config.json"));
  absl::StatusOr<Golden> golden =
      LoadGolden(*Directory::Open(DataPath("tiny-shakespeare")), "step-3000/golden.safetensors", *model);
  ASSERT_TRUE(golden.ok()) << golden.status();
  EXPECT_EQ(golden->tokens.sequences, 2);
  EXPECT_EQ(golden->tokens.positions, 128);
  EXPECT_EQ(golden->logits.size(), 2 * 128 * 256);
}

TEST_F(GoldenTest, IdsMustBeBelowTheVocabulary) {
  EXPECT_EQ(Error(DType::kI64, {1, 1}, {2}, DType::kF32, {1, 1, 3}, {1, 2, 3}), "");
  EXPECT_THAT(Error(DType::kI64, {1, 1}, {3}, DType::kF32, {1, 1, 3}, {1, 2, 3}), HasSubstr("input_ids[0] is 3"));
  EXPECT_THAT(Error(DType::kI64, {1, 1}, {-1}, DType::kF32, {1, 1, 3}, {1, 2, 3}), HasSubstr("input_ids[0] is -1"));
  EXPECT_THAT(Error(DType::kI64, {1, 1}, {1ll << 32}, DType::kF32, {1, 1, 3}, {1, 2, 3}), HasSubstr("input_ids[0]"));
}

TEST_F(GoldenTest, PositionsUpToTheModels) {
  EXPECT_EQ(Error(DType::kI64, {1, 4}, {0, 0, 0, 0}, DType::kF32, {1, 4, 3}, std::vector<float>(12)), "");
  EXPECT_THAT(Error(DType::kI64, {1, 5}, {0, 0, 0, 0, 0}, DType::kF32, {1, 5, 3}, std::vector<float>(15)),
              HasSubstr("1 sequences of 5"));
}

TEST_F(GoldenTest, EmptyBatchesAreRefused) {
  EXPECT_THAT(Error(DType::kI64, {0, 2}, {}, DType::kF32, {0, 2, 3}, {}), HasSubstr("0 sequences"));
  EXPECT_THAT(Error(DType::kI64, {2, 0}, {}, DType::kF32, {2, 0, 3}, {}), HasSubstr("of 0 token ids"));
}

TEST_F(GoldenTest, TypesAndShapesAreChecked) {
  EXPECT_THAT(Error(DType::kU64, {1, 1}, {0}, DType::kF32, {1, 1, 3}, {1, 2, 3}), HasSubstr("input_ids is U64"));
  EXPECT_THAT(Error(DType::kI64, {1}, {0}, DType::kF32, {1, 1, 3}, {1, 2, 3}), HasSubstr("[sequences, positions]"));
  EXPECT_THAT(Error(DType::kI64, {1, 1}, {0}, DType::kI32, {1, 1, 3}, {1, 2, 3}), HasSubstr("logits is I32"));
  EXPECT_THAT(Error(DType::kI64, {1, 1}, {0}, DType::kF32, {1, 1, 2}, {1, 2}), HasSubstr("expected [1, 1, 3]"));
  EXPECT_THAT(Error(DType::kI64, {1, 1}, {0}, DType::kF32, {1, 3}, {1, 2, 3}), HasSubstr("expected [1, 1, 3]"));
}

TEST_F(GoldenTest, LogitsMustBeFinite) {
  for (float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    EXPECT_THAT(Error(DType::kI64, {1, 1}, {0}, DType::kF32, {1, 1, 3}, {1, bad, 3}), HasSubstr("logits[1]"));
  }
}

TEST_F(GoldenTest, SixteenBitLogitsAreJudgedAsSuch) {
  const std::vector<uint16_t> halves = {0x3f80, 0x4000, 0x4040};  // 1, 2, 3 in bfloat16.
  const std::vector<uint8_t> id(8, 0);
  absl::StatusOr<std::string> text =
      SerializeSafetensors({{"input_ids", DType::kI64, {1, 1}, id},
                            {"logits", DType::kBF16, {1, 1, 3}, {reinterpret_cast<const uint8_t*>(halves.data()), 6}}},
                           {});
  folder_.Write("g.safetensors", *text);
  absl::StatusOr<Golden> golden = LoadGolden(folder_.Open(), "g.safetensors", *model_);
  ASSERT_TRUE(golden.ok()) << golden.status();
  EXPECT_EQ(golden->tier, Tier::k16Bit);
  EXPECT_THAT(golden->logits, testing::ElementsAre(1, 2, 3));
}

TEST_F(GoldenTest, OnlyTheTwoTensors) {
  const std::vector<uint8_t> id(8, 0);
  EXPECT_THAT(ErrorOfFile(*SerializeSafetensors({{"input_ids", DType::kI64, {1, 1}, id}}, {})), HasSubstr("exactly"));
  EXPECT_THAT(ErrorOfFile("garbage"), testing::Not(""));
}

TEST_F(GoldenTest, DefaultTokensAreFixed) {
  std::unique_ptr<Model> model = *ParseModelConfig(ReadData("tiny-shakespeare/step-3000/config.json"));
  const TokenBatch tokens = DefaultTokens(*model);
  EXPECT_EQ(tokens.sequences, 1);
  EXPECT_EQ(tokens.positions, 128);
  // x1 = 1442695040888963407, (x1 >> 33) % 256 and two more, worked out apart.
  EXPECT_THAT(std::vector<int32_t>(tokens.ids.begin(), tokens.ids.begin() + 3), testing::ElementsAre(191, 8, 17));
  EXPECT_TRUE(CheckTokens(tokens, *model).ok());
  EXPECT_EQ(DefaultTokens(*model_).positions, 4);
}

TEST_F(GoldenTest, CheckTokensCountsThem) {
  EXPECT_TRUE(CheckTokens({1, 2, {0, 1}}, *model_).ok());
  EXPECT_FALSE(CheckTokens({1, 2, {0}}, *model_).ok());
  EXPECT_FALSE(CheckTokens({1, 2, {0, 1, 2}}, *model_).ok());
  EXPECT_FALSE(CheckTokens({1, 2, {0, 3}}, *model_).ok());
  EXPECT_FALSE(CheckTokens({1ull << 63, 2, {0, 1}}, *model_).ok());
}

TEST(ComputeGoldenTest, TakesTheTokensItIsGiven) {
  const Directory family = *Directory::Open(DataPath("tiny-shakespeare"));
  const TokenBatch tokens = {1, 3, {10, 20, 30}};
  absl::StatusOr<std::string> text =
      ComputeGolden(family, "step-0/config.json", "step-0/model.safetensors", tokens, {});
  ASSERT_TRUE(text.ok()) << text.status();
  TempFolder folder;
  folder.Write("g.safetensors", *text);
  std::unique_ptr<Model> model = *ParseModelConfig(ReadData("tiny-shakespeare/step-0/config.json"));
  absl::StatusOr<Golden> golden = LoadGolden(folder.Open(), "g.safetensors", *model);
  ASSERT_TRUE(golden.ok()) << golden.status();
  EXPECT_EQ(golden->tokens.ids, tokens.ids);
}

TEST(ComputeGoldenTest, IsTheSameEveryTime) {
  const Directory family = *Directory::Open(DataPath("tiny-shakespeare"));
  auto compute = [&] { return *ComputeGolden(family, "step-1000/config.json", "step-1000/model.safetensors", {}, {}); };
  EXPECT_EQ(compute(), compute());
}

TEST(ComputeGoldenTest, RefusesTokensOutsideTheVocabulary) {
  const Directory family = *Directory::Open(DataPath("tiny-shakespeare"));
  const TokenBatch tokens = {1, 1, {256}};
  EXPECT_FALSE(ComputeGolden(family, "step-0/config.json", "step-0/model.safetensors", tokens, {}).ok());
}

TEST(ComputeGoldenTest, AnUnknownArchitectureIsUnimplemented) {
  TempFolder folder;
  folder.Write("config.json", R"({"model_type": "mamba"})");
  EXPECT_EQ(ComputeGolden(folder.Open(), "config.json", "m.safetensors", {}, {}).status().code(),
            absl::StatusCode::kUnimplemented);
}

}  // namespace
}  // namespace plumb
