#include "formats/pytorch/torch_objects.h"

#include <algorithm>

#include "fmt/format.h"
#include "formats/pytorch/torch_types.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

absl::Status Bad(const Pickle& pickle, PickleId id, std::string_view why) {
  return WithErrorClass(InvalidArgument(fmt::format("pickle, byte {}: {}", pickle.position(id), why)),
                        ErrorClass::kPolicy);
}

// A whole number from 0 to 2^63 - 1.
std::optional<uint64_t> Count(const Pickle& pickle, PickleId id) {
  const bool fits = pickle.kind(id) == PickleKind::kInteger && pickle.integer(id) >= 0;
  return fits ? std::optional(static_cast<uint64_t>(pickle.integer(id))) : std::nullopt;
}

// A key is text, or a number written as text.
std::optional<std::string> KeyText(const Pickle& pickle, PickleId id) {
  if (pickle.kind(id) == PickleKind::kText) return std::string(pickle.text(id));
  if (pickle.kind(id) == PickleKind::kInteger) return fmt::format("{}", pickle.integer(id));
  return std::nullopt;
}

// The numbers of a shape or of strides: a tuple, a list, or a torch.Size of one.
std::optional<std::vector<uint64_t>> Counts(const Pickle& pickle, PickleId id) {
  if (pickle.kind(id) == PickleKind::kCall && pickle.IsGlobal(pickle.items(id)[0], "torch.Size")) {
    const auto arguments = pickle.items(pickle.items(id)[1]);
    if (arguments.size() == 1) id = arguments[0];
  }
  if (pickle.kind(id) != PickleKind::kTuple && pickle.kind(id) != PickleKind::kList) return std::nullopt;
  std::vector<uint64_t> counts;
  for (PickleId item : pickle.items(id)) {
    const std::optional<uint64_t> count = Count(pickle, item);
    if (!count) return std::nullopt;
    counts.push_back(*count);
  }
  return counts;
}

// The view part of a legacy persistent id: None, or (key, offset, size).
absl::Status ReadView(const Pickle& pickle, PickleId id, TorchStorage* storage) {
  if (pickle.kind(id) == PickleKind::kNone) return absl::OkStatus();
  const auto parts = pickle.items(id);
  const std::optional<uint64_t> begin = parts.size() == 3 ? Count(pickle, parts[1]) : std::nullopt;
  const std::optional<uint64_t> count = parts.size() == 3 ? Count(pickle, parts[2]) : std::nullopt;
  if (!begin || !count || *begin > storage->count || *count > storage->count - *begin) {
    return Bad(pickle, id, "a storage's view does not lie in it");
  }
  storage->view_begin = *begin;
  storage->view_count = *count;
  return absl::OkStatus();
}

// A tensor from storage, offset, shape and strides.
absl::StatusOr<TorchTensor> Rebuild(const Pickle& pickle, PickleId call, std::span<const PickleId> arguments) {
  if (arguments.size() < 4) return Bad(pickle, call, "a tensor is built from fewer than four parts");
  PLUMB_ASSIGN_OR_RETURN(std::optional<TorchStorage> storage, StorageAt(pickle, arguments[0]));
  if (!storage) return Bad(pickle, call, "a tensor is built from something that is no storage");
  const std::optional<uint64_t> offset = Count(pickle, arguments[1]);
  std::optional<std::vector<uint64_t>> shape = Counts(pickle, arguments[2]);
  std::optional<std::vector<uint64_t>> strides = Counts(pickle, arguments[3]);
  if (!offset || !shape || !strides || shape->size() != strides->size()) {
    return Bad(pickle, call, "a tensor's offset, shape and strides are not matching lists of numbers");
  }
  TorchTensor tensor = {
      .storage = *std::move(storage), .offset = *offset, .shape = *std::move(shape), .strides = *std::move(strides)};
  return tensor;
}

