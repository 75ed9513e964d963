#include "plumb/containers/find_model.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/byte_source.h"
#include "plumb/base/ignore_rules.h"
#include "plumb/base/local_path.h"
#include "plumb/base/status.h"
#include "plumb/containers/file_roles.h"
#include "plumb/containers/incomplete.h"
#include "plumb/containers/open.h"
#include "plumb/weights/append_source.h"
#include "plumb/weights/container_format.h"
#include "plumb/weights/shard_set.h"

namespace plumb {
namespace {

// Models named in an error.
constexpr size_t kNamesMax = 8;

// What speaks of other files comes before them; TensorFlow's checkpoints have an index too.
bool ComesFirst(std::string_view path) { return IsShardIndex(path) || path.ends_with(".index"); }

// One model of a folder: a container, or the shards of a set.
struct Candidate {
  std::string path;
  std::optional<ShardSet> shards;
  std::vector<std::unique_ptr<TensorSource>> sources;
  absl::Status error;  // Why it is not sound.
};

// Looks for models in files of one folder.
class Finder {
 public:
  Finder(const Directory& folder, const std::function<absl::Status()>& check) : files_(&folder), check_(check) {}

  absl::Status LookAt(std::vector<std::string> paths) {
    std::sort(paths.begin(), paths.end(), [](const std::string& a, const std::string& b) {
      return std::pair(!ComesFirst(a), std::string_view(a)) < std::pair(!ComesFirst(b), std::string_view(b));
    });
    for (const std::string& path : paths) {
      if (check_) PLUMB_RETURN_IF_ERROR(check_());
      if (!covered_.contains(path) && !IsGolden(path)) PLUMB_RETURN_IF_ERROR(LookAtFile(path));
    }
    return absl::OkStatus();
  }

  bool found() const { return !models_.empty(); }

  // The one model that was found. `name`: what was asked for, for messages.
  absl::StatusOr<Candidate> Take(std::string_view name) {
    std::map<std::string, Candidate>& models = models_.empty() ? states_ : models_;
    if (models.empty() && !error_.ok()) return error_;
    if (models.empty()) return NotFound(fmt::format("{} holds no container of weights", name));
    if (models.size() > 1) return Several(models, name);
    Candidate only = std::move(models.begin()->second);
    PLUMB_RETURN_IF_ERROR(only.error);
    return only;
  }

 private:
  absl::Status LookAtFile(const std::string& path) {
    PLUMB_ASSIGN_OR_RETURN(std::string_view format, ContainerFormatOf(files_, path));
    if (format.empty()) return LookAtUnknown(path);
    absl::StatusOr<std::unique_ptr<TensorSource>> source = OpenTensorSource(files_, path);
    // An index is the word on what the model is.
    if (!source.ok() && IsShardIndex(path)) return source.status();
    if (!source.ok() && FormatOfName(path).empty()) {
      if (error_.ok()) error_ = source.status();
      return absl::OkStatus();
    }
    const std::optional<ShardSet> shards = ShardSet::Of(path);
    auto& models = IsTrainingState(path) ? states_ : models_;
    Candidate& model = models[shards ? shards->pattern() : path];
    if (model.path.empty()) {
      model.path = path;
      model.shards = shards;
    }
    covered_.insert(path);
    if (!source.ok()) {
      if (model.error.ok()) model.error = source.status();
      return absl::OkStatus();
    }
    for (const SourceFile& file : (*source)->files()) covered_.insert(file.path);
    model.sources.push_back(*std::move(source));
    return absl::OkStatus();
  }

  // A pointer or a page in place of weights, or another program's model, says more than that there are none.
  absl::Status LookAtUnknown(const std::string& path) {
    if (!error_.ok()) return absl::OkStatus();
    PLUMB_ASSIGN_OR_RETURN(std::optional<ForeignFormat> foreign, ForeignContainerOf(files_, path));
    bool telling = foreign && foreign->model();
    if (!telling && !FormatOfName(path).empty()) {
      PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const ByteSource> bytes, files_.Open(path));
      std::vector<uint8_t> head(std::min<uint64_t>(kContainerHeadBytes, bytes->Size()));
      PLUMB_RETURN_IF_ERROR(bytes->Read(0, head));
      telling = StandInFor(path, bytes->Size(), head).has_value();
    }
    if (telling) error_ = OpenTensorSource(files_, path).status();
    return absl::OkStatus();
  }

