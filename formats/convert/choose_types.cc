#include "formats/convert/choose_types.h"

#include <algorithm>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

bool IsFloat(DType dtype) {
  switch (dtype) {
    case DType::kF64:
    case DType::kF32:
    case DType::kF16:
    case DType::kBF16:
    case DType::kF8E5M2:
    case DType::kF8E4M3:
    case DType::kF8E8M0:
    case DType::kF8E4M3Fnuz:
    case DType::kF8E5M2Fnuz:
    case DType::kF4:
      return true;
    default:
      return false;
  }
}

// Floats and block types: what can be decoded, and what --dtype is about.
bool IsConvertible(DType dtype) { return IsFloat(dtype) || IsGgmlBlockDType(dtype); }

// The wanted type, or F32 where the target's rule does not allow it.
DType Allowed(const SourceTensor& tensor, ConvertTarget target, DType wanted) {
  if (target != ConvertTarget::kGguf || wanted == DType::kF32) return wanted;
  if (tensor.shape.size() < 2 || tensor.element_count() == 0) return DType::kF32;
  return tensor.shape.back() % BlockOf(wanted).elements == 0 ? wanted : DType::kF32;
}

absl::Status CannotHold(const SourceTensor& tensor, const TargetFormat& target) {
  std::string advice = "only floats can be converted";
  if (tensor.dtype == DType::kString) {
    advice = "texts are no tensors there";
  } else if (IsConvertible(tensor.dtype)) {
    std::vector<std::string> names;
    for (DType dtype : {DType::kF32, DType::kF16, DType::kBF16}) {
      if (target.holds(dtype)) names.push_back(fmt::format("--dtype {}", FlagOf(dtype)));
    }
    advice = fmt::format("{} it with {}", IsFloat(tensor.dtype) ? "convert" : "dequantise", fmt::join(names, " or "));
  }
  return InvalidArgument(fmt::format("tensor {} is {}, which {} does not have: {}", QuoteForMessage(tensor.name),
                                     DTypeName(tensor.dtype), target.title, advice));
}

}  // namespace

std::string FlagOf(DType dtype) {
  std::string name(DTypeName(dtype));
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return name;
}

absl::StatusOr<std::vector<DType>> ChooseTypes(const TensorSource& source, const TargetFormat& target,
                                               std::optional<DType> wanted, const std::set<std::string>& float32) {
  if (wanted) {
    const std::vector<DType> possible = ConvertTypesOf(target.target);
    if (std::find(possible.begin(), possible.end(), *wanted) == possible.end()) {
      std::vector<std::string> names;
      for (DType each : possible) names.push_back(FlagOf(each));
      return InvalidArgument(fmt::format("{} cannot be made in {}, expected one of {}", FlagOf(*wanted), target.title,
                                         fmt::join(names, ", ")));
    }
  }
  std::vector<DType> types;
  for (const SourceTensor& tensor : source.tensors()) {
    DType dtype = tensor.dtype;
    if (wanted && IsConvertible(dtype)) dtype = Allowed(tensor, target.target, *wanted);
    if (IsConvertible(dtype) && float32.contains(tensor.name)) dtype = DType::kF32;
    if (!target.holds(dtype)) return CannotHold(tensor, target);
    types.push_back(dtype);
  }
  return types;
}

}  // namespace plumb
