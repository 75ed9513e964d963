// Every fault of the fault table in docs/inference.md, on a trained GPT-2 and a trained Llama: those that numbers can
// show fail by the golden, the others by the hash of the config.
#include <gmock/gmock.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "plumb/inference/compare.h"
#include "tests/unit/inference/int8_model.h"
#include "tests/unit/inference/recorded_case.h"
#include "tests/unit/inference/trained_models.h"
#include "verify/inference/check/config_hash.h"
#include "verify/inference/loaded_model.h"

namespace plumb {
namespace {

using nlohmann::json;

// Who must catch a fault.
enum class By { kGolden, kHash };

struct Fault {
  const char* name;
  By by;
  std::function<void(TrainedModel&)> apply;                  // To the files; or
  std::function<void(Attributes&)> edit = nullptr;           // to the graph; or
  std::function<void(std::vector<int32_t>&)> ids = nullptr;  // to the token ids.
};

void TransposeSquare(std::span<float> values, size_t n) {
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < i; ++j) std::swap(values[i * n + j], values[j * n + i]);
  }
}

void ZeroTail(TensorMap::Tensor& tensor, double part) {
  const auto count = static_cast<ptrdiff_t>(std::ceil(part * static_cast<double>(tensor.values.size())));
  std::fill(tensor.values.end() - count, tensor.values.end(), 0.0f);
}

void Shift(TensorMap::Tensor& tensor) {
  std::rotate(tensor.values.begin(), tensor.values.begin() + 1, tensor.values.end());
}

float OfBf16(uint16_t bits) { return std::bit_cast<float>(uint32_t{bits} << 16); }
uint16_t ToBf16(float value) { return static_cast<uint16_t>(std::bit_cast<uint32_t>(value) >> 16); }
float OfF16(uint16_t bits) {
  float value = 0;
  EXPECT_TRUE(DecodeToF32(DType::kF16, {reinterpret_cast<const uint8_t*>(&bits), 2}, 0, {&value, 1}).ok());
  return value;
}
// Truncated; good enough for a fault.
uint16_t ToF16(float value) {
  if (std::abs(value) < 6.2e-5f) return 0;
  const auto bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits >> 16 & 0x8000) | (((bits >> 23 & 0xff) - 112) << 10) | (bits >> 13 & 0x3ff));
}
void Reread(TrainedModel& model, uint16_t (*write)(float), float (*read)(uint16_t)) {
  for (auto& [name, tensor] : model.weights.tensors) {
    for (float& value : tensor.values) value = read(write(value));
  }
}

// Rows of heads of `size` reordered: new row `to(head, i)` is the old row i of that head.
template <typename To>
void MoveRows(TensorMap::Tensor& tensor, size_t size, To to) {
  const std::vector<float> old = tensor.values;
  const size_t width = old.size() / tensor.shape[0];
  for (size_t row = 0; row < tensor.shape[0]; ++row) {
    const size_t place = to(row / size, row % size);
    std::copy_n(old.begin() + static_cast<ptrdiff_t>(row * width), width,
                tensor.values.begin() + static_cast<ptrdiff_t>(place * width));
  }
}

std::string LlamaName(int layer, const std::string& rest) {
  return "model.layers." + std::to_string(layer) + "." + rest + ".weight";
}
std::string Gpt2Name(int layer, const std::string& rest) {
  return "transformer.h." + std::to_string(layer) + "." + rest;
}

constexpr size_t kHead = 16;  // Of the Llama, as is the next.
constexpr size_t kWidth = 64;

void Interleave(TrainedModel& model) {
  for (int layer = 0; layer < 4; ++layer) {
    for (const char* rest : {"self_attn.q_proj", "self_attn.k_proj"}) {
      MoveRows(model.At(LlamaName(layer, rest)), kHead,
               [](size_t head, size_t i) { return head * kHead + (i % 2) * (kHead / 2) + i / 2; });
    }
  }
}

