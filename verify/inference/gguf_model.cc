#include "verify/inference/gguf_model.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/gguf_config.h"

namespace plumb {
namespace {

// Types that decode to numbers other than counts.
bool IsFloatOrBlock(DType dtype) {
  return dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16 || dtype == DType::kF64 ||
         IsGgmlBlockDType(dtype);
}

}  // namespace

absl::StatusOr<std::unique_ptr<GgufModel>> GgufModel::New(std::unique_ptr<const TensorSource> source) {
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

absl::Status GgufModel::LoadPart(const std::string& name, uint64_t first, std::span<float> out) const {
  const SourceTensor* tensor = source_->Find(name);
  if (tensor == nullptr) return Internal(fmt::format("the graph asks for the unknown tensor \"{}\"", name));
  PLUMB_RETURN_IF_ERROR(source_->ReadF32(*tensor, first, out));
  auto broken = std::find_if(out.begin(), out.end(), [](float value) { return !std::isfinite(value); });
  if (broken == out.end()) return absl::OkStatus();
  return WithErrorClass(InvalidArgument(fmt::format("tensor \"{}\": element {} is {}", name,
                                                    first + static_cast<uint64_t>(broken - out.begin()), *broken)),
                        ErrorClass::kPolicy);
}

absl::Status GgufModel::Load(const std::string& name, std::span<float> out) const {
  PLUMB_RETURN_IF_ERROR(LoadPart(name, 0, out));
  if (const SourceTensor* tensor = source_->Find(name); tensor != nullptr) source_->Release(*tensor);
  return absl::OkStatus();
}

}  // namespace plumb
