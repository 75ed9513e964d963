#include "verify/inference/check/open_model.h"

#include <utility>

#include "fmt/format.h"
#include "plumb/base/refuse.h"
#include "plumb/containers/open.h"
#include "verify/inference/architectures/gguf_config.h"
#include "verify/inference/check/onnx_case.h"
#include "verify/inference/gguf_model.h"
#include "verify/inference/loaded_model.h"

namespace plumb {
namespace {

absl::StatusOr<std::unique_ptr<RunnableModel>> OpenGguf(const Directory& folder, const std::string& path,
                                                        const SmokeOptions& options) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<TensorSource> source, OpenTensorSource(folder, path));
  if (source->format() != "gguf") {
    return RefusedFile(fmt::format("{}: by its content a file of the format {}, not GGUF", path, source->format()));
  }
  for (std::string_view tensor : kGgufDescribingTensors) {
    if (!options.await_tensor || source->Find(tensor) == nullptr) continue;
    PLUMB_RETURN_IF_ERROR(options.await_tensor(path, std::string(tensor)));
  }
  absl::StatusOr<std::unique_ptr<GgufModel>> model = GgufModel::New(std::move(source));
  if (!model.ok()) return Annotate(model.status(), path);
  return *std::move(model);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RunnableModel>> OpenModel(const Directory& folder, const SmokeCase& wanted,
                                                         const SmokeOptions& options) {
  const bool whole = wanted.config_path == wanted.weights_path;
  if (whole && wanted.weights_path.ends_with(".onnx")) {
    absl::StatusOr<std::unique_ptr<OnnxCase>> model = OnnxCase::Open(folder, wanted.weights_path);
    if (!model.ok()) return Annotate(model.status(), wanted.weights_path);
    return *std::move(model);
  }
  if (whole && wanted.weights_path.ends_with(".gguf")) return OpenGguf(folder, wanted.weights_path, options);
  return LoadedModel::Open(folder, wanted.config_path, wanted.weights_path);
}

}  // namespace plumb
