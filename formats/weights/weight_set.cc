#include "plumb/weights/weight_set.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "formats/weights/shard_check.h"
#include "plumb/base/byte_source.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"
#include "plumb/weights/shard_index.h"
#include "plumb/weights/shard_set.h"

namespace plumb {
namespace {

absl::StatusOr<ShardIndex> ReadIndex(const Directory& folder, std::string_view path) {
  PLUMB_ASSIGN_OR_RETURN(auto bytes, DirectoryByteFolder(&folder).Open(path));
  return ReadShardIndex(*bytes, path);
}

absl::StatusOr<std::unique_ptr<SafetensorsFile>> OpenShard(const Directory& folder, const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, folder.OpenFile(path));
  PLUMB_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::FromFd(fd.get(), path));
  return std::make_unique<SafetensorsFile>(std::move(file));
}

// The shards that stand beside `path`, by their names alone; `path` itself when it is none.
absl::StatusOr<std::vector<std::string>> FindShards(const Directory& folder, std::string_view path) {
  const std::optional<ShardSet> set = ShardSet::Of(path);
  if (!set) return std::vector<std::string>{std::string(path)};
  std::vector<std::string> shards = set->FilesIn(folder);
  if (shards.size() >= set->count()) return shards;
  const size_t first = std::find(shards.begin(), shards.end(), set->Path(0)) == shards.end() ? 1 : 0;
  size_t missing = first;
  while (std::find(shards.begin(), shards.end(), set->Path(missing)) != shards.end()) ++missing;
  return NotFound(
      fmt::format("{} is missing: {} of {} shards are here", set->Path(missing), shards.size(), set->count()));
}

}  // namespace

absl::StatusOr<WeightSet> WeightSet::Open(const Directory& folder, std::string_view path) {
  WeightSet set;
  if (path.ends_with(".safetensors.index.json")) {
    PLUMB_ASSIGN_OR_RETURN(ShardIndex index, ReadIndex(folder, path));
    std::string_view beside = path.substr(0, path.rfind('/') == path.npos ? 0 : path.rfind('/') + 1);
    for (const std::string& shard : index.shards) {
      PLUMB_ASSIGN_OR_RETURN(auto file, OpenShard(folder, fmt::format("{}{}", beside, shard)));
      set.files_.push_back(std::move(file));
    }
    std::vector<const SafetensorsHeader*> headers;
    for (const auto& file : set.files_) headers.push_back(&file->header());
    absl::Status status = CheckShards(index, headers);
    if (!status.ok()) return Annotate(status, path);
  } else if (path.ends_with(".safetensors")) {
    PLUMB_ASSIGN_OR_RETURN(const std::vector<std::string> shards, FindShards(folder, path));
    for (const std::string& shard : shards) {
      PLUMB_ASSIGN_OR_RETURN(auto file, OpenShard(folder, shard));
      set.files_.push_back(std::move(file));
    }
  } else {
    return InvalidArgument(
        fmt::format("{} is neither a .safetensors file nor a .safetensors.index.json", QuoteForMessage(path)));
  }

  std::vector<std::pair<const TensorInfo*, uint32_t>> found;
  for (size_t i = 0; i < set.files_.size(); ++i) {
    for (const TensorInfo& tensor : set.files_[i]->header().tensors()) found.emplace_back(&tensor, i);
  }
  std::sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.first->name < b.first->name; });
  for (size_t i = 1; i < found.size(); ++i) {
    if (found[i - 1].first->name != found[i].first->name) continue;
    return WithErrorClass(
        InvalidArgument(fmt::format("{}: tensor {} is in two shards", path, QuoteForMessage(found[i].first->name))),
        ErrorClass::kPolicy);
  }
  for (const auto& [tensor, file] : found) {
    set.tensors_.push_back(tensor);
    set.file_of_.push_back(file);
  }
  return set;
}

size_t WeightSet::IndexOf(std::string_view name) const {
  auto place =
      std::lower_bound(tensors_.begin(), tensors_.end(), name,
                       [](const TensorInfo* tensor, std::string_view wanted) { return tensor->name < wanted; });
  return place != tensors_.end() && (*place)->name == name ? static_cast<size_t>(place - tensors_.begin())
                                                           : tensors_.size();
}

const TensorInfo* WeightSet::Find(std::string_view name) const {
  size_t index = IndexOf(name);
  return index < tensors_.size() ? tensors_[index] : nullptr;
}

std::span<const uint8_t> WeightSet::Bytes(const TensorInfo& tensor) const {
  size_t index = IndexOf(tensor.name);
  return index < tensors_.size() ? files_[file_of_[index]]->Bytes(*tensors_[index]) : std::span<const uint8_t>();
}

void WeightSet::Release(const TensorInfo& tensor) const {
  size_t index = IndexOf(tensor.name);
  if (index < tensors_.size()) files_[file_of_[index]]->Release(*tensors_[index]);
}

}  // namespace plumb
