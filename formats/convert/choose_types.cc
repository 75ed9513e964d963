#include "formats/convert/choose_types.h"

#include <algorithm>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/limits.h"
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

// What llama.cpp makes of rows that are no whole blocks of `dtype`.
DType FallbackOf(DType dtype) {
  switch (dtype) {
    case DType::kQ4_K:
      return DType::kQ5_0;
    case DType::kTQ1_0:
    case DType::kTQ2_0:
      return DType::kQ4_0;
    default:
      return DType::kF16;
  }
}

// The wanted type, or what the target's rule allows.
ChosenType Allowed(const SourceTensor& tensor, ConvertTarget target, DType wanted) {
  ChosenType chosen = {.dtype = wanted};
  if (target != ConvertTarget::kGguf || wanted == DType::kF32) return chosen;
  if (tensor.shape.size() < 2 || tensor.element_count() == 0) return {.dtype = DType::kF32};
  while (tensor.shape.back() % BlockOf(chosen.dtype).elements != 0) {
    chosen = {.dtype = FallbackOf(chosen.dtype), .fell_back = true};
  }
  return chosen;
}

std::string WhyNotHeld(const SourceTensor& tensor, DType dtype, const TargetFormat& target) {
  if (target.target == ConvertTarget::kGguf && tensor.name.size() > limits::kGgufTensorNameBytesMax) {
    return fmt::format("has a name of {} bytes, {} takes {}", tensor.name.size(), target.title,
                       limits::kGgufTensorNameBytesMax);
  }
  if (target.target == ConvertTarget::kGguf && tensor.shape.size() > limits::kGgufTensorRankMax) {
    return fmt::format("has {} dimensions, {} takes {}", tensor.shape.size(), target.title, limits::kGgufTensorRankMax);
  }
  if (target.holds(dtype)) return "";
  std::string advice = "only floats can be converted";
  if (tensor.dtype == DType::kString) {
    advice = "texts are no tensors there";
  } else if (IsConvertible(tensor.dtype)) {
    std::vector<std::string> names;
    for (DType each : {DType::kF32, DType::kF16, DType::kBF16}) {
      if (target.holds(each)) names.push_back(fmt::format("--dtype {}", FlagOf(each)));
    }
    advice = fmt::format("{} it with {}", IsFloat(tensor.dtype) ? "convert" : "dequantise", fmt::join(names, " or "));
  }
  return fmt::format("is {}, which {} does not have: {}", DTypeName(tensor.dtype), target.title, advice);
}

absl::Status CheckWanted(DType wanted, const TargetFormat& target) {
  const std::vector<DType> possible = ConvertTypesOf(target.target);
  if (std::find(possible.begin(), possible.end(), wanted) != possible.end()) return absl::OkStatus();
  std::vector<std::string> names;
  for (DType each : possible) names.push_back(FlagOf(each));
  return WithErrorClass(InvalidArgument(fmt::format("{} cannot be made in {}, expected one of {}", FlagOf(wanted),
                                                    target.title, fmt::join(names, ", "))),
                        ErrorClass::kUsage);
}

// A file that is called quantised and is not helps nobody.
absl::Status CheckQuantised(DType wanted, const std::vector<ChosenType>& types) {
  const bool any =
      std::any_of(types.begin(), types.end(), [](const ChosenType& chosen) { return IsGgmlBlockDType(chosen.dtype); });
  if (!IsGgmlBlockDType(wanted) || any || types.empty()) return absl::OkStatus();
  return WithErrorClass(
      InvalidArgument(fmt::format("no tensor can be made {}: it takes matrices whose rows are a multiple of {} "
                                  "elements, or of 32 for {}; use --dtype f16",
                                  FlagOf(wanted), BlockOf(wanted).elements, FlagOf(FallbackOf(wanted)))),
      ErrorClass::kPolicy);
}

}  // namespace

std::string FlagOf(DType dtype) {
  std::string name(DTypeName(dtype));
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return name;
}

absl::StatusOr<std::vector<ChosenType>> ChooseTypes(const TensorSource& source, const TargetFormat& target,
                                                    std::optional<DType> wanted, const std::set<std::string>& float32) {
  if (wanted) PLUMB_RETURN_IF_ERROR(CheckWanted(*wanted, target));
  std::vector<ChosenType> types;
  for (const SourceTensor& tensor : source.tensors()) {
    ChosenType chosen = {.dtype = tensor.dtype};
    if (wanted && IsConvertible(tensor.dtype)) chosen = Allowed(tensor, target.target, *wanted);
    if (IsConvertible(tensor.dtype) && float32.contains(tensor.name)) chosen = {.dtype = DType::kF32};
    chosen.why_not = WhyNotHeld(tensor, chosen.dtype, target);
    types.push_back(std::move(chosen));
  }
  if (wanted) PLUMB_RETURN_IF_ERROR(CheckQuantised(*wanted, types));
  return types;
}

}  // namespace plumb
