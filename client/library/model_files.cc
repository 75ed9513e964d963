#include "client/library/model_files.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/byte_source.h"
#include "plumb/base/directory.h"
#include "plumb/base/limits.h"
#include "plumb/base/local_path.h"
#include "plumb/base/status.h"
#include "plumb/containers/file_roles.h"
#include "plumb/containers/open.h"

namespace plumb {
namespace {

// Models named in an error.
constexpr size_t kNamesMax = 8;

// With its slash; empty for the top.
std::string_view FolderOf(std::string_view path) { return path.substr(0, path.rfind('/') + 1); }

// The set that a shard's name puts it in: `dir/model-*-of-00003.safetensors`; empty for other names.
std::string ShardSetOf(std::string_view path) {
  const size_t of = path.rfind("-of-");
  if (of == path.npos || of == 0) return "";
  size_t first = of;
  while (first > 0 && path[first - 1] >= '0' && path[first - 1] <= '9') --first;
  const size_t total = of + 4;
  const bool numbered = first < of && total < path.size() && path[total] >= '0' && path[total] <= '9';
  if (!numbered) return "";
  return fmt::format("{}*{}", path.substr(0, first), path.substr(of));
}

// Looks for containers in files of one folder.
class ModelFinder {
 public:
  ModelFinder(const Directory& directory, const Operation& operation)
      : directory_(directory), folder_(&directory), operation_(operation) {}

  absl::Status LookAt(std::vector<std::string> paths) {
    std::sort(paths.begin(), paths.end(), [](const std::string& a, const std::string& b) {
      return std::pair(!IsShardIndex(a), std::string_view(a)) < std::pair(!IsShardIndex(b), std::string_view(b));
    });
    for (const std::string& path : paths) {
      PLUMB_RETURN_IF_ERROR(operation_.Check());
      if (!covered_.contains(path) && !IsGolden(path)) PLUMB_RETURN_IF_ERROR(LookAtFile(path));
    }
    return absl::OkStatus();
  }

  // The one model that was found. `name`: what was asked for, for messages.
  absl::StatusOr<ModelFiles> Take(std::string_view name) {
    if (models_.size() > 1) {
      std::erase_if(models_, [this](const auto& model) {
        return models_.size() > 1 && IsTrainingState(model.second.path) && HasWeights();
      });
    }
    if (models_.empty() && !error_.ok()) return error_;
    if (models_.empty()) return NotFound(fmt::format("{} holds no container of weights", name));
    if (models_.size() > 1) return Several(name);
    ModelFiles model = std::move(models_.begin()->second);
    model.facts = FactsFor(model);
    return model;
  }

 private:
  absl::Status LookAtFile(const std::string& path) {
    PLUMB_ASSIGN_OR_RETURN(std::string_view format, ContainerFormatOf(folder_, path));
    if (format.empty()) return absl::OkStatus();
    absl::StatusOr<std::unique_ptr<TensorSource>> source = OpenTensorSource(folder_, path);
    if (!source.ok()) {
      // A later part of a split file does not open by itself; others may be the model that is meant.
      if (error_.ok()) error_ = source.status();
      return absl::OkStatus();
    }
    const std::string set = ShardSetOf(path);
    ModelFiles& model = models_[set.empty() ? path : set];
    if (model.path.empty()) {
      model.path = path;
      model.format = (*source)->format();
    }
    covered_.insert(path);
    model.files.push_back(path);
    for (const SourceFile& file : (*source)->files()) {
      covered_.insert(file.path);
      if (file.path != path) model.files.push_back(file.path);
    }
    model.sources.push_back(*std::move(source));
    return absl::OkStatus();
  }

  bool HasWeights() const {
    return std::any_of(models_.begin(), models_.end(),
                       [](const auto& model) { return !IsTrainingState(model.second.path); });
  }

  absl::Status Several(std::string_view name) const {
    std::vector<std::string_view> names;
    for (const auto& [key, model] : models_) names.push_back(model.path);
    const size_t count = names.size();
    names.resize(std::min(count, kNamesMax));
    return WithErrorClass(InvalidArgument(fmt::format("{} holds {} models, name the file of one: {}{}", name, count,
                                                      fmt::join(names, ", "), count > kNamesMax ? ", ..." : "")),
                          ErrorClass::kUsage);
  }

  ModelFacts FactsFor(const ModelFiles& model) const {
    ModelFacts facts = FactsOfMetadata(model.sources.front()->metadata());
    if (!facts.family.empty()) return facts;
    const std::string config = std::string(FolderOf(model.path)) + "config.json";
    absl::StatusOr<std::shared_ptr<const ByteSource>> bytes = folder_.Open(config);
    if (!bytes.ok() || (*bytes)->Size() > limits::kConfigBytesMax) return facts;
    std::string text((*bytes)->Size(), '\0');
    if (!(*bytes)->Read(0, {reinterpret_cast<uint8_t*>(text.data()), text.size()}).ok()) return facts;
    return FactsOfConfig(text);
  }

  const Directory& directory_;
  DirectoryByteFolder folder_;
  const Operation& operation_;
  std::map<std::string, ModelFiles> models_;
  std::set<std::string> covered_;
  absl::Status error_;
};

absl::StatusOr<ModelFiles> OpenOneFile(const Directory& directory, const std::string& name, const std::string& shown,
                                       const Operation& operation) {
  std::vector<std::string> paths = {name};
  if (const std::string set = ShardSetOf(name); !set.empty()) {
    PLUMB_ASSIGN_OR_RETURN(std::vector<DirectoryEntry> entries, directory.List(RecordFolders()));
    for (const DirectoryEntry& entry : entries) {
      if (entry.path != name && ShardSetOf(entry.path) == set) paths.push_back(entry.path);
    }
  }
  ModelFinder finder(directory, operation);
  PLUMB_RETURN_IF_ERROR(finder.LookAt(paths));
  absl::StatusOr<ModelFiles> model = finder.Take(shown);
  // The error of a file that is of no known format says which there are.
  if (absl::IsNotFound(model.status())) return OpenTensorSource(directory, name).status();
  return model;
}

}  // namespace

absl::StatusOr<ModelFiles> OpenModelFiles(const std::string& path, const Operation& operation) {
  PLUMB_ASSIGN_OR_RETURN(LocalPath place, OpenLocalPath(path));
  if (!place.file.empty()) return OpenOneFile(place.folder, place.file, path, operation);
  PLUMB_ASSIGN_OR_RETURN(std::vector<DirectoryEntry> entries, place.folder.List(RecordFolders()));
  std::vector<std::string> paths;
  for (const DirectoryEntry& entry : entries) paths.push_back(entry.path);
  ModelFinder finder(place.folder, operation);
  PLUMB_RETURN_IF_ERROR(finder.LookAt(std::move(paths)));
  return finder.Take(path);
}

}  // namespace plumb
