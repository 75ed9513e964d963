#include <algorithm>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/directory.h"
#include "plumb/base/local_path.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"
#include "plumb/containers/file_roles.h"
#include "plumb/containers/open.h"
#include "plumb/convert/convert.h"

namespace plumb {
namespace {

constexpr size_t kChoicesMax = 5;

// With those of TensorFlow's checkpoints.
bool IsIndex(std::string_view path) { return IsShardIndex(path) || path.ends_with(".index"); }

// The container of a folder that has one. What a model computed and the state of its training are passed over, unless
// there is nothing else.
absl::StatusOr<std::unique_ptr<TensorSource>> OpenOnlyOne(const Directory& folder) {
  PLUMB_ASSIGN_OR_RETURN(std::vector<DirectoryEntry> entries, folder.List(RecordFolders()));
  std::stable_sort(entries.begin(), entries.end(),
                   [](const DirectoryEntry& a, const DirectoryEntry& b) { return IsIndex(a.path) > IsIndex(b.path); });
  std::unique_ptr<TensorSource> found;
  std::set<std::string> covered;
  std::vector<std::string> choices;
  const DirectoryByteFolder files(&folder);
  auto is_weights = [](const DirectoryEntry& entry) { return !IsGolden(entry.path) && !IsTrainingState(entry.path); };
  std::stable_partition(entries.begin(), entries.end(), is_weights);
  for (const DirectoryEntry& entry : entries) {
    if (found != nullptr && !is_weights(entry)) break;
    if (entry.path.find('/') != entry.path.npos || covered.contains(entry.path)) continue;
    PLUMB_ASSIGN_OR_RETURN(std::string_view format, ContainerFormatOf(files, entry.path));
    if (format.empty()) continue;
    PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<TensorSource> source, OpenTensorSource(files, entry.path));
    for (const SourceFile& file : source->files()) covered.insert(file.path);
    choices.push_back(QuoteForMessage(entry.path));
    if (found == nullptr) found = std::move(source);
  }
  if (choices.empty()) return NotFound(fmt::format("{}: no weight container lies in the folder", folder.path()));
  if (choices.size() == 1) return found;
  const size_t count = choices.size();
  choices.resize(std::min(count, kChoicesMax));
  return InvalidArgument(fmt::format("{}: the folder has {} containers, name one of them: {}{}", folder.path(), count,
                                     fmt::join(choices, ", "), count > kChoicesMax ? ", ..." : ""));
}

}  // namespace

absl::StatusOr<std::unique_ptr<TensorSource>> OpenForConversion(const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(LocalPath place, OpenLocalPath(path));
  return place.file.empty() ? OpenOnlyOne(place.folder) : OpenTensorSource(place.folder, place.file);
}

}  // namespace plumb
