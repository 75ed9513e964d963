#include "formats/pytorch/torch_types.h"

#include <algorithm>
#include <utility>

namespace plumb {
namespace {

constexpr std::pair<std::string_view, DType> kStorages[] = {
    {"Float", DType::kF32}, {"Double", DType::kF64}, {"Half", DType::kF16},         {"BFloat16", DType::kBF16},
    {"Long", DType::kI64},  {"Int", DType::kI32},    {"Short", DType::kI16},        {"Char", DType::kI8},
    {"Byte", DType::kU8},   {"Bool", DType::kBool},  {"ComplexFloat", DType::kC64}, {"ComplexDouble", DType::kC128},
};

constexpr std::pair<std::string_view, DType> kDtypes[] = {
    {"float32", DType::kF32},
    {"float", DType::kF32},
    {"float64", DType::kF64},
    {"double", DType::kF64},
    {"float16", DType::kF16},
    {"half", DType::kF16},
    {"bfloat16", DType::kBF16},
    {"int64", DType::kI64},
    {"long", DType::kI64},
    {"int32", DType::kI32},
    {"int", DType::kI32},
    {"int16", DType::kI16},
    {"short", DType::kI16},
    {"int8", DType::kI8},
    {"uint8", DType::kU8},
    {"uint16", DType::kU16},
    {"uint32", DType::kU32},
    {"uint64", DType::kU64},
    {"bool", DType::kBool},
    {"complex64", DType::kC64},
    {"complex128", DType::kC128},
    {"complex32", DType::kC32},
    {"float8_e4m3fn", DType::kF8E4M3},
    {"float8_e5m2", DType::kF8E5M2},
    {"float8_e4m3fnuz", DType::kF8E4M3Fnuz},
    {"float8_e5m2fnuz", DType::kF8E5M2Fnuz},
    {"float8_e8m0fnu", DType::kF8E8M0},
};

// Quantised types: scales and zero points stand beside the storage.
constexpr std::pair<std::string_view, uint32_t> kQuantisedStorages[] = {
    {"torch.QInt8Storage", 1},    {"torch.QUInt8Storage", 1},   {"torch.QInt32Storage", 4},
    {"torch.QUInt4x2Storage", 1}, {"torch.QUInt2x4Storage", 1},
};

constexpr std::string_view kBuilders[] = {
    "collections.OrderedDict",
    "collections.defaultdict",
    "torch.Size",
    "torch.device",
    "torch._utils._rebuild_tensor",
    "torch._utils._rebuild_tensor_v2",
    "torch._utils._rebuild_tensor_v3",
    "torch._utils._rebuild_parameter",
    "torch._utils._rebuild_parameter_with_state",
    "torch._tensor._rebuild_from_type_v2",
    "torch.Tensor",
    "torch.nn.parameter.Parameter",
    "torch.serialization._get_layout",
};

template <typename Table>
std::optional<DType> Lookup(const Table& table, std::string_view name) {
  for (const auto& [known, dtype] : table) {
    if (name == known) return dtype;
  }
  return std::nullopt;
}

}  // namespace

std::optional<DType> DTypeOfStorage(std::string_view global) {
  for (std::string_view prefix : {"torch.cuda.", "torch."}) {
    if (!global.starts_with(prefix) || !global.ends_with("Storage")) continue;
    return Lookup(kStorages, global.substr(prefix.size(), global.size() - prefix.size() - 7));
  }
  return std::nullopt;
}

uint32_t UnitOfStorage(std::string_view global) {
  if (const std::optional<DType> dtype = DTypeOfStorage(global)) return BlockOf(*dtype).bytes;
  for (const auto& [name, bytes] : kQuantisedStorages) {
    if (global == name) return bytes;
  }
  return IsUntypedStorage(global) ? 1 : 0;
}

std::optional<DType> DTypeOfTorchDtype(std::string_view global) {
  constexpr std::string_view kPrefix = "torch.";
  return global.starts_with(kPrefix) ? Lookup(kDtypes, global.substr(kPrefix.size())) : std::nullopt;
}

std::string StorageOfDType(DType dtype) {
  for (const auto& [known, held] : kStorages) {
    if (held == dtype) return std::string(known) + "Storage";
  }
  return "";
}

std::string_view TorchDtypeOf(DType dtype) {
  for (const auto& [known, held] : kDtypes) {
    if (held == dtype) return known;
  }
  return "";
}

bool IsUntypedStorage(std::string_view global) { return global == "torch.storage.UntypedStorage"; }

bool IsUnderstoodGlobal(std::string_view global) {
  return DTypeOfStorage(global) || DTypeOfTorchDtype(global) || IsUntypedStorage(global) ||
         std::find(std::begin(kBuilders), std::end(kBuilders), global) != std::end(kBuilders);
}

}  // namespace plumb
