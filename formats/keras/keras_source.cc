#include "plumb/keras/keras_source.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "formats/keras/keras_config.h"
#include "formats/keras/keras_names.h"
#include "formats/keras/sub_range.h"
#include "plumb/archive/zip.h"
#include "plumb/base/python_json.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/quote.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"
#include "plumb/hdf5/chunked_source.h"
#include "plumb/hdf5/hdf5_file.h"
#include "plumb/weights/tensor_size.h"
#include "plumb/weights/unreadable_tensor.h"

namespace plumb {
namespace {

constexpr std::string_view kConfig = "config.json";
constexpr std::string_view kMetadata = "metadata.json";
constexpr std::string_view kWeights = "model.weights.h5";
constexpr std::string_view kConfigKey = "model_config";

// An HDF5 file and where it lies in the file that was opened.
struct Place {
  std::shared_ptr<const ByteSource> bytes;
  SourceFile file;
  uint64_t begin = 0;  // In `file`.
};

// Makes tensors of datasets.
class Assembler {
 public:
  Assembler(Place place, TensorSourceParts parts) : place_(std::move(place)), parts_(std::move(parts)) {
    parts_.files.push_back(place_.file);
  }

  absl::StatusOr<std::unique_ptr<TensorSource>> Run(const Hdf5File& file) {
    PLUMB_ASSIGN_OR_RETURN(std::vector<NamedDataset> names, NameDatasets(file));
    std::map<uint64_t, uint32_t> paths;  // How many lead to one dataset.
    for (const Hdf5Dataset& dataset : file.datasets) ++paths[dataset.object];
    for (NamedDataset& named : names) {
      const Hdf5Dataset& dataset = file.datasets[named.dataset];
      SourceTensor tensor = {.name = std::move(named.name), .dtype = dataset.dtype, .shape = dataset.shape};
      tensor.big_endian = dataset.big_endian;
      PLUMB_RETURN_IF_ERROR(Locate(dataset, &tensor));
      if (paths[dataset.object] > 1) tensor.shared_storage = NumberOf(dataset.object);
      parts_.tensors.push_back(std::move(tensor));
    }
    if (!inline_bytes_.empty()) parts_.files[inline_file_].bytes = MemoryByteSource(std::move(inline_bytes_));
    TakeMetadata(file);
    TakeLeftOut(file);
    return TensorSource::New(std::move(parts_));
  }

 private:
  absl::Status Locate(const Hdf5Dataset& dataset, SourceTensor* tensor) {
    PLUMB_ASSIGN_OR_RETURN(uint64_t bytes, TensorSizeBytes(dataset.dtype, dataset.shape));
    if (bytes == 0) return absl::OkStatus();
    switch (dataset.layout) {
      case Hdf5Dataset::Layout::kContiguous:
        tensor->ranges.push_back({0, place_.begin + dataset.begin, place_.begin + dataset.begin + bytes});
        return absl::OkStatus();
      case Hdf5Dataset::Layout::kFill:
        tensor->strides.assign(dataset.shape.size(), 0);
        expanded_bytes_ += std::min(bytes, limits::kExpandedBytesMax + 1);
        if (expanded_bytes_ > limits::kExpandedBytesMax) {
          return RefusedFile(fmt::format("dataset {} was never written and makes more than {} bytes",
                                         QuoteForMessage(dataset.path), limits::kExpandedBytesMax));
        }
        AddInline(dataset, tensor);
        return absl::OkStatus();
      case Hdf5Dataset::Layout::kInline:
        AddInline(dataset, tensor);
        return absl::OkStatus();
      case Hdf5Dataset::Layout::kChunked:
        return AddChunked(dataset, bytes, tensor);
    }
    return absl::OkStatus();
  }

  void AddInline(const Hdf5Dataset& dataset, SourceTensor* tensor) {
    if (inline_bytes_.empty()) {
      inline_file_ = static_cast<uint32_t>(parts_.files.size());
      parts_.files.push_back({fmt::format("{}:inline", place_.file.path), nullptr, true});
    }
    tensor->ranges.push_back({inline_file_, inline_bytes_.size(), inline_bytes_.size() + dataset.bytes.size()});
    inline_bytes_ += dataset.bytes;
  }

  absl::Status AddChunked(const Hdf5Dataset& dataset, uint64_t bytes, SourceTensor* tensor) {
    unpacked_bytes_ += std::min(bytes, limits::kUnpackedBytesMax + 1);
    if (unpacked_bytes_ > limits::kUnpackedBytesMax) {
      return RefusedFile(fmt::format("it unpacks to more than {} bytes", limits::kUnpackedBytesMax));
    }
    PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const ByteSource> unpacked,
                           ChunkedByteSource(dataset, place_.bytes, cache_));
    tensor->ranges.push_back({static_cast<uint32_t>(parts_.files.size()), 0, bytes});
    parts_.files.push_back({fmt::format("{}:{}", place_.file.path, dataset.path), std::move(unpacked), true});
    return absl::OkStatus();
  }

  uint32_t NumberOf(uint64_t object) {
    return shared_.emplace(object, static_cast<uint32_t>(shared_.size())).first->second;
  }

