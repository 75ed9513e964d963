#include "formats/weights/tensor_check.h"

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/weights/tensor_size.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

absl::Status CheckName(std::string_view name) {
  if (name.empty() || name.size() > limits::kTensorNameBytesMax) {
    return InvalidArgument(
        fmt::format("its name has {} bytes, expected 1 to {}", name.size(), limits::kTensorNameBytesMax));
  }
  if (!IsValidUtf8(name) || name.find('\0') != name.npos) {
    return InvalidArgument("its name is not UTF-8 text without NUL");
  }
  return absl::OkStatus();
}

// Bytes in all ranges together, each of which must lie in its file.
absl::StatusOr<uint64_t> StoredBytes(const SourceTensor& tensor, std::span<const SourceFile> files) {
  uint64_t total = 0;
  for (const StoredRange& range : tensor.ranges) {
    if (range.file >= files.size()) return InvalidArgument(fmt::format("there is no file {}", range.file));
    const SourceFile& file = files[range.file];
    if (range.begin > range.end || range.end > file.bytes->Size()) {
      return InvalidArgument(fmt::format("bytes {} to {} are not in {}, which has {}", range.begin, range.end,
                                         file.path, file.bytes->Size()));
    }
    if (__builtin_add_overflow(total, range.end - range.begin, &total)) {
      return InvalidArgument("its ranges overflow 64 bits");
    }
  }
  return total;
}

// Bytes from the first element to the end of the last one that strides reach.
absl::StatusOr<uint64_t> StridedExtent(const SourceTensor& tensor) {
  const DTypeBlock block = BlockOf(tensor.dtype);
  if (block.elements != 1 || block.bytes == 0) {
    return InvalidArgument(fmt::format("{} cannot have strides", DTypeName(tensor.dtype)));
  }
  if (tensor.strides.size() != tensor.shape.size()) {
    return InvalidArgument(fmt::format("{} strides for {} dimensions", tensor.strides.size(), tensor.shape.size()));
  }
  uint64_t last = 0;
  for (size_t i = 0; i < tensor.shape.size(); ++i) {
    if (tensor.shape[i] == 0) return 0;
    uint64_t reach;
    if (__builtin_mul_overflow(tensor.shape[i] - 1, tensor.strides[i], &reach) ||
        __builtin_add_overflow(last, reach, &last)) {
      return InvalidArgument(fmt::format("strides [{}] overflow 64 bits", fmt::join(tensor.strides, ", ")));
    }
  }
  uint64_t bytes;
  if (__builtin_add_overflow(last, 1, &last) || __builtin_mul_overflow(last, uint64_t{block.bytes}, &bytes)) {
    return InvalidArgument(fmt::format("strides [{}] overflow 64 bits", fmt::join(tensor.strides, ", ")));
  }
  return bytes;
}

absl::Status CheckLayout(const SourceTensor& tensor, std::span<const SourceFile> files) {
  if (tensor.shape.size() > limits::kTensorRankMax) {
    return InvalidArgument(fmt::format("{} dimensions, at most {}", tensor.shape.size(), limits::kTensorRankMax));
  }
  PLUMB_ASSIGN_OR_RETURN(uint64_t stored, StoredBytes(tensor, files));
  if (tensor.dtype == DType::kString) {
    if (!tensor.strides.empty()) return InvalidArgument("STRING cannot have strides");
    return TensorSizeBytes(DType::kU8, tensor.shape).status();
  }
  PLUMB_ASSIGN_OR_RETURN(uint64_t expected, TensorSizeBytes(tensor.dtype, tensor.shape));
  if (!tensor.strides.empty()) {
    PLUMB_ASSIGN_OR_RETURN(expected, StridedExtent(tensor));
    if (expected != 0 && tensor.ranges.size() != 1) {
      return InvalidArgument(fmt::format("{} ranges with strides, expected one", tensor.ranges.size()));
    }
  }
  if (stored != expected) {
    return InvalidArgument(fmt::format("{} bytes are stored, dtype and shape need {}", stored, expected));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckSourceTensor(const SourceTensor& tensor, std::span<const SourceFile> files) {
  absl::Status status = CheckName(tensor.name);
  if (status.ok()) status = CheckLayout(tensor, files);
  return status.ok() ? status : Annotate(status, fmt::format("tensor {}", QuoteForMessage(tensor.name)));
}

}  // namespace plumb