// Query heads 1 and 2 change places, rows of q and columns of o: each then reads the other's keys.
void TileHeads(TrainedModel& model) {
  for (int layer = 0; layer < 4; ++layer) {
    constexpr size_t kPlaces[] = {0, 2, 1, 3};
    MoveRows(model.At(LlamaName(layer, "self_attn.q_proj")), kHead,
             [&](size_t head, size_t i) { return kPlaces[head] * kHead + i; });
    TensorMap::Tensor& o = model.At(LlamaName(layer, "self_attn.o_proj"));
    TransposeSquare(o.values, kWidth);
    MoveRows(o, kHead, [&](size_t head, size_t i) { return kPlaces[head] * kHead + i; });
    TransposeSquare(o.values, kWidth);
  }
}

template <typename T>
std::function<void(Attributes&)> Edit(void (*change)(T&)) {
  return [change](Attributes& attributes) {
    if (T* found = std::get_if<T>(&attributes)) change(*found);
  };
}

// Faults of token ids and of attention that both models can have.
std::vector<Fault> CommonFaults() {
  return {
      {"no causal mask", By::kGolden, {}, Edit<AttentionAttributes>([](AttentionAttributes& a) { a.causal = false; })},
      {"no 1/sqrt(d)", By::kGolden, {}, Edit<AttentionAttributes>([](AttentionAttributes& a) { a.scale = 1; })},
      {"f16 bits read as bf16", By::kGolden, [](TrainedModel& m) { Reread(m, ToF16, OfBf16); }},
      {"bf16 bits read as f16", By::kGolden, [](TrainedModel& m) { Reread(m, ToBf16, OfF16); }},
      {"all ids +1",
       By::kGolden,
       {},
       {},
       [](std::vector<int32_t>& ids) {
         for (int32_t& id : ids) id = (id + 1) % 256;
       }},
      {"first token replaced", By::kGolden, {}, {}, [](std::vector<int32_t>& ids) { ids[0] = (ids[0] + 77) % 256; }},
      {"one wrong token of 128", By::kGolden, {}, {}, [](std::vector<int32_t>& ids) { ids[70] = (ids[70] + 1) % 256; }},
  };
}

std::vector<Fault> LlamaFaults() {
  std::vector<Fault> faults = {
      {"rope theta 5e5 for 1e4", By::kGolden, [](TrainedModel& m) { m.config["rope_theta"] = 5e5; }},
      {"rope theta +1 %", By::kHash, [](TrainedModel& m) { m.config["rope_theta"] = 10100.0; }},
      {"rope half-split for interleaved", By::kGolden, Interleave},
      {"rope position +1", By::kHash, {}, Edit<RopeAttributes>([](RopeAttributes& a) { a.first_position = 1; })},
      {"norm eps 1e-6 for 1e-5", By::kHash, [](TrainedModel& m) { m.config["rms_norm_eps"] = 1e-6; }},
      {"GQA tile for repeat", By::kGolden, TileHeads},
      {"gelu for silu", By::kGolden, [](TrainedModel& m) { m.config["hidden_act"] = "gelu"; }},
      {"wq transposed, all layers", By::kGolden,
       [](TrainedModel& m) {
         for (int i = 0; i < 4; ++i) TransposeSquare(m.At(LlamaName(i, "self_attn.q_proj")).values, kWidth);
       }},
      {"one wo transposed", By::kGolden,
       [](TrainedModel& m) { TransposeSquare(m.At(LlamaName(1, "self_attn.o_proj")).values, kWidth); }},
      {"wq of layer 3 in layer 2", By::kGolden,
       [](TrainedModel& m) { m.At(LlamaName(2, "self_attn.q_proj")) = m.At(LlamaName(3, "self_attn.q_proj")); }},
      {"attn/ffn norms swapped, 1 layer", By::kGolden,
       [](TrainedModel& m) {
         std::swap(m.At(LlamaName(1, "input_layernorm")), m.At(LlamaName(1, "post_attention_layernorm")));
       }},
      {"gate/up swapped", By::kGolden,
       [](TrainedModel& m) {
         for (int i = 0; i < 4; ++i) std::swap(m.At(LlamaName(i, "mlp.gate_proj")), m.At(LlamaName(i, "mlp.up_proj")));
       }},
      {"one w2 zero", By::kGolden, [](TrainedModel& m) { ZeroTail(m.At(LlamaName(2, "mlp.down_proj")), 1); }},
      {"last 10 % of w2 zero", By::kGolden,
       [](TrainedModel& m) { ZeroTail(m.At(LlamaName(2, "mlp.down_proj")), 0.1); }},
      {"last 1 % of w2 zero", By::kGolden,
       [](TrainedModel& m) { ZeroTail(m.At(LlamaName(2, "mlp.down_proj")), 0.01); }},
      {"last 0.1 % of w2 zero", By::kGolden,
       [](TrainedModel& m) { ZeroTail(m.At(LlamaName(2, "mlp.down_proj")), 0.001); }},
      {"tensor shifted by one element", By::kGolden, [](TrainedModel& m) { Shift(m.At("model.embed_tokens.weight")); }},
  };
  for (Fault& fault : CommonFaults()) faults.push_back(std::move(fault));
  return faults;
}

