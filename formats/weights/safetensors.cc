#include "plumb/weights/safetensors.h"

#include <algorithm>
#include <numeric>
#include <tuple>
#include <utility>

#include "fmt/format.h"
#include "formats/weights/safetensors_parser.h"
#include "plumb/base/limits.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"
#include "plumb/weights/tensor_size.h"

namespace plumb {
namespace {

constexpr uint64_t kLengthBytes = 8;

absl::Status Refuse(std::string_view rule) {
  return WithErrorClass(InvalidArgument(fmt::format("safetensors: {}", rule)), ErrorClass::kPolicy);
}

uint64_t LoadLittleEndian64(std::span<const uint8_t> bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) value |= static_cast<uint64_t>(bytes[i]) << (8 * i);
  return value;
}

absl::Status CheckSize(const TensorInfo& tensor, bool known_type) {
  auto refuse = [&](std::string_view rule) {
    return InvalidArgument(fmt::format("tensor {}: {}", QuoteForMessage(tensor.name), rule));
  };
  if (tensor.end < tensor.begin) {
    return refuse(fmt::format("data_offsets [{}, {}] end before they begin", tensor.begin, tensor.end));
  }
  if (!known_type) return absl::OkStatus();
  absl::StatusOr<uint64_t> size = TensorSizeBytes(tensor.dtype, tensor.shape);
  if (!size.ok()) return refuse(Message(size.status()));
  if (*size != tensor.size_bytes()) {
    return refuse(fmt::format("data_offsets [{}, {}] span {} bytes, dtype and shape need {}", tensor.begin, tensor.end,
                              tensor.size_bytes(), *size));
  }
  return absl::OkStatus();
}

// `tensors` is sorted by position; together they must be the data, byte for byte.
absl::Status CheckTiling(const std::vector<TensorInfo>& tensors, uint64_t data_bytes) {
  uint64_t done = 0;
  for (const TensorInfo& tensor : tensors) {
    if (tensor.begin != done) {
      return InvalidArgument(fmt::format("tensor {} begins at byte {} of the data, expected {}: {}",
                                         QuoteForMessage(tensor.name), tensor.begin, done,
                                         tensor.begin < done ? "it overlaps another" : "there is a hole"));
    }
    done = tensor.end;
  }
  if (done != data_bytes) {
    return InvalidArgument(fmt::format("tensors cover {} bytes, the file holds {} bytes of data", done, data_bytes));
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<uint32_t>> IndexByName(const std::vector<TensorInfo>& tensors) {
  std::vector<uint32_t> order(tensors.size());
  std::iota(order.begin(), order.end(), 0u);
  std::sort(order.begin(), order.end(), [&](uint32_t a, uint32_t b) { return tensors[a].name < tensors[b].name; });
  auto twin = std::adjacent_find(order.begin(), order.end(),
                                 [&](uint32_t a, uint32_t b) { return tensors[a].name == tensors[b].name; });
  if (twin != order.end()) {
    return InvalidArgument(fmt::format("tensor {} occurs twice", QuoteForMessage(tensors[*twin].name)));
  }
  return order;
}

}  // namespace

uint64_t TensorInfo::element_count() const {
  uint64_t count = 1;
  for (uint64_t dimension : shape) count *= dimension;
  return count;
}

absl::StatusOr<uint64_t> SafetensorsHeader::PrefixBytes(std::span<const uint8_t> first8, uint64_t file_bytes) {
  if (first8.size() < kLengthBytes || file_bytes < kLengthBytes) {
    return Refuse(fmt::format("the file has {} bytes, expected at least {}",
                              std::min<uint64_t>(first8.size(), file_bytes), kLengthBytes));
  }
  uint64_t header_bytes = LoadLittleEndian64(first8);
  if (header_bytes > limits::kSafetensorsHeaderBytesMax) {
    return Refuse(fmt::format("the header is said to have {} bytes, at most {} are allowed", header_bytes,
                              limits::kSafetensorsHeaderBytesMax));
  }
  if (header_bytes > file_bytes - kLengthBytes) {
    return Refuse(
        fmt::format("the header is said to have {} bytes, only {} follow", header_bytes, file_bytes - kLengthBytes));
  }
  return kLengthBytes + header_bytes;
}

absl::StatusOr<SafetensorsHeader> SafetensorsHeader::Parse(std::span<const uint8_t> prefix, uint64_t file_bytes) {
  PLUMB_ASSIGN_OR_RETURN(uint64_t data_offset, PrefixBytes(prefix, file_bytes));
  if (prefix.size() < data_offset) {
    return Refuse(fmt::format("{} bytes were given, the header ends at {}", prefix.size(), data_offset));
  }
  absl::StatusOr<SafetensorsJson> json =
      ParseSafetensorsJson(AsText(prefix.subspan(kLengthBytes, data_offset - kLengthBytes)));
  if (!json.ok()) return Refuse(Message(json.status()));

  SafetensorsHeader header;
  header.data_offset_ = data_offset;
  header.metadata_ = std::move(json->metadata);
  header.tensors_ = std::move(json->tensors);
  for (const TensorInfo& tensor : header.tensors_) {
    const auto unreadable = json->unreadable.find(tensor.name);
    const bool known = unreadable == json->unreadable.end() || unreadable->second == kEmptyName;
    if (absl::Status status = CheckSize(tensor, known); !status.ok()) return Refuse(Message(status));
  }
  auto lies_before = [](const TensorInfo& a, const TensorInfo& b) {
    return std::tie(a.begin, a.end, a.name) < std::tie(b.begin, b.end, b.name);
  };
  // Most writers list tensors as they lie.
  if (!std::is_sorted(header.tensors_.begin(), header.tensors_.end(), lies_before)) {
    std::sort(header.tensors_.begin(), header.tensors_.end(), lies_before);
  }
  absl::StatusOr<std::vector<uint32_t>> by_name = IndexByName(header.tensors_);
  if (!by_name.ok()) return Refuse(Message(by_name.status()));
  header.by_name_ = *std::move(by_name);
  if (absl::Status status = CheckTiling(header.tensors_, file_bytes - data_offset); !status.ok()) {
    return Refuse(Message(status));
  }
  if (!json->unreadable.empty()) {
    std::erase_if(header.tensors_, [&](const TensorInfo& tensor) { return json->unreadable.contains(tensor.name); });
    PLUMB_ASSIGN_OR_RETURN(header.by_name_, IndexByName(header.tensors_));
  }
  for (TensorInfo& tensor : header.tensors_) {
    tensor.begin += data_offset;
    tensor.end += data_offset;
  }
  return header;
}

absl::StatusOr<SafetensorsHeader> SafetensorsHeader::Read(int fd, std::string_view name) {
  PLUMB_ASSIGN_OR_RETURN(uint64_t file_bytes, FileSize(fd, name));
  std::vector<uint8_t> prefix(std::min(file_bytes, kLengthBytes));
  PLUMB_RETURN_IF_ERROR(PreadExactly(fd, prefix, 0, name));
  absl::StatusOr<uint64_t> prefix_bytes = PrefixBytes(prefix, file_bytes);
  if (!prefix_bytes.ok()) return Annotate(prefix_bytes.status(), name);
  prefix.resize(*prefix_bytes);
  PLUMB_RETURN_IF_ERROR(PreadExactly(fd, prefix, 0, name));
  absl::StatusOr<SafetensorsHeader> header = Parse(prefix, file_bytes);
  if (!header.ok()) return Annotate(header.status(), name);
  return header;
}

const TensorInfo* SafetensorsHeader::Find(std::string_view name) const {
  auto found = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                [&](uint32_t index, std::string_view wanted) { return tensors_[index].name < wanted; });
  if (found == by_name_.end() || tensors_[*found].name != name) return nullptr;
  return &tensors_[*found];
}

absl::StatusOr<SafetensorsFile> SafetensorsFile::Open(const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, OpenForReading(path));
  return FromFd(fd.get(), path);
}

absl::StatusOr<SafetensorsFile> SafetensorsFile::FromFd(int fd, std::string_view name) {
  PLUMB_ASSIGN_OR_RETURN(MappedFile map, MappedFile::FromFd(fd, name));
  absl::StatusOr<SafetensorsHeader> header = SafetensorsHeader::Parse(map.bytes(), map.bytes().size());
  if (!header.ok()) return Annotate(header.status(), name);
  return SafetensorsFile(std::move(map), *std::move(header));
}

std::span<const uint8_t> SafetensorsFile::Bytes(const TensorInfo& tensor) const {
  return map_.bytes().subspan(tensor.begin, tensor.size_bytes());
}

}  // namespace plumb
