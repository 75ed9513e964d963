#include "plumb/inference/architecture.h"

#include <algorithm>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "nlohmann/json.hpp"
#include "plumb/base/json.h"
#include "plumb/base/limits.h"
#include "plumb/base/refuse.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {

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
    return RefusedFile(fmt::format("config has {} bytes, at most {} are read", json.size(), limits::kConfigBytesMax));
  }
  absl::StatusOr<nlohmann::json> config = ParseJson(json, "config");
  if (!config.ok()) return WithErrorClass(config.status(), ErrorClass::kPolicy);
  if (!config->is_object()) return RefusedFile("config is not a JSON object");
  auto type = config->find("model_type");
  if (type == config->end() || !type->is_string()) {
    return RefusedFile("config key \"model_type\" is missing or not a text");
  }
  const auto& name = type->get_ref<const std::string&>();
  for (const ArchitectureEntry* entry : kArchitectures) {
    if (entry->model_type == name) return entry->parse(*config);
  }
  return absl::UnimplementedError(fmt::format("config key \"model_type\" is \"{}\"; Plumb knows {}", name.substr(0, 64),
                                              fmt::join(KnownArchitectures(), ", ")));
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
