#include "tests/conformance/onnx_suite/suite_case.h"

#include <cmath>
#include <filesystem>
#include <optional>

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"
#include "plumb/inference/onnx.h"
#include "plumb/onnx/file.h"
#include "verify/inference/backends/reference/typed.h"

namespace plumb::suite {
namespace {

constexpr uint64_t kFileMax = 1u << 30;

std::vector<double> Numbers(const TensorValue& value) {
  return reference::VisitType(value.type, [&]<typename T>(reference::Tag<T>) {
    std::vector<double> numbers;
    for (const T& element : reference::ElementsOf<T>(value.view())) {
      numbers.push_back(static_cast<double>(static_cast<reference::Wide<T>>(element)));
    }
    return numbers;
  });
}

// Empty when `found` is what is expected, as the suite itself compares: numpy's assert_allclose.
std::string Compare(const TensorValue& expected, const TensorValue& found) {
  if (expected.type != found.type) {
    return fmt::format("is {}, expected {}", ElementTypeName(found.type), ElementTypeName(expected.type));
  }
  if (expected.shape != found.shape) {
    return fmt::format("has shape {}, expected {}", ShapeText(found.shape), ShapeText(expected.shape));
  }
  constexpr double kRelative = 1e-3;
  constexpr double kAbsolute = 1e-7;
  const std::vector<double> a = Numbers(expected);
  const std::vector<double> b = Numbers(found);
  for (size_t i = 0; i < a.size(); ++i) {
    const bool same = a[i] == b[i] || (std::isnan(a[i]) && std::isnan(b[i])) ||
                      std::abs(a[i] - b[i]) <= kAbsolute + kRelative * std::abs(a[i]);
    if (!same) return fmt::format("element {} is {}, expected {}", i, b[i], a[i]);
  }
  return "";
}

// True when every input and output of the model is a tensor of numbers.
bool IsTensorsOnly(const OnnxModelProto& model) {
  for (const auto* list : {&model.graph.inputs, &model.graph.outputs}) {
    for (const OnnxValueInfo& info : *list) {
      if (info.kind != OnnxValueInfo::Kind::kTensor || info.type == OnnxType::kString) return false;
    }
  }
  return true;
}

// A value that the model declares as `type`. The suite was written with NumPy, which has no bfloat16, and stores it as
// the same bits of an uint16.
absl::StatusOr<TensorValue> ReadValue(const std::string& path, std::optional<OnnxType> type) {
  PLUMB_ASSIGN_OR_RETURN(std::string bytes, ReadFile(path, kFileMax));
  PLUMB_ASSIGN_OR_RETURN(TensorValue value, ParseOnnxTensorValue(bytes));
  if (type == OnnxType::kBfloat16 && value.type == ElementType::kU16) value.type = ElementType::kBF16;
  return value;
}

CaseOutcome Of(const absl::Status& status) {
  const bool skipped = absl::IsUnimplemented(status);
  return {skipped ? Outcome::kSkip : Outcome::kFail, std::string(Message(status))};
}

absl::Status RunSet(const OnnxModel& model, const std::string& set, const Backend& backend, CaseOutcome& result) {
  const OnnxGraph& graph = model.file().model().graph;
  OnnxValues inputs;
  for (size_t i = 0; i < model.inputs().size(); ++i) {
    const std::string path = fmt::format("{}/input_{}.pb", set, i);
    if (!std::filesystem::exists(path)) break;
    PLUMB_ASSIGN_OR_RETURN(TensorValue value, ReadValue(path, graph.inputs[i].type));
    inputs.emplace(model.inputs()[i].name, std::move(value));
  }
  PLUMB_ASSIGN_OR_RETURN(OnnxImport import, model.BuildGraph(inputs));
  PlanSummary summary;
  PLUMB_ASSIGN_OR_RETURN(OnnxValues outputs, RunOnnx(model, import, inputs, backend, &summary));
  result.cost += summary.cost;
  result.native_cost += summary.cost_on_backend;
  for (size_t i = 0; i < model.outputs().size(); ++i) {
    PLUMB_ASSIGN_OR_RETURN(TensorValue expected,
                           ReadValue(fmt::format("{}/output_{}.pb", set, i), graph.outputs[i].type));
    const std::string difference = Compare(expected, outputs.at(model.outputs()[i]));
    if (!difference.empty()) return DataLoss(fmt::format("output {} {}", model.outputs()[i], difference));
  }
  return absl::OkStatus();
}

}  // namespace

CaseOutcome RunCase(const std::string& folder, const Backend& backend) {
  absl::StatusOr<std::string> bytes = ReadFile(folder + "/model.onnx", kFileMax);
  if (!bytes.ok()) return Of(bytes.status());
  absl::StatusOr<OnnxModelProto> parsed = ParseOnnxModel(AsBytes(*bytes));
  if (!parsed.ok()) return Of(parsed.status());
  if (!IsTensorsOnly(*parsed)) return {Outcome::kNotTensors, ""};
  absl::StatusOr<std::unique_ptr<OnnxModel>> model = OnnxModel::FromBytes(*bytes);
  if (!model.ok()) return Of(model.status());
  CaseOutcome result = {Outcome::kPass, ""};
  for (int set = 0;; ++set) {
    const std::string path = fmt::format("{}/test_data_set_{}", folder, set);
    if (!std::filesystem::exists(path)) {
      if (set == 0) return {Outcome::kFail, "has no data"};
      return result;
    }
    absl::Status status = RunSet(**model, path, backend, result);
    if (!status.ok()) return Of(status);
  }
}

}  // namespace plumb::suite
