// What configs, keys and graphs say of models whose weights are the same.
#include "plumb/inference/computation.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "nlohmann/json.hpp"
#include "plumb/base/file.h"
#include "tests/unit/base/scratch_folder.h"
#include "tests/unit/onnx/onnx_writer.h"

namespace plumb {
namespace {

using nlohmann::json;
using testing::ElementsAre;
using testing::IsEmpty;

json ConfigOf(const std::string& name) {
  return json::parse(*ReadFile(std::string(PLUMB_TEST_DATA) + "/architectures/" + name + "/config.json", 1 << 20));
}

ComputationDifference Changed(const json& config, const std::string& key, const json& value) {
  json other = config;
  other[key] = value;
  return CompareConfigs(config.dump(), other.dump());
}

TEST(ComputationTest, KeysThatChangeTheComputationAreNamed) {
  const json config = ConfigOf("llama-gqa");
  EXPECT_THAT(Changed(config, "rope_theta", 500000.0).changed, ElementsAre("rope_theta 100.0 -> 500000.0"));
  EXPECT_THAT(Changed(config, "rms_norm_eps", 1e-5).changed, ElementsAre("rms_norm_eps 1e-06 -> 1e-05"));
  EXPECT_THAT(Changed(config, "hidden_act", "gelu").changed, ElementsAre("hidden_act \"silu\" -> \"gelu\""));
  EXPECT_THAT(Changed(config, "max_position_embeddings", 128).changed, testing::SizeIs(1));
}

TEST(ComputationTest, KeysThatChangeNothingAreNot) {
  const json config = ConfigOf("llama-gqa");
  for (const char* key : {"transformers_version", "torch_dtype", "use_cache", "eos_token_id", "_name_or_path"}) {
    EXPECT_TRUE(Changed(config, key, "other").empty()) << key;
  }
  EXPECT_TRUE(Changed(config, "attention_dropout", 0.1).empty());
  EXPECT_TRUE(CompareConfigs(config.dump(), config.dump(2)).empty());
}

TEST(ComputationTest, AnotherSpellingOfTheSameIsTheSame) {
  json config = ConfigOf("llama-gqa");
  json other = config;
  other.erase("rope_scaling");
  EXPECT_TRUE(CompareConfigs(config.dump(), other.dump()).empty());
  other = config;
  other["rope_theta"] = 100;
  EXPECT_TRUE(CompareConfigs(config.dump(), other.dump()).empty());
}

TEST(ComputationTest, EveryFamilyIsLikeItself) {
  for (const auto& entry : std::filesystem::directory_iterator(std::string(PLUMB_TEST_DATA) + "/architectures")) {
    const std::string text = *ReadFile((entry.path() / "config.json").string(), 1 << 20);
    json other = json::parse(text);
    other["transformers_version"] = "9.9";
    EXPECT_TRUE(CompareConfigs(text, other.dump()).empty()) << entry.path();
  }
}

TEST(ComputationTest, WhatIsNotKnownIsNamedApart) {
  const json strange = {{"model_type", "unheard"}, {"theta", 1}, {"nested", {{"a", 1}, {"b", 2}}}};
  json other = strange;
  other["theta"] = 2;
  other["nested"]["b"] = 3;
  other["transformers_version"] = "1";
  const ComputationDifference found = CompareConfigs(strange.dump(), other.dump());
  EXPECT_THAT(found.changed, IsEmpty());
  EXPECT_THAT(found.unknown, ElementsAre("nested.b 2 -> 3", "theta 1 -> 2"));
  EXPECT_THAT(CompareConfigs("{", "[]").unknown, testing::SizeIs(1));
  EXPECT_TRUE(CompareConfigs("{", "{").empty());
}

std::unique_ptr<TensorSource> Keys(std::vector<MetadataEntry> entries) {
  entries.push_back({"general.architecture", std::string("llama"), "str"});
  TensorSourceParts parts = {.format = "gguf", .metadata = std::move(entries)};
  return std::move(*TensorSource::New(std::move(parts)));
}

TEST(ComputationTest, GgufKeys) {
  const auto a =
      Keys({{"llama.rope.freq_base", 10000.0}, {"llama.block_count", uint64_t{2}}, {"general.name", std::string("a")}});
  const auto b = Keys(
      {{"llama.rope.freq_base", 500000.0}, {"llama.block_count", uint64_t{2}}, {"general.name", std::string("b")}});
  EXPECT_THAT(CompareGgufKeys(*a, *b).changed, ElementsAre("llama.rope.freq_base 10000 -> 500000"));
  EXPECT_TRUE(CompareGgufKeys(*a, *a).empty());
  const auto more = Keys({{"llama.rope.freq_base", 10000.0}, {"llama.block_count", uint64_t{2}}, {"llama.new", true}});
  EXPECT_THAT(CompareGgufKeys(*a, *more).unknown, ElementsAre("llama.new nothing -> true"));
}

TEST(ComputationTest, OnnxGraphs) {
  using namespace onnx_writer;
  ScratchFolder folder;
  const auto model = [](const char* op) {
    return Model(Input("x", 1, {2}) + NodeField(op, {"x"}, {"y"}) + Output("y"));
  };
  folder.Write("a.onnx", model("Relu"));
  folder.Write("b.onnx", model("Relu"));
  folder.Write("c.onnx", model("Tanh"));
  const Directory directory = *Directory::Open(folder.path());
  EXPECT_EQ(*OnnxComputation(directory, "a.onnx"), *OnnxComputation(directory, "b.onnx"));
  EXPECT_NE(*OnnxComputation(directory, "a.onnx"), *OnnxComputation(directory, "c.onnx"));
}

}  // namespace
}  // namespace plumb
