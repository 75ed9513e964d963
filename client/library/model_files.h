// The one model that a file or a folder holds, whatever container and however many files it is in.
#ifndef PLUMB_CLIENT_LIBRARY_MODEL_FILES_H_
#define PLUMB_CLIENT_LIBRARY_MODEL_FILES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/client/operation.h"
#include "plumb/naming/model_facts.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// Immutable; keeps its files mapped.
struct ModelFiles {
  std::string path;  // Of the file that it is opened by, below what was asked for.
  std::string format;
  std::vector<std::string> files;
  // One, or one for each shard of a set that has no index.
  std::vector<std::unique_ptr<const TensorSource>> sources;
  ModelFacts facts;  // From the container's metadata, else from the config.json beside it.
};

// Opens a file, with the shards that belong to it, or the model in a folder. Goldens are no models; where there is
// another container, neither is what training frameworks keep beside a model (optimizer, scheduler, random states).
// INVALID_ARGUMENT (ErrorClass::kUsage) when a folder holds several models, naming them; NOT_FOUND when it holds none;
// what OpenTensorSource returns.
absl::StatusOr<ModelFiles> OpenModelFiles(const std::string& path, const Operation& operation);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_MODEL_FILES_H_
