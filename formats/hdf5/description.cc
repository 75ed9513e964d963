#include "formats/hdf5/description.h"

#include <optional>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "formats/hdf5/payload_reader.h"
#include "plumb/base/file.h"
#include "plumb/base/path.h"
#include "plumb/base/quote.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"
#include "plumb/weights/tensor_size.h"

namespace plumb::hdf5 {
namespace {

// In the order of Element.
constexpr DType kDTypes[] = {DType::kI8,  DType::kU8,   DType::kI16, DType::kU16,  DType::kI32,
                             DType::kU32, DType::kI64,  DType::kU64, DType::kF16,  DType::kF32,
                             DType::kF64, DType::kBool, DType::kC64, DType::kC128, DType::kBF16};
static_assert(std::size(kDTypes) == kElementCount);

absl::Status Nonsense(std::string_view what) {
  return RefusedFile(fmt::format("the process that reads it talks nonsense: {}", what));
}

// The child's words, without what a terminal would trip over.
std::string Words(std::span<const uint8_t> payload) {
  constexpr size_t kShownMax = 400;
  std::string words(AsText(payload.first(std::min(payload.size(), kShownMax))));
  for (char& c : words) c = c >= 0x20 && c < 0x7f ? c : '?';
  return words;
}

template <typename T, typename ReadOne>
std::optional<MetadataValue> ValuesOf(PayloadReader& reader, bool list, uint32_t count, ReadOne read_one) {
  if (!list) return MetadataValue(T(read_one()));
  std::vector<T> values;
  for (uint32_t i = 0; i < count && reader.ok(); ++i) values.push_back(T(read_one()));
  return MetadataValue(std::move(values));
}

// nullopt when it cannot be taken apart.
std::optional<MetadataValue> ReadValue(PayloadReader& reader) {
  const uint8_t kind = reader.U8();
  const bool list = reader.U8() != 0;
  const uint32_t count = reader.U32();
  // A text takes four bytes at least, a number eight.
  if (count > reader.remaining_bytes() / 4 || (!list && count != 1)) return std::nullopt;
  switch (static_cast<ValueKind>(kind)) {
    case ValueKind::kSigned:
      return ValuesOf<int64_t>(reader, list, count, [&] { return static_cast<int64_t>(reader.U64()); });
    case ValueKind::kUnsigned:
      return ValuesOf<uint64_t>(reader, list, count, [&] { return reader.U64(); });
    case ValueKind::kReal:
      return ValuesOf<double>(reader, list, count, [&] { return reader.Real(); });
    case ValueKind::kText:
      return ValuesOf<std::string>(reader, list, count, [&] { return reader.Text(); });
  }
  return std::nullopt;
}

bool IsText(const MetadataValue& value) {
  if (const auto* text = std::get_if<std::string>(&value)) return IsValidUtf8(*text);
  const auto* texts = std::get_if<std::vector<std::string>>(&value);
  if (texts == nullptr) return true;
  for (const std::string& text : *texts) {
    if (!IsValidUtf8(text)) return false;
  }
  return true;
}

// Chunks in the grid over `shape`; nullopt for one of nothing, or of more than is allowed.
std::optional<uint64_t> GridOf(const std::vector<uint64_t>& shape, const std::vector<uint64_t>& chunk_shape) {
  uint64_t grid = 1;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (chunk_shape[i] == 0 || shape[i] == 0) return std::nullopt;
    if (__builtin_mul_overflow(grid, (shape[i] - 1) / chunk_shape[i] + 1, &grid)) return std::nullopt;
    if (grid > limits::kHdf5ChunksMax) return std::nullopt;
  }
  return grid;
}

absl::Status ReadChunking(PayloadReader& reader, uint64_t element_bytes, Hdf5Dataset* dataset, uint64_t* grid) {
  for (size_t i = 0; i < dataset->shape.size(); ++i) dataset->chunk_shape.push_back(reader.U64());
  const uint8_t filters = reader.U8();
  for (uint8_t i = 0; i < filters && reader.ok(); ++i) {
    const uint8_t filter = reader.U8();
    if (filter < 1 || filter > 3) return Nonsense(fmt::format("a filter {}", filter));
    dataset->filters.push_back(static_cast<Hdf5Filter>(filter - 1));
  }
  dataset->bytes = std::string(reader.Text());
  if (!reader.AtEnd() || dataset->bytes.size() != element_bytes || dataset->shape.empty()) {
    return Nonsense("a chunked dataset cannot be taken apart");
  }
  const std::optional<uint64_t> chunks = GridOf(dataset->shape, dataset->chunk_shape);
  if (!chunks) {
    return RefusedFile(fmt::format("it is in more than {} chunks, or in chunks of nothing", limits::kHdf5ChunksMax));
  }
  PLUMB_ASSIGN_OR_RETURN(uint64_t bytes, TensorSizeBytes(dataset->dtype, dataset->chunk_shape));
  if (bytes > limits::kHdf5ChunkBytesMax) {
    return RefusedFile(fmt::format("a chunk has {} bytes, at most {} are read", bytes, limits::kHdf5ChunkBytesMax));
  }
  *grid = *chunks;
  return absl::OkStatus();
}

}  // namespace

