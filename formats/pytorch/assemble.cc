#include "formats/pytorch/assemble.h"

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

absl::Status Bad(const TorchTensor& tensor, std::string_view why) {
  return WithErrorClass(InvalidArgument(fmt::format("tensor {}: {}", QuoteForMessage(tensor.name), why)),
                        ErrorClass::kPolicy);
}

std::vector<uint64_t> RowMajorStrides(const std::vector<uint64_t>& shape) {
  std::vector<uint64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) {
    if (__builtin_mul_overflow(strides[i], std::max<uint64_t>(shape[i], 1), &strides[i - 1])) return {};
  }
  return strides;
}

// True when the strides are those of a dense tensor, whatever they say of dimensions of size 1.
bool IsDense(const TorchTensor& tensor) {
  const std::vector<uint64_t> dense = RowMajorStrides(tensor.shape);
  if (dense.size() != tensor.strides.size()) return false;
  for (size_t i = 0; i < dense.size(); ++i) {
    if (tensor.shape[i] != 1 && tensor.strides[i] != dense[i]) return false;
  }
  return true;
}

// One past the last element that the tensor reads, from the storage's view; nullopt when it overflows.
std::optional<uint64_t> ReachOf(const TorchTensor& tensor) {
  uint64_t last = tensor.offset;
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    uint64_t reach = 0;
    if (__builtin_mul_overflow(tensor.shape[i] - 1, tensor.strides[i], &reach) ||
        __builtin_add_overflow(last, reach, &last)) {
      return std::nullopt;
    }
  }
  return last == UINT64_MAX ? std::nullopt : std::optional(last + 1);
}

// The storage's bytes, which must be as many as the pickle says.
absl::StatusOr<StoredRange> PlaceOf(const TorchTensor& tensor, const StoragePlaces& places) {
  auto place = places.find(tensor.storage.key);
  if (place == places.end()) {
    return Bad(tensor, fmt::format("its storage {} is not there", QuoteForMessage(tensor.storage.key)));
  }
  const uint64_t unit = tensor.storage.dtype ? BlockOf(*tensor.storage.dtype).bytes : 1;
  uint64_t expected = 0;
  const uint64_t found = place->second.end - place->second.begin;
  if (__builtin_mul_overflow(tensor.storage.count, unit, &expected) || expected != found) {
    return Bad(tensor, fmt::format("its storage {} has {} bytes, expected {} elements of {}",
                                   QuoteForMessage(tensor.storage.key), found, tensor.storage.count, unit));
  }
  return place->second;
}

// Why a tensor that is sound is not given; empty for most.
std::string WhyNotGiven(const TorchTensor& tensor, const SourceTensor& made, uint64_t storage_bytes) {
  uint64_t dense = BlockOf(tensor.dtype).bytes;
  for (uint64_t size : made.shape) {
    if (__builtin_mul_overflow(dense, size, &dense)) dense = UINT64_MAX;
  }
  if (dense <= limits::kExpandedBytesMax || dense <= storage_bytes) return "";
  return fmt::format("is expanded from {} bytes to more than {}", storage_bytes, limits::kExpandedBytesMax);
}

absl::StatusOr<SourceTensor> Assemble(const TorchTensor& tensor, const StoragePlaces& places, bool big_endian,
                                      std::string* unreadable) {
  SourceTensor made = {.name = tensor.name, .dtype = tensor.dtype, .shape = tensor.shape};
  made.big_endian = big_endian;
  PLUMB_ASSIGN_OR_RETURN(StoredRange storage, PlaceOf(tensor, places));
  if (std::find(made.shape.begin(), made.shape.end(), 0u) != made.shape.end()) return made;
  const uint64_t unit = BlockOf(tensor.dtype).bytes;
  // An untyped storage counts bytes, and so does its view.
  const uint64_t view_unit = tensor.storage.dtype ? BlockOf(*tensor.storage.dtype).bytes : 1;
  const uint64_t view_begin = storage.begin + tensor.storage.view_begin * view_unit;
  const uint64_t view_elements = tensor.storage.view_count * view_unit / unit;
  const std::optional<uint64_t> reach = ReachOf(tensor);
  if (!reach || *reach > view_elements) {
    return Bad(tensor, fmt::format("it reaches past its storage of {} elements", view_elements));
  }
  if (!IsDense(tensor)) made.strides = tensor.strides;
  made.ranges.push_back({storage.file, view_begin + tensor.offset * unit, view_begin + *reach * unit});
  *unreadable = WhyNotGiven(tensor, made, storage.end - storage.begin);
  return made;
}

// Gives tensors whose bytes overlap a number in common.
void MarkShared(std::vector<SourceTensor>& tensors) {
  std::vector<SourceTensor*> by_place;
  for (SourceTensor& tensor : tensors) {
    if (!tensor.ranges.empty()) by_place.push_back(&tensor);
  }
  std::sort(by_place.begin(), by_place.end(),
            [](const auto* a, const auto* b) { return a->ranges[0].begin < b->ranges[0].begin; });
  uint32_t groups = 0;
  uint64_t end = 0;
  for (size_t i = 0; i < by_place.size(); ++i) {
    if (i > 0 && by_place[i]->ranges[0].begin < end) {
      if (!by_place[i - 1]->shared_storage) by_place[i - 1]->shared_storage = groups++;
      by_place[i]->shared_storage = by_place[i - 1]->shared_storage;
    }
    end = std::max(end, by_place[i]->ranges[0].end);
  }
}

}  // namespace

absl::StatusOr<std::unique_ptr<TensorSource>> AssembleTorchSource(TorchContents contents, const StoragePlaces& places,
                                                                  bool big_endian, SourceFile file) {
  TensorSourceParts parts = {.format = "pytorch"};
  for (const TorchTensor& tensor : contents.tensors) {
    std::string unreadable;
    PLUMB_ASSIGN_OR_RETURN(SourceTensor made, Assemble(tensor, places, big_endian, &unreadable));
    if (!unreadable.empty()) {
      NoteUnreadable({tensor.name, std::move(unreadable)}, &contents.notes);
    } else {
      parts.tensors.push_back(std::move(made));
    }
  }
  MarkShared(parts.tensors);
  parts.files.push_back(std::move(file));
  parts.metadata = std::move(contents.metadata);
  parts.notes = std::move(contents.notes);
  return TensorSource::New(std::move(parts));
}

}  // namespace plumb
