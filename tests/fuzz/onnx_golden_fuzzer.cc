// A golden of an ONNX model: what is accepted fits the model, and is written and read again as the same.
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string>
#include <string_view>

#include "plumb/inference/golden.h"
#include "plumb/inference/onnx.h"
#include "tests/fuzz/fuzz_folder.h"
#include "verify/inference/check/onnx_golden.h"

namespace plumb {
namespace {

// One Identity from x to y, float [2].
constexpr char kModel[] =
    "\x08\x08\x42\x02\x10\x0d\x3a\x37\x0a\x10\x0a\x01x\x12\x01y\x22\x08Identity\x12\x01g"
    "\x5a\x0f\x0a\x01x\x12\x0a\x0a\x08\x08\x01\x12\x04\x0a\x02\x08\x02"
    "\x62\x0f\x0a\x01y\x12\x0a\x0a\x08\x08\x01\x12\x04\x0a\x02\x08\x02";

// Ends the run where a sanitizer would, so that the fuzzer keeps the input.
void Check(bool condition) {
  if (!condition) std::abort();
}

void Load(const FuzzFolder& folder, const OnnxModel& model) {
  absl::StatusOr<Golden> golden = LoadOnnxGolden(folder.Open(), "golden.safetensors", model);
  if (!golden.ok()) return;
  Check(model.BuildGraph({golden->inputs.values.begin(), golden->inputs.values.end()}).ok());
  absl::StatusOr<std::string> text = SerializeOnnxGolden(*golden, model.outputs(), {});
  Check(text.ok());
  folder.Write("again.safetensors", *text);
  absl::StatusOr<Golden> again = LoadOnnxGolden(folder.Open(), "again.safetensors", model);
  Check(again.ok() && again->outputs.at(0).bytes == golden->outputs.at(0).bytes);
}

}  // namespace
}  // namespace plumb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const plumb::FuzzFolder folder;
  static const std::unique_ptr<plumb::OnnxModel> model =
      *plumb::OnnxModel::FromBytes(std::string(plumb::kModel, sizeof(plumb::kModel) - 1));
  folder.Write("golden.safetensors", {reinterpret_cast<const char*>(data), size});
  plumb::Load(folder, *model);
  return 0;
}
