#include "plumb/pytorch/checkpoint_writer.h"

#include <algorithm>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "fmt/format.h"
#include "formats/pytorch/pickle_writer.h"
#include "formats/pytorch/torch_types.h"
#include "plumb/archive/crc32.h"
#include "plumb/archive/zip_writer.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"
#include "plumb/weights/tensor_size.h"

namespace plumb {
namespace {

constexpr uint32_t kAlignment = 64;
// Python's pickler hands over as many items of a dictionary at a time.
constexpr size_t kItemsAtOnce = 1000;

std::vector<uint64_t> DenseStrides(const std::vector<uint64_t>& shape) {
  std::vector<uint64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * std::max<uint64_t>(shape[i], 1);
  return strides;
}

// One past the last element that is read.
absl::StatusOr<uint64_t> EndOf(const TorchTensorToWrite& tensor, const std::vector<uint64_t>& strides) {
  if (std::find(tensor.shape.begin(), tensor.shape.end(), 0u) != tensor.shape.end()) return tensor.first;
  uint64_t end = tensor.first;
  bool overflow = __builtin_add_overflow(end, uint64_t{1}, &end);
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    uint64_t reach = 0;
    overflow = overflow || __builtin_mul_overflow(tensor.shape[i] - 1, strides[i], &reach) ||
               __builtin_add_overflow(end, reach, &end);
  }
  if (overflow) return InvalidArgument("its strides overflow 64 bits");
  return end;
}

absl::Status CheckTensor(const TorchTensorToWrite& tensor, const std::vector<TorchStorageToWrite>& storages) {
  if (!IsValidUtf8(tensor.name)) return InvalidArgument("its name is not UTF-8");
  if (tensor.storage >= storages.size()) return InvalidArgument(fmt::format("there is no storage {}", tensor.storage));
  const TorchStorageToWrite& storage = storages[tensor.storage];
  if (!TorchHolds(storage.dtype)) {
    return InvalidArgument(fmt::format("PyTorch has no type {}", DTypeName(storage.dtype)));
  }
  PLUMB_RETURN_IF_ERROR(TensorSizeBytes(storage.dtype, tensor.shape).status());
  if (!tensor.strides.empty() && tensor.strides.size() != tensor.shape.size()) {
    return InvalidArgument(fmt::format("{} strides for {} dimensions", tensor.strides.size(), tensor.shape.size()));
  }
  PLUMB_ASSIGN_OR_RETURN(uint64_t end,
                         EndOf(tensor, tensor.strides.empty() ? DenseStrides(tensor.shape) : tensor.strides));
  if (end > storage.elements) {
    return InvalidArgument(fmt::format("it ends at element {} of a storage of {}", end, storage.elements));
  }
  return absl::OkStatus();
}

// One item of the state dict: the name, and the call that builds the tensor.
void WriteTensor(const TorchTensorToWrite& tensor, const TorchStorageToWrite& storage, uint32_t key,
                 PickleWriter* pickle) {
  pickle->NewText(tensor.name);
  const std::string typed = StorageOfDType(storage.dtype);
  pickle->Import("torch._utils", typed.empty() ? "_rebuild_tensor_v3" : "_rebuild_tensor_v2");
  pickle->Mark();
  pickle->Mark();
  pickle->Text("storage");
  pickle->Import(typed.empty() ? "torch.storage" : "torch", typed.empty() ? "UntypedStorage" : typed);
  pickle->Text(fmt::to_string(key));
  pickle->Text("cpu");
  pickle->Number(typed.empty() ? storage.elements * BlockOf(storage.dtype).bytes : storage.elements);
  pickle->TupleSinceMark();
  pickle->PersistentId();
  pickle->Number(tensor.first);
  pickle->Numbers(tensor.shape);
  pickle->Numbers(tensor.strides.empty() ? DenseStrides(tensor.shape) : tensor.strides);
  pickle->False();
  pickle->Import("collections", "OrderedDict");
  pickle->EmptyTuple();
  pickle->Reduce();
  if (typed.empty()) pickle->Import("torch", TorchDtypeOf(storage.dtype));
  pickle->TupleSinceMark();
  pickle->Reduce();
}

// The storages' keys: numbers in the order in which tensors first need them.
std::vector<uint32_t> KeysOf(size_t storages, const std::vector<TorchTensorToWrite>& tensors) {
  std::vector<uint32_t> keys(storages, UINT32_MAX);
  uint32_t next = 0;
  for (const TorchTensorToWrite& tensor : tensors) {
    if (keys[tensor.storage] == UINT32_MAX) keys[tensor.storage] = next++;
  }
  for (uint32_t& key : keys) {
    if (key == UINT32_MAX) key = next++;
  }
  return keys;
}

std::string WritePickle(const std::vector<TorchStorageToWrite>& storages,
                        const std::vector<TorchTensorToWrite>& tensors, const std::vector<uint32_t>& keys) {
  PickleWriter pickle;
  pickle.Import("collections", "OrderedDict");
  pickle.EmptyTuple();
  pickle.Reduce();
  for (size_t begin = 0; begin < tensors.size(); begin += kItemsAtOnce) {
    const size_t count = std::min(kItemsAtOnce, tensors.size() - begin);
    if (count > 1) pickle.Mark();
    for (size_t i = begin; i < begin + count; ++i) {
      WriteTensor(tensors[i], storages[tensors[i].storage], keys[tensors[i].storage], &pickle);
    }
    if (count > 1) {
      pickle.SetItemsSinceMark();
    } else {
      pickle.SetItem();
    }
  }
  return pickle.Stop();
}

absl::Status CheckTensors(const std::vector<TorchStorageToWrite>& storages,
                          const std::vector<TorchTensorToWrite>& tensors) {
  std::unordered_set<std::string_view> names;
  for (const TorchTensorToWrite& tensor : tensors) {
    absl::Status status = CheckTensor(tensor, storages);
    if (status.ok() && !names.insert(tensor.name).second) status = InvalidArgument("the name occurs twice");
    if (!status.ok()) return Annotate(status, fmt::format("write tensor {}", QuoteForMessage(tensor.name)));
  }
  return absl::OkStatus();
}

}  // namespace

