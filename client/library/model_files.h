// A model on this machine with what names and layouts are judged by.
#ifndef PLUMB_CLIENT_LIBRARY_MODEL_FILES_H_
#define PLUMB_CLIENT_LIBRARY_MODEL_FILES_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/client/operation.h"
#include "plumb/naming/model_facts.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// Immutable; keeps its files mapped.
struct ModelFiles {
  std::string path;  // Of the file that it is opened by, below what was asked for.
  std::vector<std::string> files;
  std::unique_ptr<const TensorSource> source;
  ModelFacts facts;    // From the container's metadata, else from the config.json beside it.
  std::string config;  // The config.json beside it; empty when there is none.
  Directory folder;    // That `path` is in.
};

// Opens what FindModel (plumb/containers/find_model.h) finds at `path`; its errors, and CANCELLED.
absl::StatusOr<ModelFiles> OpenModelFiles(const std::string& path, const Operation& operation);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_MODEL_FILES_H_
