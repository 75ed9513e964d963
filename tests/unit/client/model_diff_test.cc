// Models that are the same in two formats are said to be, and those that are not are not.
// tests/conformance/make_gguf_twins.py wrote tests/data/twins.
#include "plumb/client/model_diff.h"

#include <gmock/gmock.h>

#include <algorithm>
#include <cmath>
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
#include "tests/unit/onnx/onnx_writer.h"

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

// Whatever is in a file, it is the same as itself.
TEST(ModelDiffTest, EveryFileIsTheSameAsItself) {
  size_t compared = 0;
  for (const char* folder :
       {"flax", "gguf", "keras", "numpy", "onnx", "onnx-models", "pytorch", "tensorflow", "twins"}) {
    if (!fs::exists(kData / folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(kData / folder)) {
      if (!entry.is_regular_file() || fs::file_size(entry) > (4u << 20)) continue;
      const std::string path = entry.path().string();
      absl::StatusOr<ModelDiff> diff = DiffModels(path, path, Operation{});
      if (!diff.ok()) continue;
      EXPECT_EQ(diff->verdict(), ModelVerdict::kSame) << path;
      ++compared;
    }
  }
  EXPECT_GT(compared, 100u);
}

std::string Floats(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

struct NamedFloats {
  std::string name;
  std::vector<uint64_t> shape;
  std::vector<float> values;
};

// A safetensors file of these tensors.
std::string Safetensors(const std::vector<NamedFloats>& tensors) {
  std::vector<TensorToWrite> written;
  std::vector<std::string> bytes;
  for (const NamedFloats& each : tensors) bytes.push_back(Floats(each.values));
  for (size_t i = 0; i < tensors.size(); ++i) {
    written.push_back({tensors[i].name, DType::kF32, tensors[i].shape, AsBytes(bytes[i])});
  }
  return *SerializeSafetensors(written, {});
}

std::vector<float> Wave(size_t count, float first) {
  std::vector<float> values(count);
  for (size_t i = 0; i < count; ++i) values[i] = std::sin(static_cast<float>(i) * 0.7f + first);
  return values;
}

std::string OnnxFloats(const std::string& name, const std::vector<int64_t>& shape, const std::vector<float>& values) {
  return onnx_writer::Initializer(onnx_writer::Tensor(name, 1, shape, Floats(values)));
}

// As exporters write it: the weight under its name, a shape, a mask and a number under names that they made up.
TEST(ModelDiffTest, AModelAndItsOnnxExportAreTheSame) {
  using onnx_writer::Raw;
  ScratchFolder scratch;
  const std::vector<float> weight = Wave(24, 0), transposed = Wave(6, 2);
  const std::vector<float> turned = {transposed[0], transposed[3], transposed[1],
                                     transposed[4], transposed[2], transposed[5]};
  const std::string a =
      scratch.Write("m.safetensors", Safetensors({{"fc.weight", {4, 6}, weight}, {"out.weight", {2, 3}, transposed}}));
  const std::string graph = OnnxFloats("fc.weight", {4, 6}, weight) + OnnxFloats("onnx::MatMul_12", {3, 2}, turned) +
                            onnx_writer::Initializer(onnx_writer::Tensor("val_12", 7, {2}, Raw<int64_t>({1, -1}))) +
                            OnnxFloats("/Constant_output_0", {1}, {2}) + OnnxFloats("/mask", {2, 2}, {0, -1, 0, 0});
  const ModelDiff diff = Diffed(a, scratch.Write("m.onnx", onnx_writer::Model(graph)));
  EXPECT_EQ(diff.verdict(), ModelVerdict::kSame);
  EXPECT_THAT(diff.computed_b, SizeIs(3));
  // A weight that is not there is missed all the same.
  const std::string more =
      scratch.Write("more.safetensors", Safetensors({{"fc.weight", {4, 6}, weight}, {"x.weight", {2, 3}, Wave(6, 9)}}));
  EXPECT_EQ(Diffed(more, scratch.PathOf("m.onnx")).verdict(), ModelVerdict::kDiffers);
}

TEST(ModelDiffTest, ANormalisationThatIsFoldedCannotBeTold) {
  ScratchFolder scratch;
  const std::vector<float> weight = Wave(16, 0);
  std::vector<float> folded = weight;
  for (size_t i = 0; i < folded.size(); ++i) folded[i] *= i < 8 ? 2.0f : 0.25f;
  const std::string model = scratch.Write("m.safetensors", Safetensors({{"conv.weight", {2, 2, 2, 2}, weight},
                                                                        {"bn.weight", {2}, {1, 2}},
                                                                        {"bn.running_var", {2}, {3, 4}},
                                                                        {"fc.weight", {2, 2}, {1, 2, 3, 4}}}));
  const auto graph = [&](const std::vector<float>& values) {
    return onnx_writer::Model(OnnxFloats("fc.weight", {2, 2}, {1, 2, 3, 4}) +
                              OnnxFloats("onnx::Conv_20", {2, 2, 2, 2}, values) +
                              OnnxFloats("onnx::Conv_21", {2}, {5, 6}));
  };
  const ModelDiff diff = Diffed(model, scratch.Write("folded.onnx", graph(folded)));
  EXPECT_TRUE(diff.folded);
  EXPECT_EQ(diff.verdict(), ModelVerdict::kUndecided);
  folded[3] += 0.5f;
  EXPECT_EQ(Diffed(model, scratch.Write("other.onnx", graph(folded))).verdict(), ModelVerdict::kDiffers);
}

TEST(ModelDiffTest, KernelsOfConvolutionsAreTurned) {
  ScratchFolder scratch;
  const std::vector<float> torch = Wave(2 * 3 * 2 * 2, 0);
  std::vector<float> keras(torch.size());
  for (size_t o = 0; o < 2; ++o) {
    for (size_t i = 0; i < 3; ++i) {
      for (size_t at = 0; at < 4; ++at) keras[(at * 3 + i) * 2 + o] = torch[(o * 3 + i) * 4 + at];
    }
  }
  const std::string a = scratch.Write("a.safetensors", Safetensors({{"conv.weight", {2, 3, 2, 2}, torch}}));
  const ModelDiff named =
      Diffed(a, scratch.Write("b.safetensors", Safetensors({{"conv.weight", {2, 2, 3, 2}, keras}})));
  EXPECT_EQ(named.verdict(), ModelVerdict::kSame);
  EXPECT_THAT(named.pairs[0].layout, ElementsAre("axes 3, 2, 0, 1"));
  const ModelDiff unnamed = Diffed(a, scratch.Write("c.safetensors", Safetensors({{"k", {2, 2, 3, 2}, keras}})));
  EXPECT_EQ(unnamed.verdict(), ModelVerdict::kSame);
  EXPECT_TRUE(unnamed.pairs[0].by_content);
}

// The same weights under another config are another model.
TEST(ModelDiffTest, ConfigsBesideTheWeightsCount) {
  ScratchFolder scratch;
  const fs::path source = kData / "architectures/llama-gqa";
  const std::string config = *ReadFile((source / "config.json").string(), 1 << 20);
  for (const char* side : {"a", "b"}) {
    fs::create_directory(fs::path(scratch.path()) / side);
    fs::copy_file(source / "model.safetensors", fs::path(scratch.path()) / side / "model.safetensors");
  }
  const auto verdict = [&](nlohmann::json other) {
    scratch.Write("a/config.json", config);
    scratch.Write("b/config.json", other.dump());
    return Diffed(scratch.PathOf("a"), scratch.PathOf("b"));
  };
  nlohmann::json other = nlohmann::json::parse(config);
  EXPECT_EQ(verdict(other).verdict(), ModelVerdict::kSame);
  other["transformers_version"] = "5.0";
  EXPECT_EQ(verdict(other).verdict(), ModelVerdict::kSame);
  other["rope_theta"] = 500000.0;
  const ModelDiff diff = verdict(other);
  EXPECT_EQ(diff.verdict(), ModelVerdict::kOtherComputation);
  EXPECT_EQ(diff.WeightsVerdict(), ModelVerdict::kSame);
  EXPECT_THAT(diff.computation.changed, ElementsAre("rope_theta 100.0 -> 500000.0"));
  other["of_tomorrow"] = 1;
  EXPECT_EQ(verdict(other).verdict(), ModelVerdict::kUndecided);
}

TEST(ModelDiffTest, WhatOneSideCannotReadIsNeverTheSame) {
  ScratchFolder scratch;
  const std::string known = R"("w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]})";
  const std::string later = R"(,"n":{"dtype":"F2","shape":[16],"data_offsets":[8,12]})";
  const auto write = [&](const std::string& name, const std::string& json, size_t bytes) {
    std::string file(8, '\0');
    file[0] = static_cast<char>(json.size());
    return scratch.Write(name, file + json + std::string(bytes, '\1'));
  };
  const std::string whole = write("a.safetensors", "{" + known + later + "}", 12);
  const std::string part = write("b.safetensors", "{" + known + "}", 8);
  const ModelDiff lacks = Diffed(whole, part);
  EXPECT_EQ(lacks.verdict(), ModelVerdict::kDiffers);
  ASSERT_THAT(lacks.unread_a, SizeIs(1));
  EXPECT_EQ(lacks.unread_a[0].tensor.name, "n");
  EXPECT_FALSE(lacks.unread_a[0].other_has);
  const std::string again = write("c.safetensors", "{" + known + later + " }", 12);
  EXPECT_EQ(Diffed(whole, again).verdict(), ModelVerdict::kUndecided);
  EXPECT_EQ(Diffed(whole, whole).verdict(), ModelVerdict::kSame);
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
