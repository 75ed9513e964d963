// The one model that a person means by a path, whatever container and however many files it is in.
#ifndef PLUMB_CONTAINERS_FIND_MODEL_H_
#define PLUMB_CONTAINERS_FIND_MODEL_H_

#include <functional>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// Its files stay mapped.
struct FoundModel {
  Directory folder;  // What was named, or where the file lies that was named.
  std::string path;  // In `folder`: the file that the model is opened by.
  std::unique_ptr<TensorSource> source;
};

// Finds the model at `path` (OpenLocalPath): a file, or the only model of a folder. docs/containers.md has the rules:
//   - What belongs together is one model: an index with its shards, shards without an index, of which one may be named,
//     a model with its external data. Shards that are missing are an error.
//   - A folder's model lies at its top; folders below are looked at, level by level, only when nothing lies above.
//   - Goldens are no models; the state of a training is one only where there is nothing else.
//   - A file that claims a format and is not sound counts as a model if it has the ending of a weight file, so that
//     nothing else is silently taken for what was meant.
// `check` is asked before each file, and its error ends the search. INVALID_ARGUMENT (ErrorClass::kUsage) names the
// models when a folder holds several; NOT_FOUND when it holds none or is not there; what OpenTensorSource returns.
absl::StatusOr<FoundModel> FindModel(const std::string& path, const std::function<absl::Status()>& check = {});

}  // namespace plumb

#endif  // PLUMB_CONTAINERS_FIND_MODEL_H_
