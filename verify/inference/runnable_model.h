// A model with its weights, whatever files it came in.
#ifndef PLUMB_VERIFY_INFERENCE_RUNNABLE_MODEL_H_
#define PLUMB_VERIFY_INFERENCE_RUNNABLE_MODEL_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/base/status.h"
#include "plumb/inference/architecture.h"
#include "plumb/inference/backend.h"
#include "plumb/inference/golden.h"

namespace plumb {

// What the smoke check asks of a model: its graphs, its weights, and what a golden of it looks like. Thread-safe.
class RunnableModel : public WeightSource {
 public:
  // What its config, or the file's own description, says.
  virtual const Model& model() const = 0;

  // What the tensor of that name in a graph is called in its container; empty when there is none.
  virtual std::string ContainerName(const std::string& name) const { return name; }

  // Checks that copies hold what they copy. INVALID_ARGUMENT (ErrorClass::kPolicy) names those that do not.
  virtual absl::Status CheckCopies() const { return absl::OkStatus(); }

  // The graph for inputs of such shapes (and, where a graph is a function of values, such values).
  virtual absl::StatusOr<Graph> BuildGraph(const ModelInputs& inputs) const {
    return model().BuildGraph(inputs.sequences, inputs.positions);
  }

  // Inputs that every program makes alike, of about so many positions.
  virtual absl::StatusOr<ModelInputs> DefaultInputs(uint64_t positions) const {
    return plumb::DefaultInputs(model(), positions);
  }

  // Whether InputsForIds can be asked for a text's tokens; language models take them in their own way.
  virtual bool TakesIds() const { return false; }

  // Inputs that hold these token ids as one sequence. INVALID_ARGUMENT (ErrorClass::kUsage) when they do not fit.
  // REQUIRES: TakesIds().
  virtual absl::StatusOr<ModelInputs> InputsForIds(const std::vector<int32_t>& /*ids*/) const {
    return Internal("the model takes no token ids");
  }

  // The hash of everything that numbers do not show; `graph` is one that BuildGraph gave.
  virtual absl::StatusOr<std::string> ConfigHash(const Graph& graph) const;

  // The part of an output that a golden of this model keeps.
  virtual TensorValue Recorded(const TensorValue& output) const { return output; }

  // As the functions of golden.h.
  virtual absl::StatusOr<Golden> LoadGolden(const Directory& folder, const std::string& path) const {
    return plumb::LoadGolden(folder, path, model());
  }
  virtual absl::StatusOr<std::string> SerializeGolden(const Golden& golden,
                                                      const std::map<std::string, std::string>& metadata) const {
    return plumb::SerializeGolden(golden, model(), metadata);
  }
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_RUNNABLE_MODEL_H_