// The element type: the storage's, unless the seventh part names one.
absl::Status SetType(const Pickle& pickle, PickleId call, std::span<const PickleId> arguments, bool named,
                     TorchTensor* tensor) {
  std::optional<DType> dtype = tensor->storage.dtype;
  std::string_view type = tensor->storage.type;
  if (named) {
    if (arguments.size() < 7 || pickle.kind(arguments[6]) != PickleKind::kGlobal) {
      return Bad(pickle, call, "a tensor's element type is not known");
    }
    type = pickle.text(arguments[6]);
    dtype = DTypeOfTorchDtype(type);
  }
  if (!dtype && IsUntypedStorage(type)) return Bad(pickle, call, "a tensor's element type is not known");
  if (dtype) tensor->dtype = *dtype;
  if (!dtype) tensor->unreadable = fmt::format("is of the type {}, which is not read", QuoteForMessage(type));
  return absl::OkStatus();
}

// Lazy conjugates and negatives: the stored bytes are not the tensor's values.
bool IsLazyView(const Pickle& pickle, std::span<const PickleId> arguments) {
  for (PickleId argument : arguments.subspan(std::min<size_t>(arguments.size(), 6))) {
    if (pickle.kind(argument) != PickleKind::kDict) continue;
    const auto pairs = pickle.items(argument);
    for (size_t i = 0; i + 1 < pairs.size(); i += 2) {
      const bool flag = pickle.kind(pairs[i]) == PickleKind::kText && pickle.kind(pairs[i + 1]) == PickleKind::kBool;
      const bool named = flag && (pickle.text(pairs[i]) == "conj" || pickle.text(pairs[i]) == "neg");
      if (named && pickle.integer(pairs[i + 1]) != 0) return true;
    }
  }
  return false;
}

// What builds tensors of a kind that is not read, and why.
std::string_view WhyNotRead(std::string_view function) {
  static constexpr std::pair<std::string_view, std::string_view> kKinds[] = {
      {"torch._utils._rebuild_sparse_tensor", "is sparse"},
      {"torch._utils._rebuild_sparse_csr_tensor", "is sparse"},
      {"torch._utils._rebuild_nested_tensor", "is nested"},
      {"torch._utils._rebuild_qtensor", "is quantised by PyTorch, with scales of its own"},
      {"torch._utils._rebuild_meta_tensor_no_storage", "is on the meta device and has no values"},
      {"torch._utils._rebuild_wrapper_subclass", "is of a class of its own"},
      {"torch._utils._rebuild_device_tensor_from_numpy", "is stored as a NumPy array in the pickle"},
      {"torch._utils._rebuild_device_tensor_from_cpu_tensor", "is of another device's kind"},
      {"torch._utils._rebuild_xla_tensor", "is stored as a NumPy array in the pickle"},
      {"torch.storage._load_from_bytes", "is a storage that is pickled inside the pickle"},
      {"numpy.core.multiarray._reconstruct", "is a NumPy array in the pickle"},
      {"numpy._core.multiarray._reconstruct", "is a NumPy array in the pickle"},
      {"numpy.core.numeric._frombuffer", "is a NumPy array in the pickle"},
      {"numpy._core.numeric._frombuffer", "is a NumPy array in the pickle"},
  };
  for (const auto& [known, why] : kKinds) {
    if (known == function) return why;
  }
  return {};
}

