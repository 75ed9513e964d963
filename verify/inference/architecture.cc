#include "plumb/inference/architecture.h"

#include <algorithm>
#include <iterator>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/limits.h"
#include "plumb/base/python_json.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/not_understood.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

// Quantised weights lie packed under other names and shapes, and their numbers are found by rules of another program.
absl::Status CheckUnpacked(const nlohmann::json& config) {
  for (const char* key : {"quantization_config", "quantization"}) {
    auto packing = config.find(key);
    if (packing == config.end() || packing->is_null()) continue;
    std::string method;
    if (packing->is_object() && packing->contains("quant_method") && packing->at("quant_method").is_string()) {
      method = fmt::format(" by \"{}\"", packing->at("quant_method").get<std::string>().substr(0, 64));
    }
    return NotUnderstood(
        fmt::format("config key \"{}\" says that weights are packed{}, and Plumb does not run such", key, method));
  }
  return absl::OkStatus();
}

}  // namespace

std::vector<InputSpec> Model::Inputs(uint64_t sequences, uint64_t positions) const {
  return {{kInputIds, ElementType::kI32, {sequences, positions}, vocabulary()}};
}

std::vector<OutputSpec> Model::Outputs() const { return {{"logits", OutputKind::kLogits}}; }

std::vector<std::string> KnownArchitectures() {
  std::vector<std::string> names;
  for (const ArchitectureEntry* entry : kArchitectures) names.emplace_back(entry->model_type);
  std::sort(names.begin(), names.end());
  return names;
}

absl::StatusOr<std::unique_ptr<Model>> ParseModelConfig(std::string_view json) {
  if (json.size() > limits::kConfigBytesMax) {
    return NotUnderstood(fmt::format("config has {} bytes, at most {} are read", json.size(), limits::kConfigBytesMax));
  }
  absl::StatusOr<nlohmann::json> config = ParsePythonJson(json, "config");
  if (!config.ok()) return WithErrorClass(config.status(), ErrorClass::kPolicy);
  if (!config->is_object()) return NotUnderstood("config is not a JSON object");
  auto type = config->find("model_type");
  if (type == config->end() || !type->is_string()) {
    return NotUnderstood("config key \"model_type\" is missing or not a text");
  }
  const auto& name = type->get_ref<const std::string&>();
  PLUMB_RETURN_IF_ERROR(CheckUnpacked(*config));
  for (const ArchitectureEntry* entry : kArchitectures) {
    if (entry->model_type != name) continue;
    absl::StatusOr<std::unique_ptr<Model>> model = entry->parse(*config);
    // A graph that cannot be built of it is beyond Plumb, which shows nothing wrong with it.
    if (!model.ok()) return NotUnderstood(Message(model.status()));
    return model;
  }
  return NotUnderstood(fmt::format("config key \"model_type\" is \"{}\", which is none of the {} that Plumb runs",
                                   name.substr(0, 64), std::size(kArchitectures)));
}

uint64_t CountParameters(const Model& model) {
  uint64_t total = 0;
  for (const ExpectedTensor& tensor : model.tensors().required) {
    uint64_t count = 1;
    for (uint64_t size : tensor.shape) count *= size;  // At most 2^50 each: limits::kModelWidthMax squared, times 4.
    total += count;
  }
  return total;
}

}  // namespace plumb
