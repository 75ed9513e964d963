// Models that are the same in two formats are said to be, and those that are not are not.
// tests/conformance/make_gguf_twins.py wrote tests/data/twins.
#include "plumb/client/model_diff.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/file.h"
#include "plumb/base/status.h"
#include "plumb/containers/open.h"
#include "plumb/weights/safetensors.h"
#include "tests/unit/base/scratch_folder.h"

namespace plumb {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
namespace fs = std::filesystem;

const fs::path kData = PLUMB_TEST_DATA;

ModelDiff Diffed(const fs::path& a, const fs::path& b) {
  absl::StatusOr<ModelDiff> diff = DiffModels(a.string(), b.string(), Operation{});
  EXPECT_TRUE(diff.ok()) << diff.status();
  return diff.ok() ? *diff : ModelDiff();
}

fs::path GgufOf(const std::string& name) {
  const fs::path model = kData / "gguf-models" / (name + ".gguf");
  return fs::exists(model) ? model : kData / "twins" / (name + ".gguf");
}

std::vector<std::string> TwinNames() {
  std::vector<std::string> names;
  for (const auto& entry : fs::directory_iterator(kData / "twins")) {
    if (entry.path().extension() == ".safetensors") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class TwinsTest : public testing::TestWithParam<std::string> {};
INSTANTIATE_TEST_SUITE_P(All, TwinsTest, testing::ValuesIn(TwinNames()), [](const auto& name) {
  std::string text = name.param;
  std::replace(text.begin(), text.end(), '-', '_');
  return text;
});

void ExpectSame(const ModelDiff& diff) {
  EXPECT_EQ(diff.verdict(), ModelVerdict::kSame);
  EXPECT_THAT(diff.only_a, IsEmpty());
  EXPECT_THAT(diff.only_b, IsEmpty());
  for (const DiffedPair& pair : diff.pairs) {
    EXPECT_LE(pair.values.finding, Finding::kQuantised) << pair.a.name << ": " << pair.remark;
    EXPECT_FALSE(pair.by_content) << pair.a.name;
  }
}

TEST_P(TwinsTest, AreTheSameModel) {
  const fs::path a = kData / "twins" / (GetParam() + ".safetensors");
  ExpectSame(Diffed(a, GgufOf(GetParam())));
  ExpectSame(Diffed(GgufOf(GetParam()), a));
  ExpectSame(Diffed(a, a));
}

TEST_P(TwinsTest, OneChangedWeightIsFound) {
  ScratchFolder scratch;
  const std::string bytes = *ReadFile((kData / "twins" / (GetParam() + ".safetensors")).string(), 1 << 24);
  for (size_t from_end : {4u, 5004u, 9004u}) {
    std::string changed = bytes;
    changed.replace(changed.size() - from_end, 4, std::string("\0\0\xc8\x42", 4));  // 100 as float32.
    const ModelDiff diff = Diffed(scratch.Write("changed.safetensors", changed), GgufOf(GetParam()));
    EXPECT_EQ(diff.verdict(), ModelVerdict::kDiffers) << from_end;
    std::vector<DiffedPair> differing;
    std::copy_if(diff.pairs.begin(), diff.pairs.end(), std::back_inserter(differing),
                 [](const DiffedPair& pair) { return !pair.explained(); });
    // A tied head is compared with the same table once more.
    ASSERT_GE(differing.size(), 1u) << from_end;
    EXPECT_LE(differing.size(), 2u) << from_end;
    EXPECT_EQ(differing[0].a.name, differing.back().a.name);
  }
}

TEST(ModelDiffTest, OtherConventionsOfTheSameModel) {
  const std::pair<const char*, const char*> cases[] = {{"llama-f32", "llama-f32.meta.pth"},
                                                       {"llama-f32", "llama-f32.flax.msgpack"},
                                                       {"gpt2-tied", "gpt2-tied.flax.msgpack"},
                                                       {"gpt2-tied", "gpt2-tied.tensorflow.npz"}};
  for (const auto& [name, file] : cases) {
    SCOPED_TRACE(file);
    ExpectSame(Diffed(kData / "twins" / (std::string(name) + ".safetensors"), kData / "twins" / file));
    ExpectSame(Diffed(kData / "twins" / file, GgufOf(name)));
  }
}

std::vector<std::string> LayoutOf(const ModelDiff& diff, const std::string& role) {
  for (const DiffedPair& pair : diff.pairs) {
    if (pair.role == role) return pair.layout;
  }
  return {"no such pair"};
}

TEST(ModelDiffTest, LayoutsAreNamed) {
  auto twins = [](const std::string& name) { return Diffed(kData / "twins" / (name + ".safetensors"), GgufOf(name)); };
  EXPECT_THAT(LayoutOf(twins("llama-f32"), "blk.1.attn_q.weight"), ElementsAre("rows in pairs"));
  EXPECT_THAT(LayoutOf(twins("llama-linear-biases-f32"), "blk.1.attn_k.bias"), ElementsAre("rows in pairs"));
  EXPECT_THAT(LayoutOf(twins("gptneox-f32"), "blk.1.attn_qkv.weight"), ElementsAre("rows by group"));
  EXPECT_THAT(LayoutOf(twins("falcon-new-f32"), "blk.1.attn_qkv.weight"), ElementsAre("rows by group"));
  EXPECT_THAT(LayoutOf(twins("bloom-f32"), "blk.1.attn_qkv.bias"), ElementsAre("rows by group"));
  EXPECT_THAT(LayoutOf(twins("qwen3moe-f32"), "blk.1.ffn_up_exps.weight"), ElementsAre("part 1 of 4"));
  EXPECT_THAT(LayoutOf(twins("gpt2"), "blk.0.ffn_up.weight"), ElementsAre("transposed"));
  EXPECT_THAT(LayoutOf(twins("gemma2-f32"), "blk.0.post_ffw_norm.weight"), ElementsAre("plus one"));
  EXPECT_THAT(LayoutOf(twins("mixtral"), "blk.0.ffn_down_exps.weight"), ElementsAre("part 1 of 4"));
  EXPECT_THAT(LayoutOf(twins("roberta-last-f32"), "position_embd.weight"), ElementsAre("from row 2"));
  EXPECT_THAT(LayoutOf(twins("gpt2-tied"), "token_embd.weight"), IsEmpty());
  EXPECT_THAT(twins("llama-llama3-f16").computed_b, SizeIs(1));
}

// A conversion that forgot to reorder q and k gives another model, whose weights look right.
TEST(ModelDiffTest, AForgottenReorderingIsSaid) {
  ScratchFolder scratch;
  std::string bytes = *ReadFile(GgufOf("llama-f32").string(), 1 << 24);
  // As if it were a family whose rows are stored plain.
  for (size_t at = bytes.find("llama"); at != bytes.npos; at = bytes.find("llama", at)) bytes.replace(at, 5, "qwen2");
  const ModelDiff diff = Diffed(kData / "twins/llama-f32.safetensors", scratch.Write("other.gguf", bytes));
  EXPECT_EQ(diff.verdict(), ModelVerdict::kDiffers);
  size_t differing = 0;
  for (const DiffedPair& pair : diff.pairs) {
    if (pair.explained()) continue;
    ++differing;
    EXPECT_THAT(pair.remark, HasSubstr("the same values if rows in pairs"));
  }
  EXPECT_EQ(differing, 4u);
}

TEST(ModelDiffTest, CheckpointsOfOneTraining) {
  const fs::path family = kData / "tiny-shakespeare";
  const ModelDiff rounded = Diffed(family / "step-3000/model.safetensors", family / "step-3000/model-bf16.safetensors");
  EXPECT_EQ(rounded.verdict(), ModelVerdict::kSame);
  for (const DiffedPair& pair : rounded.pairs) EXPECT_EQ(pair.values.finding, Finding::kRounded) << pair.a.name;
  const ModelDiff later = Diffed(family / "step-1000", family / "step-2000");
  EXPECT_EQ(later.verdict(), ModelVerdict::kDiffers);
  EXPECT_THAT(later.pairs, SizeIs(52));
  for (const DiffedPair& pair : later.pairs) EXPECT_EQ(pair.values.finding, Finding::kDiffers) << pair.a.name;
}

TEST(ModelDiffTest, OtherModelsAreNotTheSame) {
  EXPECT_EQ(Diffed(kData / "twins/llama-f32.safetensors", GgufOf("qwen3-f32")).verdict(), ModelVerdict::kDiffers);
  const ModelDiff nothing = Diffed(kData / "numpy/test.npz", kData / "twins/gpt2.gguf");
  EXPECT_EQ(nothing.verdict(), ModelVerdict::kDiffers);
  EXPECT_THAT(nothing.pairs, IsEmpty());
}

TEST(ModelDiffTest, AFolderOfSeveralModelsAsksForTheFile) {
  ScratchFolder scratch;
  const fs::path folder = scratch.path();
  const fs::path model = kData / "twins/llama-f32.safetensors";
  fs::copy_file(model, folder / "model.safetensors");
  fs::copy_file(model, folder / "optimizer.safetensors");
  fs::copy_file(kData / "gguf-models/llama-f32.golden.safetensors", folder / "golden.safetensors");
  std::ofstream(folder / "README.md") << "words";
  ExpectSame(Diffed(folder, GgufOf("llama-f32")));
  fs::copy_file(GgufOf("llama-f32"), folder / "model.gguf");
  absl::Status status = DiffModels(folder.string(), model.string(), Operation{}).status();
  EXPECT_EQ(ErrorClassOf(status), ErrorClass::kUsage);
  EXPECT_THAT(std::string(Message(status)), HasSubstr("2 models, name the file of one: model.gguf, model.safetensors"));
  status = DiffModels((kData / "cards").string(), model.string(), Operation{}).status();
  EXPECT_TRUE(absl::IsNotFound(status)) << status;
  EXPECT_TRUE(absl::IsNotFound(DiffModels("/does/not/exist", model.string(), Operation{}).status()));
}

// Shards without an index are one model, whatever their format.
TEST(ModelDiffTest, ShardsAreOneModel) {
  ScratchFolder scratch;
  const fs::path folder = scratch.path();
  const fs::path gguf = GgufOf("gpt2-tied");
  fs::copy_file(kData / "pytorch/state_dict.pt", folder / "pytorch_model-00001-of-00002.bin");
  fs::copy_file(kData / "twins/llama-f32.meta.pth", folder / "pytorch_model-00002-of-00002.bin");
  const ModelDiff diff = Diffed(folder, kData / "twins/llama-f32.safetensors");
  EXPECT_THAT(diff.a.files, SizeIs(2));
  EXPECT_GE(diff.pairs.size(), 21u);
  EXPECT_THAT(diff.only_b, IsEmpty());
  EXPECT_EQ(Diffed(folder / "pytorch_model-00002-of-00002.bin", gguf).a.files.size(), 2u);
}

// An index with its shards is one model, and so is one shard of it that is named.
TEST(ModelDiffTest, AnIndexIsOneModel) {
  ScratchFolder scratch;
  const fs::path whole = kData / "twins/llama-f32.safetensors";
  Directory directory = *Directory::Open(whole.parent_path().string());
  const std::unique_ptr<TensorSource> source = *OpenTensorSource(directory, whole.filename().string());
  nlohmann::json index = {{"metadata", nlohmann::json::object()}, {"weight_map", nlohmann::json::object()}};
  for (int shard : {1, 2}) {
    const std::string name = fmt::format("model-0000{}-of-00002.safetensors", shard);
    std::vector<TensorToWrite> tensors;
    for (size_t i = shard - 1; i < source->tensors().size(); i += 2) {
      const SourceTensor& tensor = source->tensors()[i];
      tensors.push_back({tensor.name, tensor.dtype, tensor.shape, *source->View(tensor)});
      index["weight_map"][tensor.name] = name;
    }
    scratch.Write(name, *SerializeSafetensors(tensors, {}));
  }
  const std::string first = scratch.PathOf("model-00001-of-00002.safetensors");
  ExpectSame(Diffed(first, GgufOf("llama-f32")));  // Without the index.
  scratch.Write("model.safetensors.index.json", index.dump());
  const ModelDiff diff = Diffed(scratch.path(), GgufOf("llama-f32"));
  ExpectSame(diff);
  EXPECT_EQ(diff.a.path, "model.safetensors.index.json");
  ExpectSame(Diffed(first, GgufOf("llama-f32")));
}

std::string SharedFolder(const std::string& name) {
  const char* given = std::getenv("PLUMB_SHARED");
  const fs::path folder = fs::path(given != nullptr ? given : kData / "../../../shared") / name;
  return fs::exists(folder) ? folder.string() : "";
}

TEST(ModelDiffTest, CheckpointsOfPyTorch) {
  const std::string folder = SharedFolder("tiny-shakespeare/step-3000");
  if (folder.empty()) GTEST_SKIP() << "tiny-shakespeare is not here: set PLUMB_SHARED";
  ExpectSame(Diffed(folder + "/model.safetensors", folder + "/pytorch_model.bin"));
  const ModelDiff rounded = Diffed(folder + "/model-bf16.safetensors", folder + "/pytorch_model.bin");
  EXPECT_EQ(rounded.verdict(), ModelVerdict::kSame);
  for (const DiffedPair& pair : rounded.pairs) EXPECT_TRUE(pair.values.a_is_made) << pair.a.name;
}

// TorchScript of two models against ONNX of one of them.
TEST(ModelDiffTest, TorchScriptAndOnnx) {
  const std::string folder = SharedFolder("models/silero-vad");
  if (folder.empty()) GTEST_SKIP() << "silero-vad is not here: set PLUMB_SHARED";
  const ModelDiff diff = Diffed(folder + "/silero_vad.jit", folder + "/silero_vad_16k_op15.onnx");
  EXPECT_EQ(diff.verdict(), ModelVerdict::kDiffers);
  EXPECT_THAT(diff.pairs, SizeIs(15));
  EXPECT_THAT(diff.only_a, SizeIs(15));
  EXPECT_THAT(diff.only_b, IsEmpty());
  for (const DiffedPair& pair : diff.pairs) EXPECT_EQ(pair.values.finding, Finding::kEqual) << pair.a.name;
}

TEST(ModelDiffTest, CanBeStopped) {
  Cancellation cancellation;
  cancellation.Cancel();
  const Operation operation{.progress = nullptr, .warning = nullptr, .cancellation = &cancellation};
  const std::string path = (kData / "twins/llama-f32.safetensors").string();
  EXPECT_TRUE(absl::IsCancelled(DiffModels(path, path, operation).status()));
}

TEST(ModelDiffTest, ProgressReachesItsEnd) {
  Progress last;
  const Operation operation{.progress = [&](const Progress& progress) { last = progress; }};
  const std::string path = (kData / "twins/llama-f32.safetensors").string();
  ASSERT_TRUE(DiffModels(path, path, operation).ok());
  EXPECT_GT(last.total_bytes, 0u);
  EXPECT_EQ(last.done_bytes, last.total_bytes);
}

}  // namespace
}  // namespace plumb
