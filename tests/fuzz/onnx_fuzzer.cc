// An ONNX model: parsed, its initializers read, and imported with inputs made for it, under tight bounds. What is
// imported is planned too: the graph must hold together.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "plumb/inference/onnx.h"
#include "plumb/onnx/file.h"
#include "tests/fuzz/allocation_bound.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr uint64_t kInputElementsMax = 1u << 18;
  absl::StatusOr<std::unique_ptr<plumb::OnnxModel>> model;
  {
    plumb::fuzz::AllocationBound bound(size);
    model = plumb::OnnxModel::FromBytes(std::string(reinterpret_cast<const char*>(data), size));
  }
  if (!model.ok()) return 0;
  for (const plumb::OnnxTensor& tensor : (*model)->file().model().graph.initializers) {
    (void)(*model)->file().Read(tensor);
  }
  double elements = 0;
  for (const plumb::OnnxInput& input : (*model)->inputs()) {
    double count = 1;
    for (const plumb::OnnxDim& dim : input.shape.value_or(std::vector<plumb::OnnxDim>())) {
      count *= static_cast<double>(dim.size.value_or(1));
    }
    elements += count;
  }
  if (elements > static_cast<double>(kInputElementsMax)) return 0;
  auto inputs = (*model)->DefaultInputs({});
  if (!inputs.ok()) return 0;
  const plumb::OnnxImportOptions options = {.steps_max = 500, .known_bytes_max = 64u << 20, .known_cost_max = 2e7};
  auto import = (*model)->BuildGraph(*inputs, options);
  if (!import.ok()) return 0;
  if (import->output_names.size() != import->graph.outputs().size()) std::abort();
  (void)(*plumb::FindBackend("reference"))->Plan(import->graph);
  return 0;
}
