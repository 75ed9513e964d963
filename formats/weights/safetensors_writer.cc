#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "formats/weights/safetensors_parser.h"
#include "nlohmann/json.hpp"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"
#include "plumb/weights/safetensors.h"
#include "plumb/weights/safetensors_layout.h"
#include "plumb/weights/tensor_size.h"

namespace plumb {
namespace {

// `text`, which is valid UTF-8, as a JSON string.
std::string JsonString(const std::string& text) { return nlohmann::json(text).dump(); }

// The tensor's bytes, when it can be written.
absl::StatusOr<uint64_t> CheckTensor(const TensorToPlace& tensor) {
  auto refuse = [&](std::string_view rule) {
    return InvalidArgument(fmt::format("write tensor {}: {}", QuoteForMessage(tensor.name), rule));
  };
  if (tensor.name.empty() || tensor.name.size() > limits::kTensorNameBytesMax || tensor.name == "__metadata__" ||
      tensor.name.find('\0') != tensor.name.npos || !IsValidUtf8(tensor.name)) {
    return refuse(fmt::format("the name must be 1 to {} bytes of UTF-8 without NUL, and not __metadata__",
                              limits::kTensorNameBytesMax));
  }
  if (tensor.shape.size() > limits::kTensorRankMax) {
    return refuse(fmt::format("{} dimensions, at most {}", tensor.shape.size(), limits::kTensorRankMax));
  }
  if (!IsSafetensorsDType(tensor.dtype)) {
    return refuse(fmt::format("safetensors has no dtype {}", DTypeName(tensor.dtype)));
  }
  absl::StatusOr<uint64_t> size = TensorSizeBytes(tensor.dtype, tensor.shape);
  if (!size.ok()) return refuse(Message(size.status()));
  return size;
}

absl::StatusOr<std::string> MetadataJson(const std::map<std::string, std::string>& metadata) {
  if (metadata.size() > limits::kSafetensorsMetadataEntriesMax) {
    return InvalidArgument(
        fmt::format("write metadata: {} entries, at most {}", metadata.size(), limits::kSafetensorsMetadataEntriesMax));
  }
  std::vector<std::string> entries;
  for (const auto& [key, value] : metadata) {
    if (!IsValidUtf8(key) || !IsValidUtf8(value)) {
      return InvalidArgument(fmt::format("write metadata {}: not UTF-8", QuoteForMessage(key)));
    }
    entries.push_back(JsonString(key) + ":" + JsonString(value));
  }
  return fmt::format("\"__metadata__\":{{{}}}", fmt::join(entries, ","));
}

}  // namespace

absl::StatusOr<ContainerLayout> LayOutSafetensors(const std::vector<TensorToPlace>& tensors,
                                                  const std::map<std::string, std::string>& metadata) {
  ContainerLayout layout;
  layout.data.resize(tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    PLUMB_ASSIGN_OR_RETURN(layout.data[i].size_bytes, CheckTensor(tensors[i]));
  }
  std::vector<size_t> order(tensors.size());
  std::iota(order.begin(), order.end(), size_t{0});
  // DType is declared by rising alignment, in the reference implementation's order.
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return tensors[a].dtype != tensors[b].dtype ? tensors[a].dtype > tensors[b].dtype
                                                : tensors[a].name < tensors[b].name;
  });

  std::vector<std::string> entries;
  if (!metadata.empty()) {
    PLUMB_ASSIGN_OR_RETURN(std::string entry, MetadataJson(metadata));
    entries.push_back(std::move(entry));
  }
  uint64_t offset = 0;
  for (size_t i : order) {
    layout.data[i].offset = offset;
    uint64_t end = 0;
    if (__builtin_add_overflow(offset, layout.data[i].size_bytes, &end) || end > limits::kFileBytesMax) {
      return InvalidArgument(
          fmt::format("write tensor {}: the file becomes too large", QuoteForMessage(tensors[i].name)));
    }
    entries.push_back(fmt::format("{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}",
                                  JsonString(tensors[i].name), DTypeName(tensors[i].dtype),
                                  fmt::join(tensors[i].shape, ","), offset, end));
    offset = end;
  }
  std::string header = fmt::format("{{{}}}", fmt::join(entries, ","));
  header.resize((header.size() + 7) / 8 * 8, ' ');
  std::string head;
  for (int i = 0; i < 8; ++i) head.push_back(static_cast<char>(header.size() >> (8 * i)));
  head += header;
  for (ContainerLayout::Place& place : layout.data) place.offset += head.size();
  layout.file_bytes = head.size() + offset;
  // One place knows the rules, a name used twice among them: what we write, we must be able to read.
  PLUMB_RETURN_IF_ERROR(SafetensorsHeader::Parse(AsBytes(head), layout.file_bytes).status());
  layout.fixed.push_back({0, std::move(head)});
  return layout;
}

absl::StatusOr<std::string> SerializeSafetensors(const std::vector<TensorToWrite>& tensors,
                                                 const std::map<std::string, std::string>& metadata) {
  std::vector<TensorToPlace> descriptions;
  for (const TensorToWrite& tensor : tensors) descriptions.push_back({tensor.name, tensor.dtype, tensor.shape});
  PLUMB_ASSIGN_OR_RETURN(ContainerLayout layout, LayOutSafetensors(descriptions, metadata));
  std::string file = std::move(layout.fixed[0].bytes);
  file.resize(layout.file_bytes);
  for (size_t i = 0; i < tensors.size(); ++i) {
    const std::span<const uint8_t> bytes = tensors[i].bytes;
    if (bytes.size() != layout.data[i].size_bytes) {
      return InvalidArgument(fmt::format("write tensor {}: {} bytes given, dtype and shape need {}",
                                         QuoteForMessage(tensors[i].name), bytes.size(), layout.data[i].size_bytes));
    }
    std::copy(bytes.begin(), bytes.end(), file.begin() + static_cast<ptrdiff_t>(layout.data[i].offset));
  }
  return file;
}

}  // namespace plumb