// The query part of c_attn [128, 384], transposed.
void TransposeQuery(TensorMap::Tensor& tensor) {
  for (size_t i = 0; i < 128; ++i) {
    for (size_t j = 0; j < i; ++j) std::swap(tensor.values[i * 384 + j], tensor.values[j * 384 + i]);
  }
}

std::vector<Fault> Gpt2Faults() {
  std::vector<Fault> faults = {
      {"norm eps 1e-6 for 1e-5", By::kHash, [](TrainedModel& m) { m.config["layer_norm_epsilon"] = 1e-6; }},
      {"learned position +1", By::kGolden,
       [](TrainedModel& m) {
         std::vector<float>& values = m.At("transformer.wpe.weight").values;
         std::rotate(values.begin(), values.begin() + 128, values.end());
       }},
      {"gelu_new for gelu", By::kGolden, [](TrainedModel& m) { m.config["activation_function"] = "gelu_new"; }},
      {"silu for gelu", By::kGolden, [](TrainedModel& m) { m.config["activation_function"] = "silu"; }},
      {"wq transposed, all layers", By::kGolden,
       [](TrainedModel& m) {
         for (int i = 0; i < 4; ++i) TransposeQuery(m.At(Gpt2Name(i, "attn.c_attn.weight")));
       }},
      {"one wo transposed", By::kGolden,
       [](TrainedModel& m) { TransposeSquare(m.At(Gpt2Name(1, "attn.c_proj.weight")).values, 128); }},
      {"wq of layer 3 in layer 2", By::kGolden,
       [](TrainedModel& m) {
         const std::vector<float>& from = m.At(Gpt2Name(3, "attn.c_attn.weight")).values;
         std::vector<float>& to = m.At(Gpt2Name(2, "attn.c_attn.weight")).values;
         for (size_t row = 0; row < 128; ++row) std::copy_n(&from[row * 384], 128, &to[row * 384]);
       }},
      {"attn/ffn norms swapped, 1 layer", By::kGolden,
       [](TrainedModel& m) { std::swap(m.At(Gpt2Name(1, "ln_1.weight")), m.At(Gpt2Name(1, "ln_2.weight"))); }},
      {"one w2 zero", By::kGolden, [](TrainedModel& m) { ZeroTail(m.At(Gpt2Name(2, "mlp.c_proj.weight")), 1); }},
      {"last 10 % of w2 zero", By::kGolden,
       [](TrainedModel& m) { ZeroTail(m.At(Gpt2Name(2, "mlp.c_proj.weight")), 0.1); }},
      {"last 1 % of w2 zero", By::kGolden,
       [](TrainedModel& m) { ZeroTail(m.At(Gpt2Name(2, "mlp.c_proj.weight")), 0.01); }},
      {"last 0.1 % of w2 zero", By::kGolden,
       [](TrainedModel& m) { ZeroTail(m.At(Gpt2Name(2, "mlp.c_proj.weight")), 0.001); }},
      {"tensor shifted by one element", By::kGolden, [](TrainedModel& m) { Shift(m.At("transformer.wte.weight")); }},
  };
  for (Fault& fault : CommonFaults()) faults.push_back(std::move(fault));
  return faults;
}

