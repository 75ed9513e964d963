#include "verify/inference/loaded_model.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/refuse.h"
#include "verify/inference/sentence_model.h"
#include "verify/inference/weight_view.h"

namespace plumb {

absl::StatusOr<std::unique_ptr<LoadedModel>> LoadedModel::Open(const Directory& folder, const std::string& config_path,
                                                               const std::string& weights_path) {
  PLUMB_ASSIGN_OR_RETURN(FolderModel parsed, ParseFolderModel(folder, config_path));
  PLUMB_ASSIGN_OR_RETURN(WeightSet weights, WeightSet::Open(folder, weights_path));
  std::unique_ptr<LoadedModel> loaded(new LoadedModel(std::move(parsed.model), std::move(weights)));
  for (const std::string& name : parsed.dense_folders) {
    PLUMB_RETURN_IF_ERROR(loaded->AddDense(folder, std::string(FolderOf(config_path)), name));
  }
  absl::StatusOr<TensorBinding> binding = BindTensors(loaded->model(), loaded->AllTensors());
  if (absl::IsUnimplemented(binding.status())) return Annotate(binding.status(), weights_path);
  if (!binding.ok()) {
    return Annotate(binding.status(), fmt::format("{} does not agree with {}", weights_path, config_path));
  }
  loaded->binding_ = *std::move(binding);
  return loaded;
}

absl::Status LoadedModel::AddDense(const Directory& folder, const std::string& base, const std::string& name) {
  PLUMB_ASSIGN_OR_RETURN(WeightSet weights, WeightSet::Open(folder, fmt::format("{}{}/model.safetensors", base, name)));
  Addition addition = {std::move(weights), {}};
  for (const TensorInfo* tensor : addition.weights.tensors()) {
    addition.tensors.push_back(std::make_unique<TensorInfo>(*tensor));
    addition.tensors.back()->name = fmt::format("{}/{}", name, tensor->name);
  }
  additions_.push_back(std::move(addition));
  return absl::OkStatus();
}

std::vector<const TensorInfo*> LoadedModel::AllTensors() const {
  std::vector<const TensorInfo*> all = weights_.tensors();
  for (const Addition& addition : additions_) {
    for (const auto& tensor : addition.tensors) all.push_back(tensor.get());
  }
  return all;
}

std::pair<const WeightSet*, const TensorInfo*> LoadedModel::Stored(const TensorInfo& tensor) const {
  for (const Addition& addition : additions_) {
    for (size_t i = 0; i < addition.tensors.size(); ++i) {
      if (addition.tensors[i].get() == &tensor) return {&addition.weights, addition.weights.tensors()[i]};
    }
  }
  return {&weights_, &tensor};
}

std::span<const uint8_t> LoadedModel::BytesOf(const TensorInfo& tensor) const {
  const auto [weights, stored] = Stored(tensor);
  return weights->Bytes(*stored);
}

std::string LoadedModel::ContainerName(const std::string& name) const {
  auto bound = binding_.tensors.find(name);
  return bound == binding_.tensors.end() ? "" : bound->second->name;
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
  PLUMB_RETURN_IF_ERROR(DecodeToF32(tensor->dtype, BytesOf(*tensor), first, out));
  return ExpectFinite(tensor->name, first, out);
}

TensorView LoadedModel::View(const std::string& name, ElementType type) const {
  auto bound = binding_.tensors.find(name);
  if (bound == binding_.tensors.end()) return {};
  const TensorInfo& tensor = *bound->second;
  return ViewWeight(type, tensor.dtype, BytesOf(tensor));
}

absl::Status LoadedModel::Check(const std::string& name) const {
  PLUMB_ASSIGN_OR_RETURN(const TensorInfo* tensor, Find(name, 0, 0));
  return finite_.Check(tensor, *this, name, tensor->element_count());
}

void LoadedModel::Release(const std::string& name) const {
  auto bound = binding_.tensors.find(name);
  if (bound == binding_.tensors.end()) return;
  const auto [weights, stored] = Stored(*bound->second);
  weights->Release(*stored);
}

absl::Status LoadedModel::Load(const std::string& name, std::span<float> out) const {
  PLUMB_ASSIGN_OR_RETURN(const TensorInfo* tensor, Find(name, 0, out.size()));
  if (tensor->element_count() != out.size()) {
    return Internal(fmt::format("the graph asks for {} elements of \"{}\", which has {}", out.size(), name,
                                tensor->element_count()));
  }
  PLUMB_RETURN_IF_ERROR(LoadPart(name, 0, out));
  const auto [weights, stored] = Stored(*tensor);
  weights->Release(*stored);
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
      PLUMB_RETURN_IF_ERROR(DecodeToF32(from.dtype, BytesOf(from), first, {a.data(), size}));
      PLUMB_RETURN_IF_ERROR(DecodeToF32(copy->second->dtype, BytesOf(*copy->second), first, {b.data(), size}));
      if (std::equal(a.begin(), a.begin() + static_cast<ptrdiff_t>(size), b.begin())) continue;
      return RefusedFile(fmt::format("tensor \"{}\" differs from \"{}\", of which the config makes it a copy",
                                     copy->second->name, from.name));
    }
  }
  return absl::OkStatus();
}

}  // namespace plumb
