#include "plumb/tensorflow/bundle_source.h"

#include <map>
#include <optional>

#include "fmt/format.h"
#include "formats/tensorflow/saved_model.h"
#include "formats/tensorflow/table.h"
#include "plumb/base/limits.h"
#include "plumb/base/quote.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"
#include "plumb/protowire/wire_reader.h"
#include "plumb/weights/unreadable_tensor.h"

namespace plumb {
namespace {

constexpr std::string_view kIndexSuffix = ".index";
constexpr std::string_view kVariables = "variables/variables.index";

// How the objects of a checkpoint hang together: no variable.
constexpr std::string_view kObjectGraph = "_CHECKPOINTABLE_OBJECT_GRAPH";
constexpr uint64_t kTypeString = 7;

// TensorFlow's DataType; nullopt for quantised, resource and other types.
std::optional<DType> TypeNumbered(uint64_t type) {
  static const std::map<uint64_t, DType> kTypes = {
      {1, DType::kF32},   {2, DType::kF64},     {3, DType::kI32},    {4, DType::kU8},   {5, DType::kI16},
      {6, DType::kI8},    {7, DType::kString},  {8, DType::kC64},    {9, DType::kI64},  {10, DType::kBool},
      {14, DType::kBF16}, {17, DType::kU16},    {18, DType::kC128},  {19, DType::kF16}, {22, DType::kU32},
      {23, DType::kU64},  {24, DType::kF8E5M2}, {25, DType::kF8E4M3}};
  auto found = kTypes.find(type);
  return found == kTypes.end() ? std::nullopt : std::optional(found->second);
}

std::span<const uint8_t> Bytes(std::string_view text) {
  return {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
}

// BundleHeaderProto, under the empty key.
struct Header {
  uint64_t shards = 1;
  bool big_endian = false;
};

absl::StatusOr<Header> ReadHeader(std::string_view message) {
  Header header;
  WireReader reader(Bytes(message));
  for (WireField field; reader.Next(field);) {
    if (field.number == 1 && field.wire == Wire::kVarint) header.shards = field.value;
    if (field.number == 2 && field.wire == Wire::kVarint) header.big_endian = field.value == 1;
  }
  if (!reader.error().empty()) return RefusedFile(fmt::format("its header is broken: {}", reader.error()));
  if (header.shards == 0 || header.shards > limits::kShardsMax)
    return RefusedFile(fmt::format("it has {} shards", header.shards));
  return header;
}

// BundleEntryProto.
struct Entry {
  uint64_t type = 0;
  std::vector<uint64_t> shape;
  uint64_t shard = 0;
  uint64_t offset = 0;
  uint64_t size = 0;
  uint32_t crc32c = 0;
  bool sliced = false;
};

// TensorShapeProto: dimensions (2), each with a size (1); unknown rank (3).
absl::Status ReadShape(std::span<const uint8_t> message, std::vector<uint64_t>* shape) {
  WireReader reader(message);
  for (WireField field; reader.Next(field);) {
    if (field.number != 2 || field.wire != Wire::kBytes) continue;
    WireReader dimension(field.bytes);
    uint64_t size = 0;
    for (WireField part; dimension.Next(part);) {
      if (part.number == 1 && part.wire == Wire::kVarint) size = part.value;
    }
    if (!dimension.error().empty()) return RefusedFile("a shape is broken");
    shape->push_back(size);
    if (shape->size() > limits::kTensorRankMax) return RefusedFile("a shape has too many dimensions");
  }
  return reader.error().empty() ? absl::OkStatus() : RefusedFile("a shape is broken");
}

absl::StatusOr<Entry> ReadEntry(std::string_view message) {
  Entry entry;
  WireReader reader(Bytes(message));
  for (WireField field; reader.Next(field);) {
    const bool varint = field.wire == Wire::kVarint;
    if (field.number == 1 && varint) entry.type = field.value;
    if (field.number == 2 && field.wire == Wire::kBytes) PLUMB_RETURN_IF_ERROR(ReadShape(field.bytes, &entry.shape));
    if (field.number == 3 && varint) entry.shard = field.value;
    if (field.number == 4 && varint) entry.offset = field.value;
    if (field.number == 5 && varint) entry.size = field.value;
    if (field.number == 6 && field.wire == Wire::kFixed32) entry.crc32c = static_cast<uint32_t>(field.value);
    if (field.number == 7) entry.sliced = true;
  }
  if (!reader.error().empty()) return RefusedFile(fmt::format("its entry is broken: {}", reader.error()));
  return entry;
}

class BundleReader {
 public:
  BundleReader(const ContainerInput& input, std::string index_path)
      : input_(input), index_path_(std::move(index_path)) {
    parts_.format = "tensorflow";
  }

  absl::StatusOr<std::unique_ptr<TensorSource>> Run(const ByteSource& index, std::vector<std::string> notes) {
    PLUMB_ASSIGN_OR_RETURN(auto entries, ReadTable(index));
    if (entries.empty() || !entries.front().first.empty()) return RefusedFile("its index has no header");
    PLUMB_ASSIGN_OR_RETURN(header_, ReadHeader(entries.front().second));
    PLUMB_RETURN_IF_ERROR(OpenShards());
    for (size_t i = 1; i < entries.size(); ++i) {
      absl::Status status = Add(entries[i].first, entries[i].second);
      if (!status.ok()) return Annotate(status, fmt::format("tensor {}", QuoteForMessage(entries[i].first)));
    }
    if (index_ != nullptr) parts_.files.push_back({index_path_, index_});
    parts_.notes.insert(parts_.notes.end(), notes.begin(), notes.end());
    return TensorSource::New(std::move(parts_));
  }

  // The index of a checkpoint inside something else is a file of that, and no container beside it.
  absl::StatusOr<std::unique_ptr<TensorSource>> RunInside(std::shared_ptr<const ByteSource> index,
                                                          std::vector<std::string> notes) {
    index_ = std::move(index);
    return Run(*index_, std::move(notes));
  }

 private:
  absl::Status OpenShards() {
    if (!index_path_.ends_with(kIndexSuffix))
      return RefusedFile("its name does not end in .index, so that its data cannot be found");
    const std::string prefix = index_path_.substr(0, index_path_.size() - kIndexSuffix.size());
    for (uint64_t i = 0; i < header_.shards; ++i) {
      const std::string path = fmt::format("{}.data-{:05}-of-{:05}", prefix, i, header_.shards);
      PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const ByteSource> bytes, input_.folder->Open(path));
      parts_.files.push_back({path, std::move(bytes)});
    }
    return absl::OkStatus();
  }

  absl::Status Add(const std::string& key, std::string_view message) {
    PLUMB_ASSIGN_OR_RETURN(Entry entry, ReadEntry(message));
    const std::optional<DType> dtype = TypeNumbered(entry.type);
    if (!dtype || *dtype == DType::kString || entry.sliced) {
      LeaveOut(key, entry, dtype.has_value());
      return absl::OkStatus();
    }
    if (entry.shard >= header_.shards)
      return RefusedFile(fmt::format("it lies in shard {}, of {}", entry.shard, header_.shards));
    const ByteSource& file = *parts_.files[entry.shard].bytes;
    if (entry.offset > file.Size() || entry.size > file.Size() - entry.offset) {
      return DamagedFile(fmt::format("bytes {} to {} lie outside the {} of its shard", entry.offset,
                                 entry.offset + entry.size, file.Size()));
    }
    PLUMB_RETURN_IF_ERROR(CheckSum(file, entry));
    SourceTensor tensor = {.name = key, .dtype = *dtype, .shape = entry.shape};
    tensor.big_endian = header_.big_endian;
    if (entry.size > 0) {
      tensor.ranges.push_back({static_cast<uint32_t>(entry.shard), entry.offset, entry.offset + entry.size});
    }
    parts_.tensors.push_back(std::move(tensor));
    return absl::OkStatus();
  }

  void LeaveOut(const std::string& key, const Entry& entry, bool known) {
    if (key == kObjectGraph || parts_.notes.size() >= limits::kDocumentNodesMax) return;
    std::string why = "is stored in slices";
    if (!known) why = fmt::format("is of TensorFlow's type {}, which is not read", entry.type);
    const bool text = entry.type == kTypeString;
    NoteUnreadable({key, text ? "holds texts" : std::move(why), !text}, &parts_.notes);
  }

  static absl::Status CheckSum(const ByteSource& file, const Entry& entry) {
    if (file.Mapped().empty()) return absl::OkStatus();
    const uint32_t found = MaskedCrc32c(file.Mapped().subspan(entry.offset, entry.size));
    if (found == entry.crc32c) return absl::OkStatus();
    return DamagedFile(fmt::format("its checksum is {:08x}, expected {:08x}", found, entry.crc32c));
  }

  const ContainerInput& input_;
  std::string index_path_;
  std::shared_ptr<const ByteSource> index_;  // When its file is one of the source's.
  Header header_;
  TensorSourceParts parts_;
};

absl::StatusOr<std::unique_ptr<TensorSource>> Open(const ContainerInput& input) {
  return BundleReader(input, input.path).Run(*input.bytes, {});
}

bool Recognises(const ContainerInput& input) { return EndsLikeTable(*input.bytes); }

absl::StatusOr<std::unique_ptr<TensorSource>> OpenSaved(const ContainerInput& input) {
  PLUMB_ASSIGN_OR_RETURN(std::vector<std::string> notes, NotesOfSavedModel(*input.bytes));
  const std::string path = input.Neighbour(kVariables);
  PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const ByteSource> index, input.folder->Open(path));
  absl::StatusOr<std::unique_ptr<TensorSource>> source =
      BundleReader(input, path).RunInside(std::move(index), std::move(notes));
  return source.ok() ? std::move(source) : Annotate(source.status(), path);
}

}  // namespace

const ContainerFormat& TensorBundleFormat() {
  static constexpr ContainerFormat kFormat = {"tensorflow bundle", Recognises, Open};
  return kFormat;
}

const ContainerFormat& SavedModelFormat() {
  static constexpr ContainerFormat kFormat = {"tensorflow saved model", LooksLikeSavedModel, OpenSaved};
  return kFormat;
}

}  // namespace plumb