// What the check said of one fault.
struct Finding {
  double nmse = 0;
  double mean_kl = 0;
  double top1 = 1;
  bool golden_failed = false;
  bool hash_failed = false;
};

// The unchanged model with a golden of version 2 of text it was not trained on, and ways to try faults on it.
class Bench {
 public:
  Bench(TrainedModel model, const std::string& golden_of) : model_(std::move(model)) {
    model_.Write(folder_);
    absl::StatusOr<std::unique_ptr<LoadedModel>> loaded =
        LoadedModel::Open(folder_.Open(), "config.json", "model.safetensors");
    EXPECT_TRUE(loaded.ok()) << loaded.status();
    loaded_ = *std::move(loaded);
    folder_.Write("v1.safetensors", ReadData(golden_of));
    absl::StatusOr<Golden> recorded = LoadGolden(folder_.Open(), "v1.safetensors", loaded_->model());
    EXPECT_TRUE(recorded.ok()) << recorded.status();
    tokens_ = {1, 128, {recorded->tokens.ids.begin(), recorded->tokens.ids.begin() + 128}};
    absl::StatusOr<std::string> text = ComputeGolden(folder_.Open(), "config.json", "model.safetensors", tokens_, {});
    EXPECT_TRUE(text.ok()) << text.status();
    golden_text_ = *text;
    folder_.Write("golden.safetensors", golden_text_);
    golden_ = *LoadGolden(folder_.Open(), "golden.safetensors", loaded_->model());
  }

  Finding Try(const Fault& fault) const {
    if (fault.apply) return TryFiles(fault);
    const Model& model = loaded_->model();
    std::vector<int32_t> ids = tokens_.ids;
    if (fault.ids) fault.ids(ids);
    Graph graph = *model.BuildGraph(1, 128);
    Finding finding;
    if (fault.edit) {
      const std::string before = GraphHash(*EditGraph(graph, [](Attributes&) {}));
      EXPECT_EQ(before, GraphHash(graph));
      graph = *EditGraph(graph, fault.edit);
      finding.hash_failed = GraphHash(graph) != before;
    }
    absl::StatusOr<std::unique_ptr<Executable>> executable = (*FindBackend("reference"))->Plan(graph);
    absl::StatusOr<RunResult> run = (*executable)->Run({.ids = {{kInputIds, ids}}, .weights = loaded_.get()});
    EXPECT_TRUE(run.ok()) << run.status();
    const Thresholds thresholds = ThresholdsFor(Tier::kF32, model.layers());
    const Comparison found = *CompareWithSummary(*golden_.summary, run->output(), model.vocabulary(), thresholds);
    finding.golden_failed = !JudgeComparison(found, thresholds).empty();
    finding.nmse = found.nmse;
    finding.mean_kl = found.mean_kl;
    finding.top1 = found.top1_agreement;
    return finding;
  }

