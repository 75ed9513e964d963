#include "verify/inference/gguf_model.h"

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
  // What is decoded is float32, whatever the blocks are.
  std::vector<TensorInfo> decoded;
  for (const SourceTensor& tensor : source->tensors()) {
    if (tensor.name == kGgufRopeFactors) continue;
    decoded.push_back({tensor.name, IsFloatOrBlock(tensor.dtype) ? DType::kF32 : tensor.dtype, tensor.shape});
  }
  std::vector<const TensorInfo*> found;
  for (const TensorInfo& tensor : decoded) found.push_back(&tensor);
  PLUMB_RETURN_IF_ERROR(BindTensors(*model, found).status());
  return std::unique_ptr<GgufModel>(new GgufModel(std::move(source), std::move(model)));
}

absl::StatusOr<const SourceTensor*> GgufModel::Find(const std::string& name) const {
  const SourceTensor* tensor = source_->Find(name);
  if (tensor == nullptr) return Internal(fmt::format("the graph asks for the unknown tensor \"{}\"", name));
  return tensor;
}

absl::Status GgufModel::LoadPart(const std::string& name, uint64_t first, std::span<float> out) const {
  PLUMB_ASSIGN_OR_RETURN(const SourceTensor* tensor, Find(name));
  PLUMB_RETURN_IF_ERROR(source_->ReadF32(*tensor, first, out));
  return ExpectFinite(name, first, out);
}

absl::Status GgufModel::Load(const std::string& name, std::span<float> out) const {
  PLUMB_RETURN_IF_ERROR(LoadPart(name, 0, out));
  Release(name);
  return absl::OkStatus();
}

TensorView GgufModel::View(const std::string& name, ElementType type) const {
  const SourceTensor* tensor = source_->Find(name);
  if (tensor == nullptr) return {};
  const std::optional<std::span<const uint8_t>> bytes = source_->View(*tensor);
  return bytes ? ViewWeight(type, tensor->dtype, *bytes) : TensorView{};
}

absl::Status GgufModel::Check(const std::string& name) const {
  PLUMB_ASSIGN_OR_RETURN(const SourceTensor* tensor, Find(name));
  return finite_.Check(tensor, *this, name, tensor->element_count());
}

void GgufModel::Release(const std::string& name) const {
  if (const SourceTensor* tensor = source_->Find(name); tensor != nullptr) source_->Release(*tensor);
}

}  // namespace plumb