  static absl::Status Several(const std::map<std::string, Candidate>& models, std::string_view name) {
    std::vector<std::string> names;
    for (const auto& [key, model] : models) {
      if (names.size() < kNamesMax) names.push_back(model.path + (model.error.ok() ? "" : " (not sound)"));
    }
    return WithErrorClass(
        InvalidArgument(fmt::format("{} holds {} models, name the file of one: {}{}", name, models.size(),
                                    fmt::join(names, ", "), models.size() > kNamesMax ? ", ..." : "")),
        ErrorClass::kUsage);
  }

  DirectoryByteFolder files_;
  const std::function<absl::Status()>& check_;
  std::map<std::string, Candidate> models_;
  std::map<std::string, Candidate> states_;  // Of trainings.
  std::set<std::string> covered_;
  absl::Status error_;  // Of a file that may be something else after all.
};

// One source of all shards.
absl::StatusOr<std::unique_ptr<TensorSource>> Join(Candidate model) {
  std::set<std::string> files;
  for (const auto& source : model.sources) {
    for (const SourceFile& file : source->files()) files.insert(file.path);
  }
  if (model.shards && files.size() < model.shards->count()) {
    return WithErrorClass(InvalidArgument(fmt::format("{}: {} of {} shards are here; fetch the others",
                                                      model.shards->pattern(), files.size(), model.shards->count())),
                          ErrorClass::kPolicy);
  }
  if (model.sources.size() == 1) return std::move(model.sources.front());
  TensorSourceParts parts{.format = model.sources.front()->format()};
  for (const auto& source : model.sources) AppendSource(*source, &parts);
  absl::StatusOr<std::unique_ptr<TensorSource>> joined = TensorSource::New(std::move(parts));
  return joined.ok() ? std::move(joined) : Annotate(joined.status(), model.shards->pattern());
}

absl::StatusOr<Candidate> FindFile(const LocalPath& place, const std::string& path,
                                   const std::function<absl::Status()>& check) {
  std::vector<std::string> paths = {place.file};
  if (std::optional<ShardSet> shards = ShardSet::Of(place.file)) paths = shards->FilesIn(place.folder);
  Finder finder(place.folder, check);
  PLUMB_RETURN_IF_ERROR(finder.LookAt(std::move(paths)));
  absl::StatusOr<Candidate> found = finder.Take(path);
  if (!absl::IsNotFound(found.status())) return found;
  // A golden that is named is meant; the error of a file that is of no known format says which there are.
  Candidate named{.path = place.file};
  PLUMB_ASSIGN_OR_RETURN(named.sources.emplace_back(), OpenTensorSource(place.folder, place.file));
  return named;
}

absl::StatusOr<Candidate> FindInFolder(const Directory& folder, const std::string& path,
                                       const std::function<absl::Status()>& check) {
  PLUMB_ASSIGN_OR_RETURN(std::vector<DirectoryEntry> entries, ListModelFolder(folder));
  std::map<size_t, std::vector<std::string>> levels;
  for (const DirectoryEntry& entry : entries) {
    levels[std::count(entry.path.begin(), entry.path.end(), '/')].push_back(entry.path);
  }
  Finder finder(folder, check);
  for (auto& [depth, paths] : levels) {
    PLUMB_RETURN_IF_ERROR(finder.LookAt(std::move(paths)));
    if (finder.found()) break;
  }
  return finder.Take(path);
}

}  // namespace

absl::StatusOr<FoundModel> FindModel(const std::string& path, const std::function<absl::Status()>& check) {
  PLUMB_ASSIGN_OR_RETURN(LocalPath place, OpenLocalPath(path));
  PLUMB_ASSIGN_OR_RETURN(Candidate found,
                         place.file.empty() ? FindInFolder(place.folder, path, check) : FindFile(place, path, check));
  std::string opened_by = found.path;
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<TensorSource> source, Join(std::move(found)));
  return FoundModel{std::move(place.folder), std::move(opened_by), std::move(source)};
}

}  // namespace plumb
