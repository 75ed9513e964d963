#include "plumb/weights/tensor_source.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <utility>

#include "fmt/format.h"
#include "formats/weights/byte_order.h"
#include "formats/weights/tensor_check.h"
#include "plumb/base/limits.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"
#include "plumb/weights/tensor_size.h"
#include "plumb/weights/weight_set.h"

namespace plumb {
namespace {

// What is read and decoded at a time, where bytes cannot be used where they lie.
constexpr uint64_t kPieceBytes = 256u << 10;

absl::Status Refuse(std::string_view format, std::string_view rule) {
  return WithErrorClass(InvalidArgument(fmt::format("{}: {}", format, rule)), ErrorClass::kPolicy);
}

// STRING is read byte by byte.
DTypeBlock UnitOf(DType dtype) { return dtype == DType::kString ? DTypeBlock{1, 1} : BlockOf(dtype); }

absl::Status CheckElements(const SourceTensor& tensor, uint64_t first, uint64_t count) {
  const uint64_t held = tensor.element_count();
  if (first <= held && count <= held - first) return absl::OkStatus();
  return OutOfRange(fmt::format("tensor {}: elements {} to {} wanted, it has {}", QuoteForMessage(tensor.name), first,
                                first + count, held));
}

}  // namespace

uint64_t SourceTensor::element_count() const {
  uint64_t count = 1;
  for (uint64_t dimension : shape) count *= dimension;
  return count;
}

uint64_t SourceTensor::size_bytes() const {
  if (dtype != DType::kString) return TensorSizeBytes(dtype, shape).value_or(0);
  uint64_t stored = 0;
  for (const StoredRange& range : ranges) stored += range.end - range.begin;
  return stored;
}

TensorSource::TensorSource(TensorSourceParts parts)
    : parts_(std::move(parts)), metadata_(std::move(parts_.metadata)), by_name_(parts_.tensors.size()) {
  const std::vector<SourceTensor>& tensors = parts_.tensors;
  std::iota(by_name_.begin(), by_name_.end(), 0u);
  std::sort(by_name_.begin(), by_name_.end(),
            [&](uint32_t a, uint32_t b) { return tensors[a].name < tensors[b].name; });
}

absl::StatusOr<std::unique_ptr<TensorSource>> TensorSource::New(TensorSourceParts parts) {
  for (const SourceTensor& tensor : parts.tensors) {
    absl::Status status = CheckSourceTensor(tensor, parts.files);
    if (!status.ok()) return Refuse(parts.format, Message(status));
    if (IsGgmlBlockDType(tensor.dtype) && (parts.codec.decode == nullptr || parts.codec.swap == nullptr)) {
      return Internal(fmt::format("{}: no codec for {}", parts.format, DTypeName(tensor.dtype)));
    }
  }
  if (std::optional<std::string> twin = Metadata::FindDuplicate(parts.metadata)) {
    return Refuse(parts.format, fmt::format("metadata key {} occurs twice", QuoteForMessage(*twin)));
  }
  std::unique_ptr<TensorSource> source(new TensorSource(std::move(parts)));
  const std::vector<SourceTensor>& tensors = source->tensors();
  auto twin = std::adjacent_find(source->by_name_.begin(), source->by_name_.end(),
                                 [&](uint32_t a, uint32_t b) { return tensors[a].name == tensors[b].name; });
  if (twin != source->by_name_.end()) {
    return Refuse(source->format(), fmt::format("tensor {} occurs twice", QuoteForMessage(tensors[*twin].name)));
  }
  return source;
}

const SourceTensor* TensorSource::Find(std::string_view name) const {
  const std::vector<SourceTensor>& tensors = parts_.tensors;
  auto found = std::lower_bound(by_name_.begin(), by_name_.end(), name,
                                [&](uint32_t index, std::string_view wanted) { return tensors[index].name < wanted; });
  return found != by_name_.end() && tensors[*found].name == name ? &tensors[*found] : nullptr;
}

absl::StatusOr<uint64_t> TensorSource::CountBadBlocks(const SourceTensor& tensor, uint64_t first,
                                                      uint64_t count) const {
  if (!IsGgmlBlockDType(tensor.dtype) || parts_.codec.count_bad == nullptr) return 0;
  const DTypeBlock block = BlockOf(tensor.dtype);
  const uint64_t end = (first + count) / block.elements * block.bytes;
  std::vector<uint8_t> piece(kPieceBytes / block.bytes * block.bytes);
  uint64_t bad = 0;
  for (uint64_t at = first / block.elements * block.bytes; at < end; at += piece.size()) {
    piece.resize(std::min<uint64_t>(piece.size(), end - at));
    PLUMB_RETURN_IF_ERROR(ReadBytes(tensor, at, piece));
    bad += parts_.codec.count_bad(tensor.dtype, piece);
  }
  return bad;
}

std::optional<std::span<const uint8_t>> TensorSource::View(const SourceTensor& tensor) const {
  if (tensor.ranges.empty()) return std::span<const uint8_t>();
  if (tensor.ranges.size() != 1 || !tensor.strides.empty()) return std::nullopt;
  if (tensor.big_endian && UnitOf(tensor.dtype).bytes > 1) return std::nullopt;
  const StoredRange& range = tensor.ranges[0];
  const ByteSource& bytes = *parts_.files[range.file].bytes;
  if (bytes.Mapped().size() != bytes.Size()) return std::nullopt;
  return bytes.Mapped().subspan(range.begin, range.end - range.begin);
}

void TensorSource::Release(const SourceTensor& tensor) const {
  for (const StoredRange& range : tensor.ranges) parts_.files[range.file].bytes->Release(range.begin, range.end);
}

absl::Status TensorSource::ReadStored(const SourceTensor& tensor, uint64_t first, std::span<uint8_t> out) const {
  for (const StoredRange& range : tensor.ranges) {
    if (out.empty()) break;
    const uint64_t length = range.end - range.begin;
    if (first >= length) {
      first -= length;
      continue;
    }
    const size_t count = std::min<uint64_t>(out.size(), length - first);
    absl::Status status = parts_.files[range.file].bytes->Read(range.begin + first, out.first(count));
    if (!status.ok()) return Annotate(status, parts_.files[range.file].path);
    out = out.subspan(count);
    first = 0;
  }
  return absl::OkStatus();
}

absl::Status TensorSource::Gather(const SourceTensor& tensor, uint64_t first, std::span<uint8_t> out) const {
  const uint64_t unit = BlockOf(tensor.dtype).bytes;
  const StoredRange& range = tensor.ranges[0];
  const ByteSource& bytes = *parts_.files[range.file].bytes;
  const size_t rank = tensor.shape.size();
  // Where along each dimension the next element stands, and how many elements that is from the first.
  std::vector<uint64_t> index(rank);
  uint64_t position = 0;
  for (size_t i = rank; i-- > 0; first /= tensor.shape[i]) {
    index[i] = first % tensor.shape[i];
    position += index[i] * tensor.strides[i];
  }
  const std::span<const uint8_t> mapped = bytes.Mapped();
  for (size_t at = 0; at < out.size(); at += unit) {
    const uint64_t from = range.begin + position * unit;
    if (!mapped.empty()) {
      std::memcpy(out.data() + at, mapped.data() + from, unit);
    } else {
      PLUMB_RETURN_IF_ERROR(bytes.Read(from, out.subspan(at, unit)));
    }
    for (size_t i = rank; i-- > 0;) {
      position += tensor.strides[i];
      if (++index[i] < tensor.shape[i]) break;
      position -= tensor.shape[i] * tensor.strides[i];
      index[i] = 0;
    }
  }
  return absl::OkStatus();
}

absl::Status TensorSource::ReadUnits(const SourceTensor& tensor, uint64_t first, std::span<uint8_t> out) const {
  if (out.empty()) return absl::OkStatus();
  if (tensor.strides.empty()) {
    PLUMB_RETURN_IF_ERROR(ReadStored(tensor, first * UnitOf(tensor.dtype).bytes, out));
  } else {
    PLUMB_RETURN_IF_ERROR(Gather(tensor, first, out));
  }
  if (tensor.big_endian && IsGgmlBlockDType(tensor.dtype)) {
    parts_.codec.swap(tensor.dtype, out);
  } else if (tensor.big_endian && tensor.dtype != DType::kString) {
    ReverseEach(out, NumberBytes(tensor.dtype));
  }
  return absl::OkStatus();
}

absl::Status TensorSource::ReadBytes(const SourceTensor& tensor, uint64_t first, std::span<uint8_t> out) const {
  const uint64_t held = tensor.size_bytes();
  if (first > held || out.size() > held - first) {
    return OutOfRange(fmt::format("tensor {}: bytes {} to {} wanted, it has {}", QuoteForMessage(tensor.name), first,
                                  first + out.size(), held));
  }
  const uint64_t unit = UnitOf(tensor.dtype).bytes;
  if (first % unit == 0 && out.size() % unit == 0) return ReadUnits(tensor, first / unit, out);
  std::vector<uint8_t> piece;
  while (!out.empty()) {
    const uint64_t skipped = first % unit;
    const uint64_t wanted = std::min<uint64_t>(kPieceBytes / unit * unit, skipped + out.size());
    piece.resize((wanted + unit - 1) / unit * unit);
    PLUMB_RETURN_IF_ERROR(ReadUnits(tensor, first / unit, piece));
    std::memcpy(out.data(), piece.data() + skipped, wanted - skipped);
    first += wanted - skipped;
    out = out.subspan(wanted - skipped);
  }
  return absl::OkStatus();
}

absl::Status TensorSource::Decode(DType dtype, std::span<const uint8_t> units, std::span<float> out) const {
  if (IsGgmlBlockDType(dtype)) return parts_.codec.decode(dtype, units, out);
  return DecodeToF32(dtype, units, 0, out);
}

absl::Status TensorSource::ReadF32(const SourceTensor& tensor, uint64_t first, std::span<float> out) const {
  PLUMB_RETURN_IF_ERROR(CheckElements(tensor, first, out.size()));
  if (tensor.dtype == DType::kString) {
    return InvalidArgument(fmt::format("tensor {} holds texts, not numbers", QuoteForMessage(tensor.name)));
  }
  const DTypeBlock block = BlockOf(tensor.dtype);
  const std::optional<std::span<const uint8_t>> view = View(tensor);
  if (view && first % block.elements == 0 && out.size() % block.elements == 0) {
    return Decode(tensor.dtype,
                  view->subspan(first / block.elements * block.bytes, out.size() / block.elements * block.bytes), out);
  }
  std::vector<uint8_t> units;
  std::vector<float> decoded;
  while (!out.empty()) {
    const uint64_t skipped = first % block.elements;
    const uint64_t wanted = std::min<uint64_t>(kPieceBytes / block.bytes * block.elements, skipped + out.size());
    const uint64_t count = (wanted + block.elements - 1) / block.elements;
    units.resize(count * block.bytes);
    PLUMB_RETURN_IF_ERROR(ReadUnits(tensor, first / block.elements, units));
    decoded.resize(count * block.elements);
    PLUMB_RETURN_IF_ERROR(Decode(tensor.dtype, units, decoded));
    std::copy_n(decoded.begin() + static_cast<ptrdiff_t>(skipped), wanted - skipped, out.begin());
    first += wanted - skipped;
    out = out.subspan(wanted - skipped);
  }
  return absl::OkStatus();
}

}  // namespace plumb
