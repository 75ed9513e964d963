// Any bytes as a GGUF file that is a whole model: what its key-values and tensors are found to mean can be built, and
// every weight of the graph is where it is said to be.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <vector>

#include "plumb/base/status.h"
#include "plumb/containers/open.h"
#include "tests/fuzz/fuzz_folder.h"
#include "verify/inference/gguf_model.h"

namespace {

constexpr uint64_t kPositionsMax = 8;
constexpr uint64_t kElementsMax = 1 << 16;  // Of a weight that is read.

// Ends the run where a sanitizer would, so that the fuzzer keeps the input.
void Check(bool condition) {
  if (!condition) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const plumb::FuzzFolder* const folder = new plumb::FuzzFolder;
  folder->Write("model.gguf", {reinterpret_cast<const char*>(data), size});
  absl::StatusOr<std::unique_ptr<plumb::TensorSource>> source = plumb::OpenTensorSource(folder->Open(), "model.gguf");
  if (!source.ok() || (*source)->format() != "gguf") return 0;
  absl::StatusOr<std::unique_ptr<plumb::GgufModel>> opened = plumb::GgufModel::New(*std::move(source));
  if (!opened.ok()) return 0;
  const plumb::GgufModel& model = **opened;
  const uint64_t positions = std::min(model.model().positions_max(), kPositionsMax);
  absl::StatusOr<plumb::Graph> graph = model.model().BuildGraph(2, positions);
  Check(graph.ok());
  for (const plumb::ExpectedTensor& weight : model.model().tensors().required) {
    Check(!model.ContainerName(weight.name).empty());
    const uint64_t count = *plumb::ElementCount(weight.shape);
    std::vector<float> values(std::min(count, kElementsMax));
    // What is not finite is refused; what is not there would be another error.
    const absl::Status read = model.LoadPart(weight.name, count - values.size(), values);
    Check(read.ok() || plumb::ErrorClassOf(read) == plumb::ErrorClass::kPolicy);
  }
  return 0;
}
