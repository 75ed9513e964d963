#include "verify/inference/gguf_model.h"

#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/gguf_config.h"
#include "verify/inference/weight_view.h"

namespace plumb {
namespace {

// Types that decode to numbers other than counts.
bool IsFloatOrBlock(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16 || dtype == DType::kF64 ||
         IsGgmlBlockDType(dtype);
}

// Files that say themselves that they are something else than a model.
absl::Status CheckIsModel(const TensorSource& source) {
  const auto* type = source.metadata().Get<std::string>("general.type");
  if (type != nullptr && *type != "model") {
    return absl::UnimplementedError(
        fmt::format("the GGUF file is no model: general.type is \"{}\"", type->substr(0, 64)));
  }
  if (source.tensors().empty()) return absl::UnimplementedError("the GGUF file has no tensors: it is no model");
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<GgufModel>> GgufModel::New(std::unique_ptr<const TensorSource> source) {
  PLUMB_RETURN_IF_ERROR(CheckIsModel(*source));
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Model> model, ParseGgufModel(*source));
  StoredWeights stored = Locate(*source, *model);
  PLUMB_RETURN_IF_ERROR(CheckTensors(*source, *model, stored));
  return std::unique_ptr<GgufModel>(new GgufModel(std::move(source), std::move(model), std::move(stored)));
}

absl::Status GgufModel::CheckTensorsOf(const TensorSource& source, const Model& model) {
  return CheckTensors(source, model, Locate(source, model));
}

GgufModel::StoredWeights GgufModel::Locate(const TensorSource& source, const Model& model) {
  StoredWeights stored;
  for (const ExpectedTensor& weight : model.tensors().required) {
    const std::optional<GgufExpertPart> part = FindGgufExpertPart(weight.name);
    const SourceTensor* tensor = source.Find(part ? part->tensor : weight.name);
    if (tensor == nullptr) continue;
    if (!part) {
      stored[weight.name] = {tensor, 0, tensor->element_count()};
    } else if (tensor->shape.size() == 3 && part->expert < tensor->shape[0]) {
      const uint64_t count = tensor->element_count() / tensor->shape[0];
      stored[weight.name] = {tensor, part->expert * count, count};
    }
  }
  return stored;
}

// What is decoded is float32, whatever the blocks are.
absl::Status GgufModel::CheckTensors(const TensorSource& source, const Model& model, const StoredWeights& stored) {
  std::vector<TensorInfo> decoded;
  std::set<const SourceTensor*> parted;
  auto add = [&](const std::string& name, const SourceTensor& tensor, Shape shape) {
    decoded.push_back({name, IsFloatOrBlock(tensor.dtype) ? DType::kF32 : tensor.dtype, std::move(shape)});
  };
  for (const auto& [name, weight] : stored) {
    if (name == weight.tensor->name) continue;
    add(name, *weight.tensor, {weight.tensor->shape[1], weight.tensor->shape[2]});
    parted.insert(weight.tensor);
  }
  for (const SourceTensor& tensor : source.tensors()) {
    if (!DescribesGgufModel(tensor.name) && !parted.contains(&tensor)) add(tensor.name, tensor, tensor.shape);
  }
  std::vector<const TensorInfo*> found;
  for (const TensorInfo& tensor : decoded) found.push_back(&tensor);
  return BindTensors(model, found).status();
}

std::string GgufModel::ContainerName(const std::string& name) const {
  auto weight = stored_.find(name);
  return weight == stored_.end() ? "" : weight->second.tensor->name;
}

absl::StatusOr<const GgufModel::Stored*> GgufModel::Find(const std::string& name, uint64_t first,
                                                         uint64_t count) const {
  auto weight = stored_.find(name);
  if (weight == stored_.end()) return Internal(fmt::format("the graph asks for the unknown tensor \"{}\"", name));
  const uint64_t size = weight->second.count;
  if (first <= size && count <= size - first) return &weight->second;
  return Internal(
      fmt::format("the graph asks for {} elements of \"{}\" from {}, which has {}", count, name, first, size));
}

absl::Status GgufModel::LoadPart(const std::string& name, uint64_t first, std::span<float> out) const {
  PLUMB_ASSIGN_OR_RETURN(const Stored* weight, Find(name, first, out.size()));
  PLUMB_RETURN_IF_ERROR(source_->ReadF32(*weight->tensor, weight->first + first, out));
  return ExpectFinite(weight->tensor->name, weight->first + first, out);
}

absl::Status GgufModel::Load(const std::string& name, std::span<float> out) const {
  PLUMB_RETURN_IF_ERROR(LoadPart(name, 0, out));
  Release(name);
  return absl::OkStatus();
}

TensorView GgufModel::View(const std::string& name, ElementType type) const {
  auto found = stored_.find(name);
  if (found == stored_.end()) return {};
  const Stored& weight = found->second;
  const std::optional<std::span<const uint8_t>> bytes = source_->View(*weight.tensor);
  const uint64_t width = type == ElementType::kF32 ? sizeof(float) : sizeof(uint16_t);
  // Only these two are viewed, and their bytes are as many as their elements ask for.
  if (!bytes || bytes->size() != weight.tensor->element_count() * width) return {};
  return ViewWeight(type, weight.tensor->dtype, bytes->subspan(weight.first * width, weight.count * width));
}

absl::Status GgufModel::Check(const std::string& name) const {
  PLUMB_ASSIGN_OR_RETURN(const Stored* weight, Find(name, 0, 0));
  return finite_.Check(weight, *this, name, weight->count);
}

void GgufModel::Release(const std::string& name) const {
  if (auto weight = stored_.find(name); weight != stored_.end()) source_->Release(*weight->second.tensor);
}

}  // namespace plumb