bool TorchHolds(DType dtype) { return !TorchDtypeOf(dtype).empty(); }

absl::StatusOr<ContainerLayout> LayOutCheckpoint(const std::vector<TorchStorageToWrite>& storages,
                                                 const std::vector<TorchTensorToWrite>& tensors) {
  PLUMB_RETURN_IF_ERROR(CheckTensors(storages, tensors));
  const std::vector<uint32_t> keys = KeysOf(storages.size(), tensors);
  std::string pickle = WritePickle(storages, tensors, keys);
  if (pickle.size() > limits::kPickleBytesMax) {
    return InvalidArgument(
        fmt::format("data.pkl would have {} bytes, at most {} are read", pickle.size(), limits::kPickleBytesMax));
  }
  // Texts first and last, the storages between them.
  std::vector<std::pair<std::string_view, std::string>> texts = {{"data.pkl", std::move(pickle)},
                                                                 {".format_version", "1"},
                                                                 {".storage_alignment", fmt::to_string(kAlignment)},
                                                                 {"byteorder", "little"}};
  const size_t first_storage = texts.size();
  texts.emplace_back("version", "3\n");
  std::vector<ZipEntryToWrite> entries(first_storage + storages.size() + 1);
  auto entry_of_text = [&](size_t i) { return i < first_storage ? i : entries.size() - 1; };
  for (size_t i = 0; i < texts.size(); ++i) {
    entries[entry_of_text(i)] = {fmt::format("archive/{}", texts[i].first), texts[i].second.size()};
  }
  for (size_t i = 0; i < storages.size(); ++i) {
    PLUMB_ASSIGN_OR_RETURN(uint64_t bytes, TensorSizeBytes(storages[i].dtype, std::span(&storages[i].elements, 1)));
    entries[first_storage + keys[i]] = {fmt::format("archive/data/{}", keys[i]), bytes};
  }
  std::vector<uint32_t> sums(entries.size());
  ContainerLayout layout;
  PLUMB_ASSIGN_OR_RETURN(ZipLayout zip, ZipLayout::New(entries, kAlignment));
  layout.file_bytes = zip.file_bytes();
  for (size_t i = 0; i < texts.size(); ++i) {
    const size_t entry = entry_of_text(i);
    sums[entry] = Crc32(AsBytes(texts[i].second));
    layout.fixed.push_back({zip.data_begin(entry), std::move(texts[i].second)});
  }
  for (size_t i = 0; i < storages.size(); ++i) {
    const size_t entry = first_storage + keys[i];
    layout.data.push_back({zip.data_begin(entry), entries[entry].size_bytes});
  }
  layout.seal = [zip = std::move(zip), sums = std::move(sums), keys,
                 first_storage](std::span<const uint32_t> crc32s) mutable {
    for (size_t i = 0; i < crc32s.size(); ++i) sums[first_storage + keys[i]] = crc32s[i];
    return zip.Records(sums);
  };
  return layout;
}

}  // namespace plumb
