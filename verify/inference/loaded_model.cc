#include "verify/inference/loaded_model.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

absl::Status Wrong(std::string message) {
  return WithErrorClass(InvalidArgument(std::move(message)), ErrorClass::kPolicy);
}

absl::StatusOr<std::string> ReadConfigFile(const Directory& folder, const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, folder.OpenFile(path));
  PLUMB_ASSIGN_OR_RETURN(uint64_t size, FileSize(fd.get(), path));
  if (size > limits::kConfigBytesMax) {
    return Wrong(fmt::format("{} has {} bytes, at most {} are read", path, size, limits::kConfigBytesMax));
  }
  std::vector<uint8_t> bytes(size);
  PLUMB_RETURN_IF_ERROR(PreadExactly(fd.get(), bytes, 0, path));
  return std::string(AsText(bytes));
}

}  // namespace

absl::StatusOr<std::unique_ptr<LoadedModel>> LoadedModel::Open(const Directory& folder, const std::string& config_path,
                                                               const std::string& weights_path) {
  PLUMB_ASSIGN_OR_RETURN(std::string text, ReadConfigFile(folder, config_path));
  absl::StatusOr<std::unique_ptr<Model>> model = ParseModelConfig(text);
  if (!model.ok()) return Annotate(model.status(), config_path);
  PLUMB_ASSIGN_OR_RETURN(WeightSet weights, WeightSet::Open(folder, weights_path));
  std::unique_ptr<LoadedModel> loaded(new LoadedModel(*std::move(model), std::move(weights)));
  absl::StatusOr<TensorBinding> binding = BindTensors(loaded->model(), loaded->weights_.tensors());
  if (!binding.ok()) return Annotate(binding.status(), weights_path);
  loaded->binding_ = *std::move(binding);
  PLUMB_RETURN_IF_ERROR(loaded->CheckCopies());
  return loaded;
}

absl::StatusOr<const TensorInfo*> LoadedModel::Find(const std::string& name, uint64_t first, uint64_t count) const {
  auto bound = binding_.tensors.find(name);
  if (bound == binding_.tensors.end())
    return Internal(fmt::format("the graph asks for the unknown tensor \"{}\"", name));
  const uint64_t size = bound->second->element_count();
  if (first <= size && count <= size - first) return bound->second;
  return Internal(
      fmt::format("the graph asks for {} elements of \"{}\" from {}, which has {}", count, name, first, size));
}

absl::Status LoadedModel::LoadPart(const std::string& name, uint64_t first, std::span<float> out) const {
  PLUMB_ASSIGN_OR_RETURN(const TensorInfo* tensor, Find(name, first, out.size()));
  PLUMB_RETURN_IF_ERROR(DecodeToF32(tensor->dtype, weights_.Bytes(*tensor), first, out));
  auto broken = std::find_if(out.begin(), out.end(), [](float value) { return !std::isfinite(value); });
  if (broken == out.end()) return absl::OkStatus();
  return Wrong(fmt::format("tensor \"{}\": element {} is {}", tensor->name,
                           first + static_cast<uint64_t>(broken - out.begin()), *broken));
}

absl::Status LoadedModel::Load(const std::string& name, std::span<float> out) const {
  PLUMB_ASSIGN_OR_RETURN(const TensorInfo* tensor, Find(name, 0, out.size()));
  if (tensor->element_count() != out.size()) {
    return Internal(fmt::format("the graph asks for {} elements of \"{}\", which has {}", out.size(), name,
                                tensor->element_count()));
  }
  PLUMB_RETURN_IF_ERROR(LoadPart(name, 0, out));
  weights_.Release(*tensor);
  return absl::OkStatus();
}

// A copy that differs from its original makes two readers see two models: some use one, some the other.
absl::Status LoadedModel::CheckCopies() const {
  constexpr size_t kBlockElements = 1 << 16;
  std::vector<float> a(kBlockElements);
  std::vector<float> b(kBlockElements);
  for (const auto& [name, original] : model_->tensors().copies) {
    auto copy = binding_.copies.find(name);
    if (copy == binding_.copies.end()) continue;
    const TensorInfo& from = *binding_.tensors.at(original);
    const uint64_t count = from.element_count();
    for (uint64_t first = 0; first < count; first += kBlockElements) {
      const size_t size = std::min<uint64_t>(kBlockElements, count - first);
      PLUMB_RETURN_IF_ERROR(DecodeToF32(from.dtype, weights_.Bytes(from), first, {a.data(), size}));
      PLUMB_RETURN_IF_ERROR(DecodeToF32(copy->second->dtype, weights_.Bytes(*copy->second), first, {b.data(), size}));
      if (std::equal(a.begin(), a.begin() + static_cast<ptrdiff_t>(size), b.begin())) continue;
      return Wrong(fmt::format("tensor \"{}\" differs from \"{}\", of which the config makes it a copy",
                               copy->second->name, from.name));
    }
  }
  return absl::OkStatus();
}

}  // namespace plumb