absl::Status Description::Take(FrameKind kind, std::span<const uint8_t> payload) {
  if (ended_) return Nonsense("more after the end");
  taken_bytes_ += payload.size();
  if (taken_bytes_ > limits::kHdf5DescriptionBytesMax) {
    return RefusedFile(fmt::format("its description has more than {} bytes", limits::kHdf5DescriptionBytesMax));
  }
  if (kind != FrameKind::kRefused && file_.groups.empty() && kind != FrameKind::kGroup) {
    return Nonsense("no root group");
  }
  switch (kind) {
    case FrameKind::kGroup:
      return TakeGroup(payload);
    case FrameKind::kAttribute:
      return TakeAttribute(payload);
    case FrameKind::kDataset:
      return TakeDataset(payload);
    case FrameKind::kChunks:
      return TakeChunks(payload);
    case FrameKind::kLeftOut:
      return TakeLeftOut(payload);
    case FrameKind::kRefused:
      return RefusedFile(Words(payload));
    case FrameKind::kEnd:
      ended_ = true;
      return payload.empty() ? absl::OkStatus() : Nonsense("an end with something in it");
    default:
      return Nonsense(fmt::format("a frame of kind {}", static_cast<int>(kind)));
  }
}

absl::Status Description::TakeGroup(std::span<const uint8_t> payload) {
  PayloadReader reader(payload);
  Hdf5Group group{.path = std::string(reader.Text()), .attributes = {}};
  if (!reader.AtEnd() || group.path.empty() != file_.groups.empty()) return Nonsense("a group without a path");
  if (file_.groups.size() + file_.datasets.size() >= limits::kHdf5ObjectsMax) {
    return RefusedFile(fmt::format("it has more than {} groups and datasets", limits::kHdf5ObjectsMax));
  }
  file_.groups.push_back(std::move(group));
  attribute_names_.clear();
  return absl::OkStatus();
}

absl::Status Description::TakeAttribute(std::span<const uint8_t> payload) {
  PayloadReader reader(payload);
  MetadataEntry entry{.key = std::string(reader.Text()), .value = {}, .stored_as = {}};
  std::optional<MetadataValue> value = ReadValue(reader);
  if (!value || !reader.AtEnd()) return Nonsense("an attribute cannot be taken apart");
  if (!attribute_names_.insert(entry.key).second) {
    return RefusedFile(fmt::format("the attribute {} occurs twice", QuoteForMessage(entry.key)));
  }
  if (!IsValidUtf8(entry.key) || !IsText(*value)) return absl::OkStatus();  // Bytes that are no text: nothing to show.
  entry.value = *std::move(value);
  file_.groups.back().attributes.push_back(std::move(entry));
  return absl::OkStatus();
}