absl::StatusOr<std::optional<TorchTensor>> BuiltBy(const Pickle& pickle, PickleId call, std::string_view function,
                                                   std::span<const PickleId> arguments, const TorchOutside& outside) {
  const bool named = function == "torch._utils._rebuild_tensor_v3";
  if (named || function == "torch._utils._rebuild_tensor_v2" || function == "torch._utils._rebuild_tensor") {
    PLUMB_ASSIGN_OR_RETURN(TorchTensor tensor, Rebuild(pickle, call, arguments));
    PLUMB_RETURN_IF_ERROR(SetType(pickle, call, arguments, named, &tensor));
    if (IsLazyView(pickle, arguments)) tensor.unreadable = "is a lazy conjugate or negative of what is stored";
    return std::optional(std::move(tensor));
  }
  if (const std::string_view why = WhyNotRead(function); !why.empty()) {
    return std::optional(TorchTensor{.unreadable = std::string(why)});
  }
  const bool wraps = function == "torch._utils._rebuild_parameter" ||
                     function == "torch._utils._rebuild_parameter_with_state" ||
                     function == "torch.nn.parameter.Parameter";
  // A wrapper was made after what it wraps: ids fall, so this ends.
  if (wraps && !arguments.empty() && arguments[0] < call) return TensorAt(pickle, arguments[0], outside);
  if (function == "torch._tensor._rebuild_from_type_v2" && arguments.size() >= 3 &&
      pickle.kind(arguments[0]) == PickleKind::kGlobal && pickle.text(arguments[0]) != function) {
    return BuiltBy(pickle, call, pickle.text(arguments[0]), pickle.items(arguments[2]), outside);
  }
  return std::optional<TorchTensor>();
}

}  // namespace

absl::StatusOr<std::optional<TorchStorage>> StorageAt(const Pickle& pickle, PickleId id) {
  if (pickle.kind(id) == PickleKind::kPersistent) id = pickle.items(id)[0];
  if (pickle.kind(id) != PickleKind::kTuple) return std::optional<TorchStorage>();
  const auto parts = pickle.items(id);
  const bool storage = parts.size() >= 5 && pickle.kind(parts[0]) == PickleKind::kText &&
                       pickle.text(parts[0]) == "storage" && pickle.kind(parts[1]) == PickleKind::kGlobal;
  if (!storage) return std::optional<TorchStorage>();
  const std::string_view type = pickle.text(parts[1]);
  const std::optional<std::string> key = KeyText(pickle, parts[2]);
  const std::optional<uint64_t> count = Count(pickle, parts[4]);
  TorchStorage found = {.key = key.value_or(""),
                        .dtype = DTypeOfStorage(type),
                        .type = std::string(type),
                        .unit_bytes = UnitOfStorage(type),
                        .count = count.value_or(0)};
  found.view_count = found.count;
  if (!type.ends_with("Storage")) {
    return Bad(pickle, id, fmt::format("a storage is of the unknown type {}", QuoteForMessage(type)));
  }
  if (!key || !count) return Bad(pickle, id, "a storage's key or size is not what it must be");
  if (parts.size() > 5) PLUMB_RETURN_IF_ERROR(ReadView(pickle, parts[5], &found));
  return std::optional(std::move(found));
}

absl::StatusOr<std::map<std::string, TorchStorage>> StoragesOf(const Pickle& pickle) {
  std::map<std::string, TorchStorage> storages;
  for (PickleId id = 0; id < pickle.size(); ++id) {
    if (pickle.kind(id) != PickleKind::kTuple) continue;
    PLUMB_ASSIGN_OR_RETURN(std::optional<TorchStorage> storage, StorageAt(pickle, id));
    if (!storage) continue;
    auto [known, added] = storages.emplace(storage->key, *storage);
    if (!added && (known->second.type != storage->type || known->second.count != storage->count)) {
      return Bad(pickle, id, fmt::format("storage {} has two types or sizes", QuoteForMessage(storage->key)));
    }
  }
  return storages;
}

absl::StatusOr<std::optional<TorchTensor>> TensorAt(const Pickle& pickle, PickleId id, const TorchOutside& outside) {
  if (pickle.kind(id) == PickleKind::kPersistent) {
    const std::optional<std::string> key = KeyText(pickle, pickle.items(id)[0]);
    auto found = key ? outside.find(*key) : outside.end();
    return found == outside.end() ? std::optional<TorchTensor>() : std::optional(found->second);
  }
  if (pickle.kind(id) != PickleKind::kCall) return std::optional<TorchTensor>();
  const auto parts = pickle.items(id);
  if (pickle.kind(parts[0]) != PickleKind::kGlobal) return std::optional<TorchTensor>();
  return BuiltBy(pickle, id, pickle.text(parts[0]), pickle.items(parts[1]), outside);
}

}  // namespace plumb