  // What the root says, and what the group of the weights says besides.
  void TakeMetadata(const Hdf5File& file) {
    std::set<std::string> keys;
    for (const MetadataEntry& entry : parts_.metadata) keys.insert(entry.key);
    for (std::string_view path : {"", "model_weights"}) {
      for (const Hdf5Group& group : file.groups) {
        if (group.path != path) continue;
        for (const MetadataEntry& entry : group.attributes) {
          if (keys.insert(entry.key).second) parts_.metadata.push_back(entry);
        }
        break;
      }
    }
    for (const MetadataEntry& entry : parts_.metadata) {
      const auto* config = entry.key == kConfigKey ? std::get_if<std::string>(&entry.value) : nullptr;
      if (config == nullptr) continue;
      for (std::string& note : NotesOnConfig(*config)) parts_.notes.push_back(std::move(note));
    }
  }

  void TakeLeftOut(const Hdf5File& file) {
    for (const Hdf5LeftOut& left_out : file.left_out) {
      NoteUnreadable({left_out.path, left_out.why, left_out.weight()}, &parts_.notes);
    }
  }

  Place place_;
  TensorSourceParts parts_;
  std::shared_ptr<ChunkCache> cache_ = std::make_shared<ChunkCache>();
  std::string inline_bytes_;
  uint32_t inline_file_ = 0;
  uint64_t expanded_bytes_ = 0;
  uint64_t unpacked_bytes_ = 0;
  std::map<uint64_t, uint32_t> shared_;
};

absl::StatusOr<std::unique_ptr<TensorSource>> OpenHdf5(const ContainerInput& input) {
  PLUMB_ASSIGN_OR_RETURN(Hdf5File file, ReadHdf5(*input.bytes));
  return Assembler({input.bytes, {input.path, input.bytes}, 0}, {.format = "hdf5"}).Run(file);
}

absl::StatusOr<std::string> ReadText(const ZipArchive& archive, std::string_view name) {
  const ZipEntry* entry = archive.Find(name);
  if (entry == nullptr) return RefusedFile(fmt::format("it has no {}", name));
  PLUMB_ASSIGN_OR_RETURN(std::string text, archive.Read(*entry, limits::kConfigBytesMax));
  if (!IsValidUtf8(text)) return RefusedFile(fmt::format("{} is no UTF-8 text", name));
  return text;
}

// The members of metadata.json that are texts, and the configuration.
absl::StatusOr<std::vector<MetadataEntry>> ReadArchiveMetadata(const ZipArchive& archive) {
  std::vector<MetadataEntry> metadata;
  PLUMB_ASSIGN_OR_RETURN(std::string text, ReadText(archive, kMetadata));
  absl::StatusOr<nlohmann::json> parsed = ParsePythonJson(text, kMetadata, RepeatedKeys::kRefused);
  if (!parsed.ok()) return WithErrorClass(parsed.status(), ErrorClass::kPolicy);
  if (!parsed->is_object()) return RefusedFile(fmt::format("{} is no object", kMetadata));
  for (const auto& [key, value] : parsed->items()) {
    if (value.is_string() && key != kConfigKey) metadata.push_back({key, value.get<std::string>(), {}});
  }
  PLUMB_ASSIGN_OR_RETURN(std::string config, ReadText(archive, kConfig));
  metadata.push_back({std::string(kConfigKey), std::move(config), {}});
  return metadata;
}

// The weights where they lie, or unpacked.
absl::StatusOr<Place> PlaceOf(const ZipArchive& archive, const ContainerInput& input) {
  const ZipEntry* entry = archive.Find(kWeights);
  if (entry == nullptr) return RefusedFile(fmt::format("it has no {}; weights of other kinds are not read", kWeights));
  if (!entry->deflated) {
    return Place{SubRange(input.bytes, entry->begin, entry->size_bytes), {input.path, input.bytes}, entry->begin};
  }
  PLUMB_ASSIGN_OR_RETURN(std::string data, archive.Read(*entry, limits::kUnpackedBytesMax));
  std::shared_ptr<const ByteSource> bytes = MemoryByteSource(std::move(data));
  return Place{bytes, {fmt::format("{}:{}", input.path, kWeights), bytes, true}, 0};
}

absl::StatusOr<std::unique_ptr<TensorSource>> OpenKeras(const ContainerInput& input, const ZipArchive& archive) {
  TensorSourceParts parts = {.format = "keras"};
  PLUMB_ASSIGN_OR_RETURN(parts.metadata, ReadArchiveMetadata(archive));
  PLUMB_ASSIGN_OR_RETURN(Place place, PlaceOf(archive, input));
  absl::StatusOr<Hdf5File> file = ReadHdf5(*place.bytes);
  if (!file.ok()) return Annotate(file.status(), kWeights);
  return Assembler(std::move(place), std::move(parts)).Run(*file);
}

bool RecognisesHdf5(const ContainerInput& input) { return LooksLikeHdf5(input.head); }

bool RecognisesKeras(const ZipArchive& archive) {
  return archive.Find(kConfig) != nullptr && archive.Find(kMetadata) != nullptr;
}

}  // namespace

const ContainerFormat& Hdf5Format() {
  static constexpr ContainerFormat kFormat = {"hdf5", RecognisesHdf5, OpenHdf5};
  return kFormat;
}

const ZipContainerFormat& KerasFormat() {
  static constexpr ZipContainerFormat kFormat = {"keras", RecognisesKeras, OpenKeras};
  return kFormat;
}

}  // namespace plumb
