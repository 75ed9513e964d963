// ONNX models as graphs: any model, specialised for the inputs it is given.
//
// A Graph has static shapes, so an ONNX model becomes one for given inputs. What depends on shapes alone is computed
// while the graph is made. Where an operator needs the values of an operand (a shape to reshape to, the condition of an
// If, the trips of a Loop), they are computed on the given inputs with `reference`, and the graph is then right for
// inputs that give the same: OnnxImport::specialised_on says which inputs that concerns. docs/onnx.md lists operators.
#ifndef PLUMB_INFERENCE_ONNX_H_
#define PLUMB_INFERENCE_ONNX_H_

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/base/limits.h"
#include "plumb/base/onnx_limits.h"
#include "plumb/inference/backend.h"
#include "plumb/inference/graph.h"

namespace plumb {

class OnnxFile;

// One dimension of a declared shape.
struct OnnxDim {
  std::optional<uint64_t> size;
  std::string parameter;  // The name of a size that is not fixed: `batch_size`; may be empty.
};

// An input that the caller gives, as the model declares it.
struct OnnxInput {
  std::string name;
  ElementType type = ElementType::kF32;
  // Absent when the model leaves the rank open.
  std::optional<std::vector<OnnxDim>> shape;
  bool has_default = false;  // An initializer has the same name: the input may be left out.
};

// Values by name.
using OnnxValues = std::map<std::string, TensorValue, std::less<>>;

// Bounds of one import, for callers with less patience than the limits allow.
struct OnnxImportOptions {
  size_t steps_max = limits::kOnnxStepsMax;
  uint64_t known_bytes_max = limits::kOnnxKnownBytesMax;
  double known_cost_max = limits::kOnnxKnownCostMax;
};

// A model specialised for inputs.
struct OnnxImport {
  Graph graph;                            // Its inputs have the model's names; weights too.
  std::vector<std::string> output_names;  // In the order of graph.outputs().
  // Inputs of whose values, not only shapes, the graph is a function: another run may be given others only if they lead
  // to the same shapes and branches.
  std::vector<std::string> specialised_on;
  // ONNX operators that were imported and how often; `com.microsoft.Attention` for those of other domains.
  std::map<std::string, uint64_t> operators;
};

// A model file that was read and checked. Immutable and thread-safe.
class OnnxModel {
 public:
  ~OnnxModel();
  // Reads a model below `folder` with its external data. Errors are OnnxFile's; INVALID_ARGUMENT for an input that is
  // no tensor of numbers.
  static absl::StatusOr<std::unique_ptr<OnnxModel>> Open(const Directory& folder, std::string_view path);
  // A model in memory.
  static absl::StatusOr<std::unique_ptr<OnnxModel>> FromBytes(std::string bytes);

  const std::vector<OnnxInput>& inputs() const { return inputs_; }
  const std::vector<std::string>& outputs() const { return outputs_; }
  // The float32 weights that graphs of this model name. Valid as long as the model.
  const WeightSource& weights() const { return *weights_; }
  const OnnxFile& file() const { return *file_; }

  // Inputs that every program makes alike, for a check without recorded ones. A dimension that the model leaves open
  // has the size that `sizes` gives under its parameter's or its own name (`x.0`), else 1. Floats are spread over [-1,
  // 1), integers and bools are 0 and 1 by turns. An input without a declared shape has the dimensions that `sizes`
  // gives, `x.0` and on; INVALID_ARGUMENT when it gives none.
  absl::StatusOr<OnnxValues> DefaultInputs(const std::map<std::string, uint64_t>& sizes) const;

  // The graph for these inputs; each is used under its name in the model, and only its type and shape matter unless
  // the result says so. INVALID_ARGUMENT names the node that cannot be, or an input that is missing or of a wrong type;
  // UNIMPLEMENTED names an operator, or a use of one, that is not read; RESOURCE_EXHAUSTED past a limit.
  absl::StatusOr<OnnxImport> BuildGraph(const OnnxValues& inputs, const OnnxImportOptions& options = {}) const;

 private:
  OnnxModel();
  static absl::StatusOr<std::unique_ptr<OnnxModel>> FromFile(std::unique_ptr<OnnxFile> file);

  std::unique_ptr<OnnxFile> file_;
  std::vector<OnnxInput> inputs_;
  std::vector<std::string> outputs_;
  std::unique_ptr<WeightSource> weights_;
};

// One run of an import on a backend: plans, runs and names the outputs.
absl::StatusOr<OnnxValues> RunOnnx(const OnnxModel& model, const OnnxImport& import, const OnnxValues& inputs,
                                   const Backend& backend, PlanSummary* summary = nullptr);

// A tensor in a TensorProto of its own, as ONNX's test data are stored.
absl::StatusOr<TensorValue> ParseOnnxTensorValue(std::string_view bytes);

}  // namespace plumb

#endif  // PLUMB_INFERENCE_ONNX_H_
