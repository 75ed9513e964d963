#include "formats/gguf/tensor_table.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/limits.h"
#include "plumb/base/quote.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"
#include "plumb/gguf/gguf_type.h"
#include "plumb/weights/tensor_size.h"

namespace plumb::gguf {
namespace {

constexpr uint64_t kInt64Max = static_cast<uint64_t>(std::numeric_limits<int64_t>::max());

// ne[] has the fastest dimension first; ours the slowest.
absl::Status ReadShape(Cursor& cursor, SourceTensor* tensor) {
  PLUMB_ASSIGN_OR_RETURN(uint32_t rank, cursor.Read<uint32_t>("the number of dimensions"));
  if (rank > limits::kGgufTensorRankMax) {
    return InvalidArgument(fmt::format("{} dimensions, at most {}", rank, limits::kGgufTensorRankMax));
  }
  for (uint32_t i = 0; i < rank; ++i) {
    PLUMB_ASSIGN_OR_RETURN(uint64_t dimension, cursor.Read<uint64_t>("a dimension"));
    if (dimension > kInt64Max) {
      return InvalidArgument(fmt::format("dimension {} is {}, negative as a signed number", i, dimension));
    }
    tensor->shape.push_back(dimension);
  }
  std::reverse(tensor->shape.begin(), tensor->shape.end());
  // Zeros are left out, so that the order of dimensions does not matter.
  uint64_t elements = 1;
  for (uint64_t dimension : tensor->shape) {
    if (dimension != 0 && (__builtin_mul_overflow(elements, dimension, &elements) || elements > kInt64Max)) {
      return InvalidArgument(fmt::format("shape [{}] has 2^63 elements or more", fmt::join(tensor->shape, ", ")));
    }
  }
  return absl::OkStatus();
}

// Returns where the tensor ends.
absl::StatusOr<uint64_t> ReadEntry(Cursor& cursor, uint64_t expected_offset, SourceTensor* tensor) {
  PLUMB_RETURN_IF_ERROR(ReadShape(cursor, tensor));
  PLUMB_ASSIGN_OR_RETURN(uint32_t type, cursor.Read<uint32_t>("the type"));
  const std::optional<DType> dtype = DTypeOfGgml(type);
  // Newer programs have newer types: that is no damage.
  if (!dtype) return NotUnderstoodFile(fmt::format("type {} is unknown, or was removed from ggml", type));
  tensor->dtype = *dtype;
  PLUMB_ASSIGN_OR_RETURN(uint64_t offset, cursor.Read<uint64_t>("the offset"));
  PLUMB_ASSIGN_OR_RETURN(uint64_t size, TensorSizeBytes(tensor->dtype, tensor->shape));
  if (size > kInt64Max) return InvalidArgument(fmt::format("{} bytes, 2^63 or more", size));
  if (offset != expected_offset) {
    return InvalidArgument(fmt::format("offset {}, expected {}: tensors follow one another, padded to the alignment",
                                       offset, expected_offset));
  }
  uint64_t end;
  if (__builtin_add_overflow(offset, size, &end)) return InvalidArgument("the total size overflows");
  if (size != 0) tensor->ranges.push_back({0, offset, end});
  return end;
}

absl::Status CheckNamesDiffer(const std::vector<SourceTensor>& tensors) {
  std::vector<std::string_view> names;
  names.reserve(tensors.size());
  for (const SourceTensor& tensor : tensors) names.push_back(tensor.name);
  std::sort(names.begin(), names.end());
  auto twin = std::adjacent_find(names.begin(), names.end());
  if (twin == names.end()) return absl::OkStatus();
  return InvalidArgument(fmt::format("tensor {} occurs twice", QuoteForMessage(*twin)));
}

}  // namespace

std::optional<uint64_t> PaddedTo(uint64_t value, uint64_t alignment) {
  uint64_t padded;
  if (__builtin_add_overflow(value, alignment - 1, &padded)) return std::nullopt;
  padded &= ~(alignment - 1);
  return padded > kInt64Max ? std::nullopt : std::optional(padded);
}

absl::StatusOr<std::vector<SourceTensor>> ReadTensorTable(Cursor& cursor, uint64_t count, uint64_t alignment) {
  std::vector<SourceTensor> tensors;
  tensors.reserve(count);
  uint64_t offset = 0;
  for (uint64_t i = 0; i < count; ++i) {
    SourceTensor tensor{.big_endian = cursor.big_endian()};
    absl::StatusOr<std::string> name = cursor.String(limits::kGgufTensorNameBytesMax, "the name");
    if (!name.ok()) return Annotate(name.status(), fmt::format("tensor {}", i));
    tensor.name = *std::move(name);
    absl::StatusOr<uint64_t> end = ReadEntry(cursor, offset, &tensor);
    if (!end.ok()) return Annotate(end.status(), fmt::format("tensor {}", QuoteForMessage(tensor.name)));
    const std::optional<uint64_t> next = PaddedTo(*end, alignment);
    if (!next) return InvalidArgument(fmt::format("tensor {}: the total size overflows", QuoteForMessage(tensor.name)));
    offset = *next;
    tensors.push_back(std::move(tensor));
  }
  PLUMB_RETURN_IF_ERROR(CheckNamesDiffer(tensors));
  return tensors;
}

}  // namespace plumb::gguf
