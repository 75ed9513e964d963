// A sharded checkpoint: an index and the checkpoints beside it.
#include <algorithm>
#include <set>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "plumb/archive/zip.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/quote.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"
#include "plumb/pytorch/pytorch_source.h"
#include "plumb/weights/append_source.h"
#include "plumb/weights/shard_index.h"
#include "plumb/weights/unreadable_tensor.h"

namespace plumb {
namespace {

constexpr std::string_view kEnding = ".bin";

absl::StatusOr<std::string> ReadText(const ByteSource& bytes) {
  if (bytes.Size() > limits::kShardIndexBytesMax) {
    return RefusedFile(fmt::format("it has {} bytes, at most {} are read", bytes.Size(), limits::kShardIndexBytesMax));
  }
  std::string text(bytes.Size(), '\0');
  PLUMB_RETURN_IF_ERROR(bytes.Read(0, {reinterpret_cast<uint8_t*>(text.data()), text.size()}));
  return text;
}

bool Recognises(const ContainerInput& input) {
  const std::string_view head = AsText(input.head);
  const size_t first = head.find_first_not_of(" \t\r\n");
  if (first == head.npos || head[first] != '{' || input.bytes->Size() > limits::kShardIndexBytesMax) return false;
  absl::StatusOr<std::string> text = ReadText(*input.bytes);
  if (!text.ok()) return false;
  const size_t map = text->find("\"weight_map\"");
  return map != text->npos && text->find(".bin\"", map) != text->npos &&
         text->find(".safetensors\"", map) == text->npos;
}

// A shard is a checkpoint, never another index.
absl::StatusOr<std::unique_ptr<TensorSource>> OpenShard(const ContainerInput& index, const std::string& shard) {
  ContainerInput input{.folder = index.folder, .path = index.Neighbour(shard), .bytes = nullptr, .head = {}};
  PLUMB_ASSIGN_OR_RETURN(input.bytes, index.folder->Open(input.path));
  std::vector<uint8_t> head(std::min(input.bytes->Size(), kContainerHeadBytesMin));
  PLUMB_RETURN_IF_ERROR(input.bytes->Read(0, head));
  input.head = head;
  if (LooksLikeZip(input.head)) {
    PLUMB_ASSIGN_OR_RETURN(ZipArchive archive, ZipArchive::Open(input.bytes));
    if (PytorchZipFormat().recognises(archive)) return PytorchZipFormat().open(input, archive);
  }
  if (PytorchLegacyFormat().recognises(input)) return PytorchLegacyFormat().open(input);
  return RefusedFile("it is no PyTorch checkpoint");
}

// Adds the tensors of one shard, all of which the index must place there.
absl::Status Append(const TensorSource& source, const ShardIndex& index, const std::string& shard,
                    TensorSourceParts* parts) {
  for (const SourceTensor& tensor : source.tensors()) {
    auto entry = index.shard_of.find(tensor.name);
    if (entry == index.shard_of.end() || entry->second != shard) {
      return RefusedFile(fmt::format("it holds tensor {}, which the index places {}", QuoteForMessage(tensor.name),
                                     entry == index.shard_of.end() ? "nowhere" : "in " + entry->second));
    }
  }
  AppendSource(source, parts);
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<TensorSource>> Open(const ContainerInput& input) {
  PLUMB_ASSIGN_OR_RETURN(std::string text, ReadText(*input.bytes));
  PLUMB_ASSIGN_OR_RETURN(ShardIndex index, ShardIndex::Parse(text, kEnding));
  TensorSourceParts parts{.format = "pytorch"};
  std::set<std::string> unreadable;
  for (const std::string& shard : index.shards) {
    absl::StatusOr<std::unique_ptr<TensorSource>> source = OpenShard(input, shard);
    absl::Status status = source.ok() ? Append(**source, index, shard, &parts) : source.status();
    for (const UnreadableTensor& tensor : source.ok() ? UnreadableIn(**source) : std::vector<UnreadableTensor>()) {
      if (index.shard_of.contains(tensor.name)) unreadable.insert(tensor.name);
    }
    if (!status.ok()) return Annotate(status, fmt::format("shard {}", shard));
  }
  std::set<std::string> held = std::move(unreadable);
  for (const SourceTensor& tensor : parts.tensors) held.insert(tensor.name);
  if (held.size() != index.shard_of.size()) {
    return RefusedFile(
        fmt::format("the index names {} tensors, the shards hold {} of them", index.shard_of.size(), held.size()));
  }
  return TensorSource::New(std::move(parts));
}

}  // namespace

const ContainerFormat& PytorchIndexFormat() {
  static constexpr ContainerFormat kFormat = {"pytorch index", Recognises, Open};
  return kFormat;
}

}  // namespace plumb