  Finding TryFiles(const Fault& fault) const {
    TrainedModel changed = model_;
    fault.apply(changed);
    TempFolder folder;
    changed.Write(folder);
    folder.Write("golden.safetensors", golden_text_);
    const SmokeReport report = Check(folder);
    Finding finding;
    if (report.backends.empty()) return finding;
    const CaseResult& result = report.backends.front().cases.at(0);
    finding.nmse = result.nmse;
    finding.mean_kl = result.mean_kl;
    finding.top1 = result.top1_agreement;
    for (const Gate& gate : result.gates) {
      if (gate.verdict != Verdict::kFail) continue;
      finding.golden_failed |= gate.name == kGoldenGate || gate.name == kStructureGate;
      finding.hash_failed |= gate.name == kConfigGate;
    }
    EXPECT_EQ(report.verdict == Verdict::kFail, finding.golden_failed || finding.hash_failed);
    return finding;
  }

  static SmokeReport Check(const TempFolder& folder) {
    SmokeOptions options;
    options.backends = {"reference"};
    absl::StatusOr<SmokeReport> report =
        RunSmokeCheck(folder.Open(), {{"m", "config.json", "model.safetensors", "golden.safetensors"}}, options);
    EXPECT_TRUE(report.ok()) << report.status();
    return report.ok() ? *report : SmokeReport{};
  }
  const TempFolder& folder() const { return folder_; }

 private:
  TrainedModel model_;
  TempFolder folder_;
  std::unique_ptr<LoadedModel> loaded_;
  TokenBatch tokens_;
  std::string golden_text_;
  Golden golden_;
};

void ScoreFaults(const Bench& bench, const char* model, const std::vector<Fault>& faults) {
  EXPECT_EQ(Bench::Check(bench.folder()).verdict, Verdict::kPass);
  std::printf("%-34s %10s %10s %7s  caught by\n", model, "NMSE", "mean KL", "top-1");
  for (const Fault& fault : faults) {
    const Finding found = bench.Try(fault);
    std::printf("%-34s %10.2e %10.2e %7.3f  %s%s\n", fault.name, found.nmse, found.mean_kl, found.top1,
                found.golden_failed ? "golden " : "", found.hash_failed ? "config hash" : "");
    if (fault.by == By::kGolden) {
      EXPECT_TRUE(found.golden_failed) << fault.name;
    } else {
      EXPECT_TRUE(found.hash_failed) << fault.name;
    }
  }
}

TEST(MutationScoreTest, EveryFaultOfALlamaIsCaught) {
  const Bench bench(TrainedModel::Llama(), "inference/llama-shakespeare/golden.safetensors");
  ScoreFaults(bench, "Llama, trained", LlamaFaults());
}

TEST(MutationScoreTest, EveryFaultOfAGpt2IsCaught) {
  const Bench bench(TrainedModel::Gpt2(), "tiny-shakespeare/step-3000/golden.safetensors");
  ScoreFaults(bench, "GPT-2, trained", Gpt2Faults());
}

// A fault of a model with quantised products.
struct Int8Fault {
  const char* name;
  std::function<void(Int8Model&)> apply;
};

