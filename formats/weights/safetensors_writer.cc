#include <algorithm>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "formats/weights/safetensors_parser.h"
#include "plumb/weights/tensor_size.h"
#include "nlohmann/json.hpp"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"
#include "plumb/weights/safetensors.h"

namespace plumb {
namespace {

// `text`, which is valid UTF-8, as a JSON string.
std::string JsonString(const std::string& text) { return nlohmann::json(text).dump(); }

absl::Status CheckTensor(const TensorToWrite& tensor) {
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
  if (*size != tensor.bytes.size()) {
    return refuse(fmt::format("{} bytes given, dtype and shape need {}", tensor.bytes.size(), *size));
  }
  return absl::OkStatus();
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

absl::StatusOr<std::string> SerializeSafetensors(const std::vector<TensorToWrite>& tensors,
                                                 const std::map<std::string, std::string>& metadata) {
  std::vector<const TensorToWrite*> order;
  for (const TensorToWrite& tensor : tensors) {
    PLUMB_RETURN_IF_ERROR(CheckTensor(tensor));
    order.push_back(&tensor);
  }
  // DType is declared by rising alignment, in the reference implementation's order.
  std::sort(order.begin(), order.end(), [](const TensorToWrite* a, const TensorToWrite* b) {
    return a->dtype != b->dtype ? a->dtype > b->dtype : a->name < b->name;
  });

  std::vector<std::string> entries;
  if (!metadata.empty()) {
    PLUMB_ASSIGN_OR_RETURN(std::string entry, MetadataJson(metadata));
    entries.push_back(std::move(entry));
  }
  uint64_t offset = 0;
  for (const TensorToWrite* tensor : order) {
    uint64_t end = offset + tensor->bytes.size();
    entries.push_back(fmt::format("{}:{{\"dtype\":\"{}\",\"shape\":[{}],\"data_offsets\":[{},{}]}}",
                                  JsonString(tensor->name), DTypeName(tensor->dtype), fmt::join(tensor->shape, ","),
                                  offset, end));
    offset = end;
  }
  std::string header = fmt::format("{{{}}}", fmt::join(entries, ","));
  header.resize((header.size() + 7) / 8 * 8, ' ');

  std::string file;
  file.reserve(8 + header.size() + offset);
  for (int i = 0; i < 8; ++i) file.push_back(static_cast<char>(header.size() >> (8 * i)));
  file += header;
  for (const TensorToWrite* tensor : order) file += AsText(tensor->bytes);
  // One place knows the rules, a name used twice among them: what we write, we must be able to read.
  PLUMB_RETURN_IF_ERROR(SafetensorsHeader::Parse(AsBytes(file), file.size()).status());
  return file;
}

}  // namespace plumb
