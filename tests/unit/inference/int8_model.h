// A small model with dynamically quantised products, as ONNX Runtime's quantiser writes them, in memory and as a file.
#ifndef PLUMB_TESTS_UNIT_INFERENCE_INT8_MODEL_H_
#define PLUMB_TESTS_UNIT_INFERENCE_INT8_MODEL_H_

#include <cmath>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include "tests/unit/onnx/onnx_writer.h"

namespace plumb {

// x + tanh(dequantised(quantised(layer_norm(x) v) w)), layer after layer, for x [kRows, kWidth].
struct Int8Model {
  static constexpr int64_t kRows = 256;
  static constexpr int64_t kWidth = 64;
  struct Layer {
    std::vector<float> gain;
    std::vector<float> bias;
    std::vector<float> v;   // [kWidth, kWidth]
    std::vector<int8_t> w;  // [kWidth, kWidth]
    float scale = 0;
    int8_t zero = 0;
  };
  std::vector<Layer> layers;

  static Int8Model Make(size_t count) {
    std::mt19937 engine(7);
    std::normal_distribution<float> normal;
    Int8Model model;
    for (size_t i = 0; i < count; ++i) {
      Layer layer = {.gain = std::vector<float>(kWidth), .bias = std::vector<float>(kWidth), .v = {}, .w = {}};
      for (float& value : layer.gain) value = 1 + 0.1f * normal(engine);
      for (float& value : layer.bias) value = 0.1f * normal(engine);
      for (int64_t j = 0; j < kWidth * kWidth; ++j) {
        layer.v.push_back(normal(engine) / std::sqrt(static_cast<float>(kWidth)));
        layer.w.push_back(static_cast<int8_t>(std::lround(std::fmax(-127.0f, std::fmin(127.0f, 36 * normal(engine))))));
      }
      layer.scale = 0.0035f + 0.0002f * static_cast<float>(i);
      layer.zero = static_cast<int8_t>(i % 3);
      model.layers.push_back(std::move(layer));
    }
    return model;
  }

  // The file's bytes; its input is `x`, its output `y`.
  std::string Serialize() const {
    using namespace onnx_writer;
    std::string graph;
    std::string x = "x";
    for (size_t i = 0; i < layers.size(); ++i) {
      const Layer& layer = layers[i];
      auto at = [&](const char* name) { return "/layers." + std::to_string(i) + "/" + name; };
      const std::string next = i + 1 == layers.size() ? "y" : at("out");
      graph += Initializer(Tensor(at("g"), 1, {kWidth}, Raw(layer.gain))) +
               Initializer(Tensor(at("b"), 1, {kWidth}, Raw(layer.bias))) +
               Initializer(Tensor(at("v"), 1, {kWidth, kWidth}, Raw(layer.v))) +
               Initializer(Tensor(at("w"), 3, {kWidth, kWidth}, Raw(layer.w))) +
               Initializer(Tensor(at("s"), 1, {}, Raw(std::vector<float>{layer.scale}))) +
               Initializer(Tensor(at("z"), 3, {}, Raw(std::vector<int8_t>{layer.zero})));
      graph += NodeField("LayerNormalization", {x, at("g"), at("b")}, {at("n")}) +
               NodeField("MatMul", {at("n"), at("v")}, {at("p")}) +
               NodeField("DynamicQuantizeLinear", {at("p")}, {at("q"), at("qs"), at("qz")}) +
               NodeField("MatMulInteger", {at("q"), at("w"), at("qz"), at("z")}, {at("m")}) +
               NodeField("Cast", {at("m")}, {at("f")}, IntAttribute("to", 1)) +
               NodeField("Mul", {at("qs"), at("s")}, {at("fs")}) + NodeField("Mul", {at("f"), at("fs")}, {at("d")}) +
               NodeField("Tanh", {at("d")}, {at("t")}) + NodeField("Add", {x, at("t")}, {next});
      x = next;
    }
    return onnx_writer::Model(graph + Input("x", 1, {kRows, kWidth}) + Output("y"));
  }
};

}  // namespace plumb

#endif  // PLUMB_TESTS_UNIT_INFERENCE_INT8_MODEL_H_
