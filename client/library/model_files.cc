#include "client/library/model_files.h"

#include <algorithm>
#include <utility>

#include "client/library/folder_text.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/containers/find_model.h"

namespace plumb {
namespace {

std::string ConfigOf(const FoundModel& model) {
  const std::string config = model.path.substr(0, model.path.rfind('/') + 1) + "config.json";
  return ReadText(model.folder, config, limits::kConfigBytesMax).value_or("");
}

}  // namespace

absl::StatusOr<ModelFiles> OpenModelFiles(const std::string& path, const Operation& operation) {
  PLUMB_ASSIGN_OR_RETURN(FoundModel model, FindModel(path, [&operation] { return operation.Check(); }));
  ModelFiles files{.path = model.path, .config = ConfigOf(model), .folder = std::move(model.folder)};
  files.facts = FactsOfMetadata(model.source->metadata());
  if (files.facts.family.empty() && !files.config.empty()) files.facts = FactsOfConfig(files.config);
  for (const SourceFile& file : model.source->files()) files.files.push_back(file.path);
  // The index of shards is a file of the model too.
  if (std::find(files.files.begin(), files.files.end(), model.path) == files.files.end()) {
    files.files.insert(files.files.begin(), model.path);
  }
  files.source = std::move(model.source);
  return files;
}

}  // namespace plumb
