// Walks an ONNX graph and emits its operators.
#ifndef PLUMB_VERIFY_INFERENCE_ONNX_IMPORTER_H_
#define PLUMB_VERIFY_INFERENCE_ONNX_IMPORTER_H_

#include <map>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/inference/onnx.h"
#include "plumb/onnx/file.h"
#include "verify/inference/onnx/call.h"

namespace plumb::onnx {

// The float32 tensors of a model that graphs name as weights. They may be infinite but not NaN: INVALID_ARGUMENT
// (ErrorClass::kPolicy) names the element. Thread-safe.
class Weights : public WeightSource {
 public:
  // Borrows `file`.
  explicit Weights(const OnnxFile& file);
  absl::Status Load(const std::string& name, std::span<float> out) const override;
  absl::Status LoadPart(const std::string& name, uint64_t first, std::span<float> out) const override;
  TensorView View(const std::string& name, ElementType type) const override;
  absl::Status Check(const std::string& name) const override;
  // The name of a tensor that is a weight; nullptr for others.
  const std::string* NameOf(const OnnxTensor& tensor) const;

 private:
  void Index(const OnnxGraph& graph);
  void IndexNodes(std::span<const OnnxNode> nodes);
  void Add(const OnnxTensor& tensor, std::string_view name);

  const OnnxFile& file_;
  std::map<std::string, const OnnxTensor*, std::less<>> by_name_;
  std::map<const OnnxTensor*, std::string> names_;
  std::map<std::string, int, std::less<>> used_;  // How often a name was wanted.
  mutable std::mutex mutex_;
  mutable std::set<std::string, std::less<>> checked_;  // Guarded by mutex_.
};

// The elements of a tensor as the IR has them: bools 0 or 1, types below 8 bits widened.
absl::StatusOr<TensorValue> ValueOf(const OnnxTensor& tensor, const OnnxBytes& bytes);

// One import. Not thread-safe.
class Importer : public BodyRunner {
 public:
  Importer(const OnnxFile& file, const Weights& weights, const OnnxValues& inputs, const OnnxImportOptions& options);

  absl::StatusOr<OnnxImport> Run(const std::vector<OnnxInput>& inputs);

  std::vector<Value> RunBody(const OnnxGraph& body, std::vector<Value> arguments) override;
  Value FromTensor(const OnnxTensor& tensor) override;

 private:
  void BindInputs(const std::vector<OnnxInput>& inputs, Scope& scope);
  void BindInitializers(const OnnxGraph& graph, Scope& scope);
  Value FromSparse(const OnnxSparseTensor& sparse);
  void RunNodes(std::span<const OnnxNode> nodes, const Frame& frame, Scope& scope);
  void RunNode(const OnnxNode& node, const Frame& frame, Scope& scope);
  void RunFunction(const OnnxFunction& function, Call& call, const Frame& frame);
  std::vector<Value> Collect(const std::vector<OnnxValueInfo>& outputs, const Scope& scope);
  const OnnxFunction* FindFunction(const OnnxNode& node) const;
  // Counts one operator or one run of a body. False, with the status set, past the limit.
  bool CountStep();

  const OnnxFile& file_;
  const Weights& weights_;
  const OnnxValues& inputs_;
  OnnxImportOptions options_;
  Emitter emitter_;
  std::map<std::string, uint64_t> operators_;
  std::map<std::pair<std::string_view, std::string_view>, const OnnxFunction*> functions_;  // By domain and name.
  size_t steps_ = 0;
  size_t depth_ = 0;
  // Of the node that is being imported.
  const Frame* frame_ = nullptr;
  const Scope* scope_ = nullptr;
};

}  // namespace plumb::onnx

#endif  // PLUMB_VERIFY_INFERENCE_ONNX_IMPORTER_H_
