// Everything that can be wrong with a model that still loads: each must fail on every backend, naming the case.
#include <gmock/gmock.h>

#include <algorithm>
#include <functional>

#include "nlohmann/json.hpp"
#include "plumb/inference/smoke.h"
#include "tests/unit/inference/test_util.h"

namespace plumb {
namespace {

using nlohmann::json;

struct Mutation {
  const char* name;
  std::function<void(json& config, TensorMap& weights)> apply;
};

void SwapLayers(TensorMap& weights, const std::string& rest) {
  std::swap(weights.tensors.at("transformer.h.1." + rest), weights.tensors.at("transformer.h.2." + rest));
}

// Swaps a square matrix's elements about its diagonal.
void Transpose(TensorMap::Tensor& tensor) {
  const size_t n = tensor.shape[0];
  ASSERT_EQ(tensor.shape[1], n);
  for (size_t i = 0; i < n; ++i) {
    for (size_t j = 0; j < i; ++j) std::swap(tensor.values[i * n + j], tensor.values[j * n + i]);
  }
}

const Mutation kMutations[] = {
    {"two layers' weights swapped",
     [](json&, TensorMap& w) {
       for (const char* rest : {"attn.c_attn.weight", "attn.c_attn.bias", "attn.c_proj.weight", "attn.c_proj.bias",
                                "ln_1.weight", "ln_1.bias", "ln_2.weight", "ln_2.bias", "mlp.c_fc.weight",
                                "mlp.c_fc.bias", "mlp.c_proj.weight", "mlp.c_proj.bias"}) {
         SwapLayers(w, rest);
       }
     }},
    {"one matrix of two layers swapped", [](json&, TensorMap& w) { SwapLayers(w, "attn.c_attn.weight"); }},
    {"one matrix transposed",
     [](json&, TensorMap& w) { Transpose(w.tensors.at("transformer.h.0.attn.c_proj.weight")); }},
    {"layer_norm_epsilon 1e-2", [](json& c, TensorMap&) { c["layer_norm_epsilon"] = 1e-2; }},
    {"relu for gelu", [](json& c, TensorMap&) { c["activation_function"] = "relu"; }},
    {"gelu_new for gelu", [](json& c, TensorMap&) { c["activation_function"] = "gelu_new"; }},
    {"one bias zero",
     [](json&, TensorMap& w) {
       std::vector<float>& values = w.tensors.at("transformer.h.3.attn.c_proj.bias").values;
       std::fill(values.begin(), values.end(), 0.0f);
     }},
    {"one head zero",  // The rows of c_proj that read head 2 of 4.
     [](json&, TensorMap& w) {
       std::vector<float>& values = w.tensors.at("transformer.h.1.attn.c_proj.weight").values;
       std::fill(values.begin() + 2 * 32 * 128, values.begin() + 3 * 32 * 128, 0.0f);
     }},
    {"one tensor shifted by an element",
     [](json&, TensorMap& w) {
       std::vector<float>& values = w.tensors.at("transformer.h.2.mlp.c_fc.weight").values;
       std::rotate(values.begin(), values.begin() + 1, values.end());
     }},
    {"wrong n_head", [](json& c, TensorMap&) { c["n_head"] = 8; }},
    {"attention not scaled", [](json& c, TensorMap&) { c["scale_attn_weights"] = false; }},
    {"attention scaled by layer", [](json& c, TensorMap&) { c["scale_attn_by_inverse_layer_idx"] = true; }},
    {"last tenth of a matrix zero",
     [](json&, TensorMap& w) {
       std::vector<float>& values = w.tensors.at("transformer.h.3.mlp.c_proj.weight").values;
       std::fill(values.end() - static_cast<ptrdiff_t>(values.size() / 10), values.end(), 0.0f);
     }},
    {"one weight's sign",
     [](json&, TensorMap& w) { w.tensors.at("transformer.h.0.attn.c_attn.weight").values[777] *= -1; }},
    {"two embeddings swapped",
     [](json&, TensorMap& w) {
       std::vector<float>& values = w.tensors.at("transformer.wte.weight").values;
       std::swap_ranges(values.begin() + 'e' * 128, values.begin() + 'f' * 128, values.begin() + 't' * 128);
     }},
};

class MutationTest : public testing::TestWithParam<Mutation> {};
INSTANTIATE_TEST_SUITE_P(All, MutationTest, testing::ValuesIn(kMutations), [](const auto& param) {
  std::string name = param.param.name;
  std::replace_if(
      name.begin(), name.end(), [](char c) { return !std::isalnum(static_cast<unsigned char>(c)); }, '_');
  return name;
});

// Writes a changed step-3000 beside its golden, and checks it.
SmokeReport CheckMutated(const std::function<void(json&, TensorMap&)>& apply) {
  const std::string origin = "tiny-shakespeare/step-3000/";
  json config = json::parse(ReadData(origin + "config.json"));
  TensorMap weights = TensorMap::Load(DataPath(origin), "model.safetensors");
  apply(config, weights);
  TempFolder folder;
  folder.Write("config.json", config.dump());
  folder.Write("model.safetensors", weights.Serialize());
  folder.Write("golden.safetensors", ReadData(origin + "golden.safetensors"));
  absl::StatusOr<SmokeReport> report =
      RunSmokeCheck(folder.Open(), {{"mutated", "config.json", "model.safetensors", "golden.safetensors"}}, {});
  EXPECT_TRUE(report.ok()) << report.status();
  return report.ok() ? *report : SmokeReport{};
}

TEST_P(MutationTest, FailsOnEveryBackendAndNamesTheCase) {
  const SmokeReport report = CheckMutated(GetParam().apply);
  EXPECT_EQ(report.verdict, Verdict::kFail);
  ASSERT_EQ(report.backends.size(), BackendsByDefault().size());
  for (const BackendResult& backend : ThatRan(report)) {
    EXPECT_EQ(backend.verdict, Verdict::kFail) << backend.name;
    EXPECT_THAT(backend.detail, testing::HasSubstr("case \"mutated\": NMSE")) << backend.name;
    EXPECT_GT(backend.nmse, 1e-9) << backend.name;
    std::printf("%-34s %-10s NMSE %.2e, largest KL %.2e, top-1 %.3f\n", GetParam().name, backend.name.c_str(),
                backend.nmse, backend.max_kl, backend.top1_agreement);
  }
}

TEST(NoMutationTest, Passes) {
  EXPECT_EQ(CheckMutated([](json&, TensorMap&) {}).verdict, Verdict::kPass);
}

// Changes that leave something else than the model its config describes.
struct Misfit {
  const char* says;
  std::function<void(json& config, TensorMap& weights)> apply;
};

class MisfitTest : public testing::TestWithParam<Misfit> {};
INSTANTIATE_TEST_SUITE_P(
    All, MisfitTest,
    testing::Values(Misfit{"\"h.3.attn.c_proj.bias\" [128] is missing",
                           [](json&, TensorMap& w) { w.tensors.erase("transformer.h.3.attn.c_proj.bias"); }},
                    Misfit{"\"transformer.h.4.ln_1.bias\" [128] is unexpected",
                           [](json&, TensorMap& w) {
                             w.tensors["transformer.h.4.ln_1.bias"] = w.tensors["transformer.h.3.ln_1.bias"];
                           }},
                    Misfit{"has shape [384, 128], expected [128, 384]",
                           [](json&, TensorMap& w) {
                             w.tensors.at("transformer.h.0.attn.c_attn.weight").shape = {384, 128};
                           }},
                    Misfit{"is missing", [](json& c, TensorMap&) { c["n_layer"] = 5; }},
                    Misfit{"is unexpected", [](json& c, TensorMap&) { c["n_layer"] = 3; }},
                    Misfit{"\"rotary_dim\"", [](json& c, TensorMap&) { c["rotary_dim"] = 32; }},
                    Misfit{"differs from \"transformer.wte.weight\"",
                           [](json&, TensorMap& w) {
                             w.tensors["lm_head.weight"] = w.tensors["transformer.wte.weight"];
                             w.tensors["lm_head.weight"].values.back() += 1;
                           }},
                    Misfit{"2 sequences of 128 token ids, expected at least one of 1 to 64", [](json& c, TensorMap& w) {
                             c["n_positions"] = c["n_ctx"] = 64;
                             w.tensors.at("transformer.wpe.weight").shape = {64, 128};
                             w.tensors.at("transformer.wpe.weight").values.resize(64 * 128);
                           }}));

void ExpectVerdict(const Misfit& misfit, Verdict verdict) {
  const SmokeReport report = CheckMutated(misfit.apply);
  EXPECT_EQ(report.verdict, verdict);
  for (const BackendResult& backend : ThatRan(report)) {
    EXPECT_EQ(backend.verdict, verdict) << backend.name;
    EXPECT_THAT(backend.detail,
                testing::AllOf(testing::HasSubstr("case \"mutated\""), testing::HasSubstr(misfit.says)));
  }
}

// Nothing was computed, so that nothing else than what was recorded was.
TEST_P(MisfitTest, IsNotCheckedOnAnyBackendWithTheReason) { ExpectVerdict(GetParam(), Verdict::kInconclusive); }

class NotFiniteTest : public testing::TestWithParam<Misfit> {};
INSTANTIATE_TEST_SUITE_P(All, NotFiniteTest,
                         testing::Values(Misfit{"tensor \"transformer.ln_f.weight\": element 5 is nan",
                                                [](json&, TensorMap& w) {
                                                  w.tensors.at("transformer.ln_f.weight").values[5] = std::nanf("");
                                                }},
                                         Misfit{"tensor \"transformer.wpe.weight\": element 0 is -inf",
                                                [](json&, TensorMap& w) {
                                                  w.tensors.at("transformer.wpe.weight").values[0] = -INFINITY;
                                                }}));

TEST_P(NotFiniteTest, FailsOnEveryBackendWithTheReason) { ExpectVerdict(GetParam(), Verdict::kFail); }

}  // namespace
}  // namespace plumb
