#include "client/library/model_files.h"

#include <algorithm>
#include <utility>

#include "client/library/folder_text.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/containers/find_model.h"

namespace plumb {
namespace {

ModelFacts FactsFor(const FoundModel& model) {
  ModelFacts facts = FactsOfMetadata(model.source->metadata());
  if (!facts.family.empty()) return facts;
  const std::string config = model.path.substr(0, model.path.rfind('/') + 1) + "config.json";
  absl::StatusOr<std::string> text = ReadText(model.folder, config, limits::kConfigBytesMax);
  return text.ok() ? FactsOfConfig(*text) : facts;
}

}  // namespace

absl::StatusOr<ModelFiles> OpenModelFiles(const std::string& path, const Operation& operation) {
  PLUMB_ASSIGN_OR_RETURN(FoundModel model, FindModel(path, [&operation] { return operation.Check(); }));
  ModelFiles files{.path = model.path};
  files.facts = FactsFor(model);
  for (const SourceFile& file : model.source->files()) files.files.push_back(file.path);
  // The index of shards is a file of the model too.
  if (std::find(files.files.begin(), files.files.end(), model.path) == files.files.end()) {
    files.files.insert(files.files.begin(), model.path);
  }
  files.source = std::move(model.source);
  return files;
}

}  // namespace plumb
