// A model folder as a GGUF file that llama.cpp, and what stands on it, runs.
//
// Joins three things: the config in GGUF's words (plumb/inference/gguf_description.h), the tensors with llama.cpp's
// names and layouts (plumb/convert/gguf_model.h), the vocabulary. What comes of it has been read back by Plumb's own
// reader of GGUF models and says what the config says. docs/containers.md
#ifndef PLUMB_GGUF_EXPORT_GGUF_EXPORT_H_
#define PLUMB_GGUF_EXPORT_GGUF_EXPORT_H_

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

struct GgufExport {
  // Borrows the source that it was made of. Written as GGUF, it is the model.
  std::unique_ptr<const TensorSource> source;
  std::set<std::string> float32;  // As ConvertOptions::float32.
  // What a person should hear, each a sentence: that there is no vocabulary and why; where llama.cpp differs.
  std::vector<std::string> remarks;
};

// `source` is the model that `path` in `directory` was opened as; its config.json and tokenizer lie beside it. `dtype`
// is what its tensors will be converted to. NOT_FOUND without a config.json; UNIMPLEMENTED for a family that Plumb or
// llama.cpp does not know: such tensors can be written under their own names alone. INVALID_ARGUMENT
// (ErrorClass::kPolicy) names what of a known family is not understood, does not fit or cannot be said.
absl::StatusOr<GgufExport> ExportToGguf(const Directory& directory, std::string_view path, const TensorSource& source,
                                        std::optional<DType> dtype);

}  // namespace plumb

#endif  // PLUMB_GGUF_EXPORT_GGUF_EXPORT_H_
