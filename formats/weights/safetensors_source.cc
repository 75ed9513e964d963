#include "plumb/weights/safetensors_source.h"

#include <algorithm>
#include <array>
#include <utility>

#include "fmt/format.h"
#include "formats/weights/safetensors_parser.h"
#include "formats/weights/shard_check.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/weights/safetensors.h"

namespace plumb {
namespace {

constexpr uint64_t kLengthBytes = 8;

bool IsJsonSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// The header of a file that lies anywhere, read by its own bytes only.
absl::StatusOr<SafetensorsHeader> ReadHeader(const ByteSource& bytes, std::string_view path,
                                             std::vector<std::string>* notes) {
  ByteWindow window(bytes);
  auto parse = [&]() -> absl::StatusOr<SafetensorsHeader> {
    PLUMB_ASSIGN_OR_RETURN(auto first8, window.At(0, std::min(bytes.Size(), kLengthBytes)));
    PLUMB_ASSIGN_OR_RETURN(uint64_t prefix_bytes, SafetensorsHeader::PrefixBytes(first8, bytes.Size()));
    PLUMB_ASSIGN_OR_RETURN(auto prefix, window.At(0, prefix_bytes));
    for (std::string& note : NotesOnSafetensorsJson(AsText(prefix.subspan(kLengthBytes)))) {
      notes->push_back(std::move(note));
    }
    return SafetensorsHeader::Parse(prefix, bytes.Size());
  };
  absl::StatusOr<SafetensorsHeader> header = parse();
  if (!header.ok()) return Annotate(header.status(), path);
  return header;
}

void AppendFile(std::string path, std::shared_ptr<const ByteSource> bytes, const SafetensorsHeader& header,
                TensorSourceParts* parts) {
  const uint32_t file = static_cast<uint32_t>(parts->files.size());
  parts->files.push_back({std::move(path), std::move(bytes)});
  for (const TensorInfo& info : header.tensors()) {
    SourceTensor tensor{.name = info.name, .dtype = info.dtype, .shape = info.shape};
    tensor.ranges.push_back({file, info.begin, info.end});
    parts->tensors.push_back(std::move(tensor));
  }
}

void AppendMetadata(const SafetensorsHeader& header, TensorSourceParts* parts) {
  for (const auto& [key, value] : header.metadata()) parts->metadata.push_back({.key = key, .value = value});
}

// Writers count the tensors' bytes or the files': anything else is worth a word.
void NoteTotal(const ShardIndex& index, TensorSourceParts* parts) {
  uint64_t tensor_bytes = 0, file_bytes = 0;
  for (const SourceTensor& tensor : parts->tensors) tensor_bytes += tensor.size_bytes();
  for (const SourceFile& file : parts->files) file_bytes += file.bytes->Size();
  if (!index.total_bytes || *index.total_bytes == tensor_bytes || *index.total_bytes == file_bytes) return;
  parts->notes.push_back(fmt::format("metadata.total_size is {}; the tensors have {} bytes, the files {}",
                                     *index.total_bytes, tensor_bytes, file_bytes));
}

bool RecognisesFile(const ContainerInput& input) {
  if (input.head.size() <= kLengthBytes) return false;
  uint64_t length = 0;
  for (size_t i = 0; i < kLengthBytes; ++i) length |= static_cast<uint64_t>(input.head[i]) << (8 * i);
  if (length > input.bytes->Size() - kLengthBytes) return false;
  std::string_view json = AsText(input.head.subspan(kLengthBytes));
  json = json.substr(0, std::min<uint64_t>(json.size(), length));
  auto first = std::find_if_not(json.begin(), json.end(), IsJsonSpace);
  return first != json.end() && *first == '{';
}

absl::StatusOr<std::unique_ptr<TensorSource>> OpenFile(const ContainerInput& input) {
  TensorSourceParts parts{.format = "safetensors"};
  PLUMB_ASSIGN_OR_RETURN(SafetensorsHeader header, ReadHeader(*input.bytes, input.path, &parts.notes));
  AppendFile(input.path, input.bytes, header, &parts);
  AppendMetadata(header, &parts);
  return TensorSource::New(std::move(parts));
}

bool RecognisesIndex(const ContainerInput& input) {
  std::string_view head = AsText(input.head);
  auto first = std::find_if_not(head.begin(), head.end(), IsJsonSpace);
  if (first == head.end() || *first != '{' || input.bytes->Size() > limits::kShardIndexBytesMax) return false;
  // The first entry of the map follows its name closely, but writers may put much metadata before.
  std::string text(input.bytes->Size(), '\0');
  if (!input.bytes->Read(0, {reinterpret_cast<uint8_t*>(text.data()), text.size()}).ok()) return false;
  size_t map = text.find("\"weight_map\"");
  return map != text.npos && text.find(".safetensors\"", map) != text.npos;
}

absl::StatusOr<std::unique_ptr<TensorSource>> OpenIndex(const ContainerInput& input) {
  PLUMB_ASSIGN_OR_RETURN(ShardIndex index, ReadShardIndex(*input.bytes, input.path));
  TensorSourceParts parts{.format = "safetensors"};
  std::vector<SafetensorsHeader> headers;
  for (const std::string& shard : index.shards) {
    const std::string path = input.Neighbour(shard);
    PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const ByteSource> bytes, input.folder->Open(path));
    PLUMB_ASSIGN_OR_RETURN(SafetensorsHeader header, ReadHeader(*bytes, path, &parts.notes));
    AppendFile(path, std::move(bytes), header, &parts);
    headers.push_back(std::move(header));
  }
  std::vector<const SafetensorsHeader*> borrowed;
  for (const SafetensorsHeader& header : headers) borrowed.push_back(&header);
  PLUMB_RETURN_IF_ERROR(CheckShards(index, borrowed));
  NoteTotal(index, &parts);
  if (!headers.empty()) AppendMetadata(headers.front(), &parts);
  return TensorSource::New(std::move(parts));
}

}  // namespace

const ContainerFormat& SafetensorsFormat() {
  static constexpr ContainerFormat kFormat = {"safetensors", RecognisesFile, OpenFile};
  return kFormat;
}

const ContainerFormat& SafetensorsIndexFormat() {
  static constexpr ContainerFormat kFormat = {"safetensors index", RecognisesIndex, OpenIndex};
  return kFormat;
}

}  // namespace plumb