absl::Status Description::TakeDataset(std::span<const uint8_t> payload) {
  PayloadReader reader(payload);
  Hdf5Dataset dataset;
  chunk_grid_ = 0;
  dataset.path = std::string(reader.Text());
  dataset.object = reader.U64();
  const uint8_t element = reader.U8();
  dataset.big_endian = reader.U8() != 0;
  const uint8_t rank = reader.U8();
  if (dataset.path.empty() || element >= kElementCount || rank > kRankMax || !reader.ok()) {
    return Nonsense("a dataset cannot be taken apart");
  }
  dataset.dtype = kDTypes[element];
  for (uint8_t i = 0; i < rank; ++i) dataset.shape.push_back(reader.U64());
  const uint8_t layout = reader.U8();
  auto take = [&]() -> absl::Status {
    PLUMB_ASSIGN_OR_RETURN(uint64_t bytes, TensorSizeBytes(dataset.dtype, dataset.shape));
    const uint64_t element_bytes = BlockOf(dataset.dtype).bytes;
    switch (static_cast<Layout>(layout)) {
      case Layout::kContiguous:
        dataset.layout = Hdf5Dataset::Layout::kContiguous;
        dataset.begin = reader.U64();
        if (!reader.AtEnd()) return Nonsense("a dataset cannot be taken apart");
        if (dataset.begin <= file_bytes_ && bytes <= file_bytes_ - dataset.begin) return absl::OkStatus();
        return RefusedFile(
            fmt::format("{} bytes at {} are not in the file, which has {}", bytes, dataset.begin, file_bytes_));
      case Layout::kInline:
      case Layout::kFill: {
        const bool filled = static_cast<Layout>(layout) == Layout::kFill;
        dataset.layout = filled ? Hdf5Dataset::Layout::kFill : Hdf5Dataset::Layout::kInline;
        dataset.bytes = std::string(reader.Text());
        const bool fits = dataset.bytes.size() == (filled ? element_bytes : bytes);
        return reader.AtEnd() && fits ? absl::OkStatus() : Nonsense("a dataset cannot be taken apart");
      }
      case Layout::kChunked:
        dataset.layout = Hdf5Dataset::Layout::kChunked;
        return ReadChunking(reader, element_bytes, &dataset, &chunk_grid_);
    }
    return Nonsense("a dataset of no layout");
  };
  absl::Status status = take();
  if (!status.ok()) {
    const absl::Status annotated = Annotate(status, fmt::format("dataset {}", QuoteForMessage(dataset.path)));
    return WithErrorClass(annotated, ErrorClass::kPolicy);
  }
  if (file_.groups.size() + file_.datasets.size() >= limits::kHdf5ObjectsMax) {
    return RefusedFile(fmt::format("it has more than {} groups and datasets", limits::kHdf5ObjectsMax));
  }
  file_.datasets.push_back(std::move(dataset));
  return absl::OkStatus();
}

absl::Status Description::TakeChunks(std::span<const uint8_t> payload) {
  PayloadReader reader(payload);
  if (file_.datasets.empty() || chunk_grid_ == 0 || payload.empty() || payload.size() % kChunkRowBytes != 0) {
    return Nonsense("chunks of nothing");
  }
  Hdf5Dataset& dataset = file_.datasets.back();
  for (size_t i = 0; i < payload.size() / kChunkRowBytes; ++i) {
    Hdf5Chunk chunk;
    chunk.index = reader.U64();
    chunk.begin = reader.U64();
    chunk.stored_bytes = reader.U32();
    chunk.skipped_filters = reader.U32();
    if (chunk.index >= chunk_grid_ || (!dataset.chunks.empty() && chunk.index <= dataset.chunks.back().index)) {
      return Nonsense("chunks out of order");
    }
    if (++chunks_ > limits::kHdf5ChunksMax) {
      return RefusedFile(fmt::format("it has more than {} chunks", limits::kHdf5ChunksMax));
    }
    if (chunk.begin > file_bytes_ || chunk.stored_bytes > file_bytes_ - chunk.begin) {
      return RefusedFile(fmt::format("dataset {}: chunk {} is not in the file: {} bytes at {} of {}",
                                     QuoteForMessage(dataset.path), chunk.index, chunk.stored_bytes, chunk.begin,
                                     file_bytes_));
    }
    dataset.chunks.push_back(chunk);
  }
  return absl::OkStatus();
}

absl::Status Description::TakeLeftOut(std::span<const uint8_t> payload) {
  if (file_.left_out.size() >= limits::kHdf5ObjectsMax) return Nonsense("too much left out");
  PayloadReader reader(payload);
  Hdf5LeftOut left_out{.path = std::string(reader.Text()), .why = {}};
  left_out.why = Words(AsBytes(reader.Text()));
  if (!reader.AtEnd()) return Nonsense("a dataset cannot be taken apart");
  file_.left_out.push_back(std::move(left_out));
  return absl::OkStatus();
}

}  // namespace plumb::hdf5
