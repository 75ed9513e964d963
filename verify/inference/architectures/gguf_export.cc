#include "verify/inference/architectures/gguf_export.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/limits.h"
#include "plumb/base/python_json.h"
#include "plumb/base/status.h"
#include "plumb/inference/architecture.h"
#include "verify/inference/architectures/decoder_spec_of.h"
#include "verify/inference/architectures/gguf_config.h"
#include "verify/inference/architectures/gguf_export_bert.h"
#include "verify/inference/gguf_model.h"

namespace plumb {
namespace {

// What BLOOM's configs leave open; its models were trained on runs of so many tokens.
constexpr uint64_t kBloomPositions = 2048;

// A family of transformers and llama.cpp's for it.
struct Family {
  std::string_view model_type;
  std::string_view architecture;
  bool needs_output = false;
  bool windows = false;  // llama.cpp's family has layers with windows.
};

constexpr Family kFamilies[] = {
    {"llama", "llama"},
    {"mistral", "llama"},
    {"mixtral", "llama"},
    {"qwen2", "qwen2"},
    {"qwen3", "qwen3"},
    {"qwen3_moe", "qwen3moe"},
    {"gemma", "gemma"},
    {"gemma2", "gemma2", false, true},
    {"gemma3_text", "gemma3", false, true},
    {"phi", "phi2", true},
    {"phi3", "phi3", false, true},
    {"gpt2", "gpt2"},
    {"gpt_neox", "gptneox", true},
    {"falcon", "falcon"},
    {"bloom", "bloom"},
};

const Family* FindFamily(std::string_view model_type) {
  for (const Family& family : kFamilies) {
    if (family.model_type == model_type) return &family;
  }
  return nullptr;
}

uint64_t WindowOf(const DecoderSpec& spec) {
  uint64_t window = 0;
  for (const LayerSpec& layer : spec.layers) window = std::max(window, layer.window);
  return window;
}

// How many positions llama.cpp may be given so that it computes what the config says.
uint64_t ContextOf(const DecoderSpec& spec, const Family& family, GgufDescription& out) {
  uint64_t context = spec.positions_max;
  if (family.architecture == "bloom" && context == limits::kModelWidthMax) context = kBloomPositions;
  const uint64_t window = WindowOf(spec);
  if (window != 0 && window < context && !family.windows) {
    out.remarks.push_back(
        fmt::format("llama.cpp's {} has no window of {} positions: the file's context is that short instead of {}",
                    family.architecture, window, context));
    context = window;
  }
  if (spec.ropes.empty() || spec.ropes[0].kind != RopeKind::kDynamic) return context;
  if (spec.ropes[0].original_positions < context) {
    out.remarks.push_back(
        fmt::format("llama.cpp has no dynamic scaling of rotations: the file's context is {} positions instead of {}",
                    spec.ropes[0].original_positions, context));
  }
  return std::min(context, spec.ropes[0].original_positions);
}

void WriteExperts(const DecoderSpec& spec, GgufKeyWriter& writer) {
  if (spec.experts.experts == 0) return;
  writer.Count("expert_count", spec.experts.experts);
  writer.Count("expert_used_count", spec.experts.used);
  if (writer.description().architecture == "qwen3moe") {
    writer.Count("expert_feed_forward_length", spec.experts.width);
  }
}

// What only some families' keys say.
void WriteOwn(const DecoderSpec& spec, const Family& family, GgufKeyWriter& writer) {
  const std::string_view name = family.architecture;
  if (family.windows && WindowOf(spec) != 0) {
    writer.Count("attention.sliding_window", WindowOf(spec));
    if (name == "phi3" && WindowOf(spec) < spec.positions_max) {
      writer.description().remarks.push_back(fmt::format(
          "llama.cpp computes phi3 without its window of {} positions: longer texts differ", WindowOf(spec)));
    }
  }
  if (spec.attention_soft_cap != 0) writer.Number("attn_logit_softcapping", spec.attention_soft_cap);
  if (spec.final_soft_cap != 0) writer.Number("final_logit_softcapping", spec.final_soft_cap);
  if (name == "gptneox") writer.Flag("use_parallel_residual", spec.residual == ResidualLayout::kParallelTwoNorms);
  if (name == "falcon") writer.Text("tensor_data_layout", "jploski");
}

void WriteKeys(const DecoderSpec& spec, const Family& family, GgufDescription& out) {
  GgufKeyWriter writer(&out);
  writer.Count("vocab_size", spec.vocabulary);
  writer.Count("context_length", ContextOf(spec, family, out));
  writer.Count("embedding_length", spec.width);
  writer.Count("block_count", spec.layers.size());
  writer.Count("feed_forward_length", spec.inner_width);
  writer.Count("attention.head_count", spec.heads);
  writer.Count("attention.head_count_kv", spec.kv_heads);
  if (spec.head_size * spec.heads != spec.width) {
    writer.Count("attention.key_length", spec.head_size);
    writer.Count("attention.value_length", spec.head_size);
  }
  writer.Number(spec.norm.rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon", spec.norm.epsilon);
  WriteRopes(spec, writer);
  WriteExperts(spec, writer);
  WriteOwn(spec, family, writer);
}

struct ReadConfig {
  const Family* family = nullptr;
  DecoderSpec spec;
};

// Whether the config is one of a family that llama.cpp runs, understood or not.
bool IsOfKnownFamily(std::string_view config_json) {
  const absl::StatusOr<nlohmann::json> config = ParsePythonJson(config_json, "config");
  if (!config.ok() || !config->is_object() || !config->contains("model_type")) return false;
  const nlohmann::json& type = config->at("model_type");
  return type.is_string() && FindFamily(type.get_ref<const std::string&>()) != nullptr;
}

absl::StatusOr<ReadConfig> Read(std::string_view config_json) {
  absl::StatusOr<std::unique_ptr<Model>> parsed = ParseModelConfig(config_json);
  if (absl::IsUnimplemented(parsed.status()) && IsOfKnownFamily(config_json)) {
    // A file for llama.cpp must say what the config means, and nobody wants one under other names without asking.
    return WithErrorClass(InvalidArgument(std::string(Message(parsed.status()))), ErrorClass::kPolicy);
  }
  PLUMB_RETURN_IF_ERROR(parsed.status());
  const std::unique_ptr<Model> model = *std::move(parsed);
  ReadConfig read;
  read.family = FindFamily(model->architecture());
  if (read.family == nullptr) {
    return absl::UnimplementedError(
        fmt::format("Plumb knows no family of llama.cpp for the model_type \"{}\"", model->architecture()));
  }
  PLUMB_ASSIGN_OR_RETURN(read.spec, ReadDecoderSpec(*model));
  return read;
}

absl::Status Inexpressible(std::string_view what) {
  return WithErrorClass(InvalidArgument(fmt::format("llama.cpp cannot run this model: {}", what)), ErrorClass::kPolicy);
}

// llama.cpp's llama, qwen2 and their like pass over the keys of other ramps.
absl::Status CheckYarn(const DecoderSpec& spec) {
  const RopeParameters usual;
  for (const RopeParameters& rope : spec.ropes) {
    if (rope.kind != RopeKind::kYarn) continue;
    if (rope.beta_fast == usual.beta_fast && rope.beta_slow == usual.beta_slow) continue;
    return Inexpressible(fmt::format("YaRN with beta_fast {} and beta_slow {}: it computes with {} and {}",
                                     rope.beta_fast, rope.beta_slow, usual.beta_fast, usual.beta_slow));
  }
  return absl::OkStatus();
}

// A config of BERT, the one encoder that is written.
std::optional<nlohmann::json> BertConfig(std::string_view config_json) {
  absl::StatusOr<nlohmann::json> config = ParsePythonJson(config_json, "config");
  if (!config.ok() || !config->is_object() || !config->contains("model_type")) return std::nullopt;
  return (*config)["model_type"] == "bert" ? std::optional(*std::move(config)) : std::nullopt;
}

}  // namespace

absl::StatusOr<DecoderSpec> ReadDecoderSpec(const Model& model) {
  if (const DecoderSpec* spec = DecoderSpecOf(model); spec != nullptr) return *spec;
  if (std::optional<DecoderSpec> spec = DescribeGpt2(model)) return *std::move(spec);
  return absl::UnimplementedError(fmt::format("\"{}\" is no decoder", model.architecture()));
}

absl::StatusOr<GgufDescription> DescribeForGguf(std::string_view config_json) {
  if (std::optional<nlohmann::json> bert = BertConfig(config_json)) return DescribeBertForGguf(*bert);
  PLUMB_ASSIGN_OR_RETURN(const ReadConfig read, Read(config_json));
  PLUMB_RETURN_IF_ERROR(CheckYarn(read.spec));
  GgufDescription out;
  out.architecture = read.family->architecture;
  out.tied = read.spec.tied;
  out.needs_output = read.family->needs_output;
  out.vocabulary = read.spec.vocabulary;
  WriteKeys(read.spec, *read.family, out);
  return out;
}

absl::StatusOr<std::optional<std::string>> DifferenceFromGguf(std::string_view config_json, const TensorSource& gguf) {
  if (std::optional<nlohmann::json> bert = BertConfig(config_json)) {
    const absl::Status status = CheckBertDescription(*bert, gguf);
    if (absl::IsUnimplemented(status)) return status;
    return status.ok() ? std::nullopt : std::optional(std::string(Message(status)));
  }
  PLUMB_ASSIGN_OR_RETURN(const ReadConfig read, Read(config_json));
  PLUMB_ASSIGN_OR_RETURN(const std::unique_ptr<Model> model, ParseGgufModel(gguf));
  const DecoderSpec* spec = DecoderSpecOf(*model);
  if (spec == nullptr) return absl::UnimplementedError("the GGUF file is no decoder");
  return FindDifference(read.spec, *spec);
}

absl::Status CheckGgufDescription(std::string_view config_json, const TensorSource& gguf) {
  if (std::optional<nlohmann::json> bert = BertConfig(config_json)) return CheckBertDescription(*bert, gguf);
  PLUMB_ASSIGN_OR_RETURN(const ReadConfig read, Read(config_json));
  absl::StatusOr<std::unique_ptr<Model>> model = ParseGgufModel(gguf);
  if (!model.ok()) return Inexpressible(std::string(model.status().message()));
  // What llama.cpp would not understand must not be written for it.
  if (absl::Status tensors = GgufModel::CheckTensorsOf(gguf, **model); !tensors.ok()) {
    return absl::IsUnimplemented(tensors) ? Inexpressible(std::string(tensors.message())) : tensors;
  }
  const DecoderSpec* spec = DecoderSpecOf(**model);
  if (spec == nullptr) return Internal("a decoder's GGUF is none");
  if (std::optional<std::string> difference = FindDifference(read.spec, *spec)) return Inexpressible(*difference);
  return absl::OkStatus();
}

}  // namespace plumb
