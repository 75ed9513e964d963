// Models whose outputs were recorded elsewhere: folders with config.json, model.safetensors and golden.safetensors.
//
// golden.safetensors holds the inputs and outputs of one run under the names that Model::Inputs and Model::Outputs give
// them, ids as I64 and everything else as F32.
#ifndef PLUMB_TESTS_UNIT_INFERENCE_GOLDEN_FOLDER_H_
#define PLUMB_TESTS_UNIT_INFERENCE_GOLDEN_FOLDER_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/directory.h"
#include "plumb/base/status.h"
#include "plumb/inference/backend.h"
#include "plumb/weights/safetensors.h"
#include "verify/inference/loaded_model.h"

namespace plumb {

// Names of the folders in a folder, sorted.
inline std::vector<std::string> FolderNames(const std::string& path) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.is_directory()) names.push_back(entry.path().filename().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

// The tensors of a golden by name; ids as int32.
struct GoldenRun {
  std::map<std::string, TensorValue> tensors;

  static absl::StatusOr<GoldenRun> Load(const std::string& path) {
    PLUMB_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::Open(path));
    GoldenRun run;
    for (const TensorInfo& tensor : file.header().tensors()) {
      const std::span<const uint8_t> bytes = file.Bytes(tensor);
      if (tensor.dtype == DType::kI64) {
        std::vector<int64_t> wide(tensor.element_count());
        std::memcpy(wide.data(), bytes.data(), bytes.size());
        const std::vector<int32_t> ids(wide.begin(), wide.end());
        run.tensors[tensor.name] = TensorValue::Of<int32_t>(tensor.shape, ids);
      } else if (tensor.dtype == DType::kF32) {
        run.tensors[tensor.name] = {ElementType::kF32, tensor.shape, {bytes.begin(), bytes.end()}};
      } else {
        return InvalidArgument(fmt::format("{}: \"{}\" is neither I64 nor F32", path, tensor.name));
      }
    }
    return run;
  }

  // How many sequences (images, recordings) the run had, by the first dimension of any tensor.
  uint64_t sequences() const { return tensors.begin()->second.shape.front(); }
  // How many tokens each had; 1 for a model that takes none.
  uint64_t positions() const {
    for (const char* name : {"input_ids", "decoder_input_ids"}) {
      if (auto ids = tensors.find(name); ids != tensors.end()) return ids->second.shape.at(1);
    }
    return 1;
  }
};

// Runs the model as the golden was run and gives the normalised mean square error of each output by its name.
// INVALID_ARGUMENT when the golden lacks an input or output of the model or has another shape.
inline absl::StatusOr<std::map<std::string, double>> CompareWithGolden(const Model& model, const WeightSource& weights,
                                                                       const GoldenRun& golden,
                                                                       const Backend& backend) {
  auto find = [&](const std::string& name, const Shape& shape) -> absl::StatusOr<const TensorValue*> {
    auto found = golden.tensors.find(name);
    if (found == golden.tensors.end()) return InvalidArgument("the golden lacks " + name);
    if (found->second.shape == shape) return &found->second;
    return InvalidArgument(
        fmt::format("the golden's {} is {}, expected {}", name, ShapeText(found->second.shape), ShapeText(shape)));
  };
  RunInputs inputs;
  inputs.weights = &weights;
  for (const InputSpec& input : model.Inputs(golden.sequences(), golden.positions())) {
    PLUMB_ASSIGN_OR_RETURN(const TensorValue* value, find(input.name, input.shape));
    inputs.tensors[input.name] = value->view();
  }
  PLUMB_ASSIGN_OR_RETURN(Graph graph, model.BuildGraph(golden.sequences(), golden.positions()));
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Executable> executable, backend.Plan(graph));
  PLUMB_ASSIGN_OR_RETURN(RunResult result, executable->Run(inputs));
  std::map<std::string, double> errors;
  const std::vector<OutputSpec> outputs = model.Outputs();
  for (size_t i = 0; i < outputs.size(); ++i) {
    const TensorValue& actual = result.outputs.at(i);
    PLUMB_ASSIGN_OR_RETURN(const TensorValue* expected, find(outputs[i].name, actual.shape));
    double noise = 0;
    double signal = 0;
    for (size_t j = 0; j < actual.As<float>().size(); ++j) {
      const double want = expected->As<float>()[j];
      const double difference = actual.As<float>()[j] - want;
      noise += difference * difference;
      signal += want * want;
    }
    errors[outputs[i].name] = noise / signal;
  }
  return errors;
}

inline absl::StatusOr<std::map<std::string, double>> CompareWithGolden(const LoadedModel& loaded,
                                                                       const GoldenRun& golden,
                                                                       const Backend& backend) {
  return CompareWithGolden(loaded.model(), loaded, golden, backend);
}

}  // namespace plumb

#endif  // PLUMB_TESTS_UNIT_INFERENCE_GOLDEN_FOLDER_H_
