// Sentence encoders: a folder whose modules.json names what stands behind the transformer (pooling over the tokens,
// linear maps, normalisation), as the sentence-transformers library reads it. Their output is one vector per sentence.
#ifndef PLUMB_VERIFY_INFERENCE_SENTENCE_MODEL_H_
#define PLUMB_VERIFY_INFERENCE_SENTENCE_MODEL_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/inference/architecture.h"

namespace plumb {

// A model and where the weights lie that are not in its own container.
struct FolderModel {
  std::unique_ptr<Model> model;
  // Folders below the config's, "2_Dense", each with a model.safetensors. Its tensors stand in the model's rules
  // behind the folder's name: "2_Dense/linear.weight".
  std::vector<std::string> dense_folders;
};

// Reads `config_path` below `folder`, and the modules.json beside it if there is one.
// Both as sentence-transformers wrote it before 6.0 and since. UNIMPLEMENTED names the file and what in it is not
// understood, INVALID_ARGUMENT (ErrorClass::kPolicy) a file that is no JSON, NOT_FOUND one that is named and missing.
absl::StatusOr<FolderModel> ParseFolderModel(const Directory& folder, const std::string& config_path);

// `a/b/` of `a/b/c`; empty at the top.
std::string_view FolderOf(std::string_view path);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_SENTENCE_MODEL_H_
