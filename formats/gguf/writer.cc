#include "plumb/gguf/writer.h"

#include <utility>

#include "fmt/format.h"
#include "formats/gguf/key_value_writer.h"
#include "formats/gguf/tensor_table.h"
#include "plumb/base/byte_source.h"
#include "plumb/base/limits.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"
#include "plumb/gguf/gguf.h"
#include "plumb/gguf/gguf_type.h"
#include "plumb/weights/tensor_size.h"

namespace plumb::gguf {
namespace {

absl::Status AppendTensor(const GgufTensor& tensor, uint64_t offset, uint64_t* size, std::string* out) {
  auto refuse = [&](std::string_view rule) {
    return InvalidArgument(fmt::format("write tensor {}: {}", QuoteForMessage(tensor.name), rule));
  };
  const std::optional<uint32_t> type = GgmlOfDType(tensor.dtype);
  if (!type) return refuse(fmt::format("GGUF has no type {}", DTypeName(tensor.dtype)));
  if (tensor.name.empty() || tensor.name.size() > limits::kGgufTensorNameBytesMax) {
    return refuse(
        fmt::format("its name has {} bytes, expected 1 to {}", tensor.name.size(), limits::kGgufTensorNameBytesMax));
  }
  if (tensor.shape.size() > limits::kGgufTensorRankMax) {
    return refuse(fmt::format("{} dimensions, at most {}", tensor.shape.size(), limits::kGgufTensorRankMax));
  }
  absl::StatusOr<uint64_t> bytes = TensorSizeBytes(tensor.dtype, tensor.shape);
  if (!bytes.ok()) return refuse(Message(bytes.status()));
  *size = *bytes;
  AppendString(tensor.name, out);
  AppendNumber(static_cast<uint32_t>(tensor.shape.size()), out);
  for (size_t i = tensor.shape.size(); i-- > 0;) AppendNumber(tensor.shape[i], out);
  AppendNumber(*type, out);
  AppendNumber(offset, out);
  return absl::OkStatus();
}

uint64_t AlignmentIn(const std::vector<MetadataEntry>& metadata) {
  for (const MetadataEntry& entry : metadata) {
    if (entry.key != "general.alignment") continue;
    // What cannot be an alignment the reader refuses below, with its reason.
    if (const uint64_t* value = std::get_if<uint64_t>(&entry.value); value != nullptr && *value != 0) return *value;
  }
  return GgufHeader().alignment;
}

// Stands for a file of which only the header exists.
class HeaderOnly : public ByteSource {
 public:
  HeaderOnly(const std::string& header, uint64_t size) : header_(header), size_(size) {}
  uint64_t Size() const override { return size_; }
  absl::Status Read(uint64_t offset, std::span<uint8_t> out) const override {
    for (size_t i = 0; i < out.size(); ++i) {
      out[i] = offset + i < header_.size() ? static_cast<uint8_t>(header_[offset + i]) : 0;
    }
    return absl::OkStatus();
  }

 private:
  const std::string& header_;
  uint64_t size_;
};

}  // namespace

absl::StatusOr<GgufLayout> LayOutGguf(const std::vector<MetadataEntry>& metadata,
                                      const std::vector<GgufTensor>& tensors) {
  const uint64_t alignment = AlignmentIn(metadata);
  GgufLayout layout;
  std::string& header = layout.header;
  header = "GGUF";
  AppendNumber(uint32_t{3}, &header);
  AppendNumber(static_cast<uint64_t>(tensors.size()), &header);
  AppendNumber(static_cast<uint64_t>(metadata.size()), &header);
  for (const MetadataEntry& entry : metadata) PLUMB_RETURN_IF_ERROR(AppendKeyValue(entry, &header));
  uint64_t offset = 0;
  for (const GgufTensor& tensor : tensors) {
    uint64_t size = 0;
    PLUMB_RETURN_IF_ERROR(AppendTensor(tensor, offset, &size, &header));
    layout.offsets.push_back(offset);
    layout.size_bytes.push_back(size);
    const std::optional<uint64_t> next =
        size > limits::kFileBytesMax ? std::nullopt : PaddedTo(offset + size, alignment);
    if (!next) return InvalidArgument(fmt::format("write tensor {}: too large", QuoteForMessage(tensor.name)));
    offset = *next;
  }
  if (!tensors.empty()) header.resize(PaddedTo(header.size(), alignment).value_or(header.size()), '\0');
  for (uint64_t& each : layout.offsets) each += header.size();
  layout.file_bytes = header.size() + offset;
  // The reader is the judge of every rule.
  PLUMB_RETURN_IF_ERROR(GgufHeader::Read(HeaderOnly(header, layout.file_bytes), "what is written").status());
  return layout;
}

absl::StatusOr<std::string> SerializeGguf(const std::vector<MetadataEntry>& metadata,
                                          const std::vector<GgufTensor>& tensors,
                                          const std::vector<std::span<const uint8_t>>& bytes) {
  if (bytes.size() != tensors.size()) {
    return InvalidArgument(fmt::format("{} tensors, bytes of {}", tensors.size(), bytes.size()));
  }
  PLUMB_ASSIGN_OR_RETURN(GgufLayout layout, LayOutGguf(metadata, tensors));
  std::string file = std::move(layout.header);
  for (size_t i = 0; i < tensors.size(); ++i) {
    if (bytes[i].size() != layout.size_bytes[i]) {
      return InvalidArgument(fmt::format("write tensor {}: {} bytes given, type and shape need {}",
                                         QuoteForMessage(tensors[i].name), bytes[i].size(), layout.size_bytes[i]));
    }
    file.resize(layout.offsets[i], '\0');
    file.append(AsText(bytes[i]));
  }
  file.resize(layout.file_bytes, '\0');
  return file;
}

}  // namespace plumb::gguf
