#include "formats/convert/target.h"

#include <algorithm>

#include "plumb/gguf/gguf_type.h"
#include "plumb/gguf/quantise.h"
#include "plumb/numpy/npz_writer.h"
#include "plumb/pytorch/checkpoint_writer.h"

namespace plumb {
namespace {

bool GgufHolds(DType dtype) { return gguf::GgmlOfDType(dtype).has_value(); }

}  // namespace

const std::vector<TargetFormat>& TargetFormats() {
  static const std::vector<TargetFormat> kFormats = {
      {ConvertTarget::kSafetensors, "safetensors", "safetensors", {".safetensors"}, IsSafetensorsDType},
      {ConvertTarget::kGguf, "gguf", "GGUF", {".gguf"}, GgufHolds},
      {ConvertTarget::kNpz, "npz", "npz", {".npz"}, NumpyHolds},
      {ConvertTarget::kPytorch, "pytorch", "PyTorch", {".pt", ".pth", ".bin"}, TorchHolds},
  };
  return kFormats;
}

const TargetFormat& TargetFormatOf(ConvertTarget target) {
  const std::vector<TargetFormat>& formats = TargetFormats();
  return *std::find_if(formats.begin(), formats.end(), [&](const TargetFormat& each) { return each.target == target; });
}

std::string_view ConvertTargetName(ConvertTarget target) { return TargetFormatOf(target).name; }

std::optional<ConvertTarget> ParseConvertTarget(std::string_view name) {
  for (const TargetFormat& format : TargetFormats()) {
    if (format.name == name) return format.target;
  }
  return std::nullopt;
}

std::optional<ConvertTarget> ConvertTargetOf(std::string_view path) {
  for (const TargetFormat& format : TargetFormats()) {
    for (std::string_view ending : format.endings) {
      if (path.ends_with(ending)) return format.target;
    }
  }
  return std::nullopt;
}

std::vector<DType> ConvertTypesOf(ConvertTarget target) {
  std::vector<DType> types = {DType::kF32};
  for (int i = 0; i < kDTypeCount; ++i) {
    const auto dtype = static_cast<DType>(i);
    if (dtype != DType::kF32 && gguf::CanQuantise(dtype) && TargetFormatOf(target).holds(dtype)) types.push_back(dtype);
  }
  return types;
}

}  // namespace plumb
