// Whether two descriptions of a decoder compute the same.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "verify/inference/architectures/gguf_export.h"

namespace plumb {
namespace {

// GGUF keeps numbers as float32, and factors of frequencies are quotients of such.
constexpr double kTolerance = 2e-6;

bool Same(double a, double b) { return std::abs(a - b) <= kTolerance * std::max(std::abs(a), std::abs(b)); }

std::string_view NameOf(UnaryFunction function) {
  switch (function) {
    case UnaryFunction::kSilu:
      return "SiLU";
    case UnaryFunction::kGeluErf:
      return "GELU";
    case UnaryFunction::kGeluTanh:
      return "GELU by tanh";
    case UnaryFunction::kRelu:
      return "ReLU";
    default:
      return "another function";
  }
}

std::string_view NameOf(ResidualLayout layout) {
  switch (layout) {
    case ResidualLayout::kSequential:
      return "one after the other";
    case ResidualLayout::kParallel:
      return "side by side";
    case ResidualLayout::kParallelTwoNorms:
      return "side by side with two norms";
    case ResidualLayout::kNormAfter:
      return "with norms behind them";
    default:
      return "added to what the norm gives";
  }
}

// Keeps the first difference.
class Comparison {
 public:
  Comparison(const DecoderSpec& config, const DecoderSpec& gguf) : config_(config), gguf_(gguf) {}

  std::optional<std::string> Run() {
    CompareSizes();
    CompareParts();
    CompareLayers();
    CompareRopes();
    return difference_;
  }

 private:
  template <typename T>
  void Expect(std::string_view what, const T& config, const T& gguf) {
    if (config == gguf || difference_) return;
    difference_ = fmt::format("{}: {} in config.json, {} in llama.cpp", what, config, gguf);
  }
  void ExpectNumber(std::string_view what, double config, double gguf) {
    if (!Same(config, gguf)) Expect(what, config, gguf);
  }

  void CompareSizes() {
    Expect("vocabulary", config_.vocabulary, gguf_.vocabulary);
    Expect("width", config_.width, gguf_.width);
    Expect("layers", config_.layers.size(), gguf_.layers.size());
    Expect("heads", config_.heads, gguf_.heads);
    Expect("key heads", config_.kv_heads, gguf_.kv_heads);
    Expect("size of a head", config_.head_size, gguf_.head_size);
    Expect("width of a projected embedding", Projected(config_), Projected(gguf_));
    Expect("root-mean-square norms", config_.norm.rms, gguf_.norm.rms);
    Expect("biases of norms", config_.norm.bias, gguf_.norm.bias);
    Expect("gains of norms", config_.norm.gain, gguf_.norm.gain);
    ExpectNumber("epsilon of norms", config_.norm.epsilon, gguf_.norm.epsilon);
  }

  static uint64_t Projected(const DecoderSpec& spec) {
    return spec.names.project_in.empty() ? 0 : spec.embedding_width;
  }

  void CompareParts() {
    ExpectNumber("factor of embeddings", config_.embedding_scale, gguf_.embedding_scale);
    ExpectNumber("scale of scores", config_.attention_scale, gguf_.attention_scale);
    ExpectNumber("cap of scores", config_.attention_soft_cap, gguf_.attention_soft_cap);
    ExpectNumber("cap of logits", config_.final_soft_cap, gguf_.final_soft_cap);
    Expect("biases of queries, keys and values", config_.qkv_bias, gguf_.qkv_bias);
    Expect("bias behind attention", config_.out_bias, gguf_.out_bias);
    Expect("biases of the feed-forward", config_.mlp_bias, gguf_.mlp_bias);
    Expect("bias of the output map", config_.head_bias, gguf_.head_bias);
    Expect("function of the feed-forward", NameOf(config_.activation), NameOf(gguf_.activation));
    Expect("attention and feed-forward", NameOf(config_.residual), NameOf(gguf_.residual));
    const std::pair<std::string_view, std::string DecoderNames::*> parts[] = {
        {"norm of queries", &DecoderNames::q_norm},
        {"norm of keys", &DecoderNames::k_norm},
        {"norm behind attention", &DecoderNames::attention_post_norm},
        {"norm behind the feed-forward", &DecoderNames::mlp_post_norm},
        {"norm of embeddings", &DecoderNames::embedding_norm},
        {"table of positions", &DecoderNames::positions},
        {"final norm", &DecoderNames::final_norm},
    };
    for (const auto& [what, name] : parts) Expect(what, !(config_.names.*name).empty(), !(gguf_.names.*name).empty());
    Expect("gate of the feed-forward", Gated(config_), Gated(gguf_));
    Expect("biases on scores by distance", config_.alibi.has_value(), gguf_.alibi.has_value());
    if (!config_.alibi || !gguf_.alibi) return;
    Expect("scaled biases on scores", config_.alibi->scaled, gguf_.alibi->scaled);
    Expect("biases on scores in bfloat16", config_.alibi->round_to_bf16, gguf_.alibi->round_to_bf16);
  }

  static bool Gated(const DecoderSpec& spec) { return !spec.names.gate.empty() || !spec.names.gate_up.empty(); }

  void CompareLayers() {
    bool plain = false, experts = false;
    for (size_t i = 0; i < config_.layers.size() && !difference_; ++i) {
      const LayerSpec& config = config_.layers[i];
      const LayerSpec& gguf = gguf_.layers[i];
      Expect(fmt::format("experts in layer {}", i), config.experts, gguf.experts);
      // A window that no run of the file's context reaches is none.
      auto window = [&](const LayerSpec& layer) { return layer.window < gguf_.positions_max ? layer.window : 0; };
      Expect(fmt::format("window of layer {}", i), window(config), window(gguf));
      (config.experts ? experts : plain) = true;
    }
    if (plain) Expect("width of the feed-forward", config_.inner_width, gguf_.inner_width);
    if (!experts) return;
    Expect("experts", config_.experts.experts, gguf_.experts.experts);
    Expect("experts used", config_.experts.used, gguf_.experts.used);
    Expect("width of experts", config_.experts.width, gguf_.experts.width);
    Expect("weights of experts that add up to one", config_.experts.normalised, gguf_.experts.normalised);
  }

  void CompareRopes() {
    Expect("rotated positions", !config_.ropes.empty(), !gguf_.ropes.empty());
    if (config_.ropes.empty()) return;
    for (size_t i = 0; i < config_.layers.size() && !difference_; ++i) {
      for (uint64_t positions : {uint64_t{1}, gguf_.positions_max}) {
        const RopeAttributes config = RopeFor(config_.ropes[config_.layers[i].rope], config_.head_size, positions);
        const RopeAttributes gguf = RopeFor(gguf_.ropes[gguf_.layers[i].rope], gguf_.head_size, positions);
        const std::string what = fmt::format("rotation of layer {} in runs of {}", i, positions);
        ExpectNumber(what + ", magnitude", config.magnitude, gguf.magnitude);
        Expect(what + ", pairs", config.frequencies.size(), gguf.frequencies.size());
        for (size_t pair = 0; pair < config.frequencies.size() && !difference_; ++pair) {
          ExpectNumber(fmt::format("{}, frequency {}", what, pair), config.frequencies[pair], gguf.frequencies[pair]);
        }
      }
    }
  }

  const DecoderSpec& config_;
  const DecoderSpec& gguf_;
  std::optional<std::string> difference_;
};

}  // namespace

std::optional<std::string> FindDifference(const DecoderSpec& config, const DecoderSpec& gguf) {
  return Comparison(config, gguf).Run();
}

}  // namespace plumb