std::vector<Int8Fault> Int8Faults() {
  using M = Int8Model;
  return {
      {"scale of one layer +1 %", [](M& m) { m.layers[2].scale *= 1.01f; }},
      {"scale of another layer", [](M& m) { m.layers[1].scale = m.layers[4].scale; }},
      {"scale twice as large", [](M& m) { m.layers[5].scale *= 2; }},
      {"zero point +1", [](M& m) { m.layers[3].zero = static_cast<int8_t>(m.layers[3].zero + 1); }},
      {"zero point's sign", [](M& m) { m.layers[2].zero = static_cast<int8_t>(-m.layers[2].zero); }},
      {"weights of layers 1 and 3 swapped", [](M& m) { std::swap(m.layers[1].w, m.layers[3].w); }},
      {"layers swapped", [](M& m) { std::swap(m.layers[0], m.layers[4]); }},
      {"weights transposed",
       [](M& m) {
         std::vector<int8_t>& w = m.layers[2].w;
         for (size_t i = 0; i < M::kWidth; ++i) {
           for (size_t j = 0; j < i; ++j) std::swap(w[i * M::kWidth + j], w[j * M::kWidth + i]);
         }
       }},
      {"signed bytes read as unsigned less 128",
       [](M& m) {
         for (int8_t& value : m.layers[1].w) value = static_cast<int8_t>(value ^ 0x80);
       }},
      {"weights shifted by one element",
       [](M& m) { std::rotate(m.layers[3].w.begin(), m.layers[3].w.begin() + 1, m.layers[3].w.end()); }},
      {"a column's signs",
       [](M& m) {
         for (size_t i = 0; i < M::kWidth; ++i) {
           int8_t& value = m.layers[2].w[i * M::kWidth + 9];
           value = static_cast<int8_t>(-value);
         }
       }},
      {"one weight's sign",
       [](M& m) {
         auto largest = std::max_element(m.layers[4].w.begin(), m.layers[4].w.end());
         *largest = static_cast<int8_t>(-*largest);
       }},
      {"last 1 % of a matrix zero", [](M& m) { std::fill(m.layers[1].w.end() - 41, m.layers[1].w.end(), int8_t{0}); }},
      {"one row zero", [](M& m) { std::fill_n(m.layers[0].w.begin() + 5 * M::kWidth, M::kWidth, int8_t{0}); }},
      {"norm's gain and bias swapped", [](M& m) { std::swap(m.layers[3].gain, m.layers[3].bias); }},
      {"float weights of another layer", [](M& m) { m.layers[2].v = m.layers[3].v; }},
  };
}

TEST(MutationScoreTest, EveryFaultOfAnInt8ModelIsCaught) {
  const Int8Model sound = Int8Model::Make(6);
  RecordedCase recorded(sound.Serialize());
  recorded.Record(11);
  EXPECT_EQ(recorded.Check().verdict, Verdict::kPass);
  std::printf("%-40s %10s %10s\n", "int8", "NMSE", "limit");
  for (const Int8Fault& fault : Int8Faults()) {
    Int8Model changed = sound;
    fault.apply(changed);
    recorded.Replace(changed.Serialize());
    const CaseResult result = recorded.Check();
    EXPECT_EQ(result.verdict, Verdict::kFail) << fault.name;
    std::printf("%-40s %10.2e %10.2e\n", fault.name, result.nmse, NmseLimitOf(GateOf(result, kGoldenGate)));
  }
}

TEST(ConfigHashTest, OldAndNewSpellingsOfAConfigHashAlike) {
  const TrainedModel llama = TrainedModel::Llama();
  json spelled = llama.config;
  spelled.erase("rope_theta");
  spelled["rope_parameters"] = {{"rope_type", "default"}, {"rope_theta", 10000.0}};
  absl::StatusOr<std::unique_ptr<Model>> old_model = ParseModelConfig(llama.config.dump());
  absl::StatusOr<std::unique_ptr<Model>> new_model = ParseModelConfig(spelled.dump());
  ASSERT_TRUE(old_model.ok()) << old_model.status();
  ASSERT_TRUE(new_model.ok()) << new_model.status();
  EXPECT_EQ(*ConfigHash(**old_model), *ConfigHash(**new_model));
}

// Recorded goldens hold this hash: a change of what is hashed needs a new prefix.
TEST(ConfigHashTest, IsFrozen) {
  std::unique_ptr<Model> model = *ParseModelConfig(TrainedModel::Gpt2().config.dump());
  EXPECT_EQ(*ConfigHash(*model),
            "plumb-graph-1:sha256:80965e48360ab62031bc2f351ed99c83afc6cf9293aea82138f52ab44b4f3d63");
}

TEST(ConfigHashTest, NamesOfInnerNodesDoNotCount) {
  auto build = [](const char* name) {
    GraphBuilder builder;
    ValueId x = builder.Input("x", ElementType::kF32, {2});
    return *builder.Build(builder.Scale(name, 2, x));
  };
  EXPECT_EQ(GraphHash(build("a")), GraphHash(build("b")));
}

}  // namespace
}  // namespace plumb
