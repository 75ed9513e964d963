// Whether two models are the same, in whatever containers, under whatever names, in whatever element types.
#ifndef PLUMB_CLIENT_MODEL_DIFF_H_
#define PLUMB_CLIENT_MODEL_DIFF_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/client/operation.h"
#include "plumb/comparison/compare_values.h"
#include "plumb/inference/computation.h"
#include "plumb/weights/conventions.h"
#include "plumb/weights/dtype.h"
#include "plumb/weights/unreadable_tensor.h"

namespace plumb {

// One side.
struct DiffedModel {
  std::string path;    // The file that it is opened by.
  std::string format;  // `safetensors`, `gguf`, ...
  std::vector<std::string> files;
  std::string family;  // `llama`, ...; empty when nothing says it.
  uint64_t tensor_count = 0;
  // Packed weights, which are compared as they are stored: they are not unpacked.
  std::vector<Convention> conventions;
};

// One tensor, as its container describes it.
struct DiffedTensor {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<uint64_t> shape;
};

// Two tensors that are the same part of the model, by their names or, where these give nothing, by their values.
struct DiffedPair {
  DiffedTensor a;
  DiffedTensor b;
  std::string role;  // In the words of GGUF where the names are known; docs/naming.md.
  // How B is stored against A: `axes 3, 2, 0, 1`, `transposed`, `rows in pairs`, `rows by group`, `plus one`, `part 1
  // of 3`, `tied`.
  std::vector<std::string> layout;
  bool by_content = false;
  bool shapes_differ = false;  // Nothing was compared.
  ValueComparison values;
  // What a person should know of a pair that differs; may be empty.
  std::string remark;

  // Whether values are equal, or types explain that they are not.
  bool explained() const { return !shapes_differ && values.finding <= Finding::kWithinBounds; }
  bool undecided() const {
    return !shapes_differ && (values.finding == Finding::kNoBound || values.finding == Finding::kNotCompared);
  }
};

// A weight that a side's container has and its reader cannot give.
struct DiffedUnreadable {
  UnreadableTensor tensor;
  bool other_has = false;  // The other side has one of that name.
};

// Whether two models are the same; ModelDiff::verdict says when.
enum class ModelVerdict { kSame, kDiffers, kUndecided, kOtherComputation };

// What DiffModels found. Plain value.
struct ModelDiff {
  DiffedModel a;
  DiffedModel b;
  std::vector<DiffedPair> pairs;
  std::vector<DiffedTensor> only_a;
  std::vector<DiffedTensor> only_b;
  // On one side alone and not counted: tables that the config determines, counters, empty tensors, what converters
  // leave out.
  std::vector<DiffedTensor> computed_a;
  std::vector<DiffedTensor> computed_b;
  // Nothing could be compared with these.
  std::vector<DiffedUnreadable> unread_a;
  std::vector<DiffedUnreadable> unread_b;
  // What only one side has may be folded into what only the other, an ONNX graph, has: nobody can tell.
  bool folded = false;
  // Both sides lie in files that are equal byte for byte, so that whatever is in them is the same.
  bool identical = false;
  // What stands beside the weights, where both sides have it: config.json, GGUF's key-values, ONNX's graph. Looked at
  // when the weights are the same.
  ComputationDifference computation;

  // The same: every weight of each side is in the other, and explained. Undecided: nothing contradicts that, but of
  // some pairs nobody can say it, weights of both sides cannot be read, or keys are not known that differ. Other
  // computation: the weights are the same, and something beside them changes what is computed.
  ModelVerdict verdict() const;
  // The same of the weights alone.
  ModelVerdict WeightsVerdict() const;
};

// Compares the models at two paths, each a file or a folder, on two threads. Whatever the models' sizes, memory is
// bounded by a few pieces of 2^18 elements, or by a row where a transposed one is longer (at most 2^24 elements).
// Errors: those of FindModel (plumb/containers/find_model.h), CANCELLED.
absl::StatusOr<ModelDiff> DiffModels(const std::string& a_path, const std::string& b_path, const Operation& operation);

}  // namespace plumb

#endif  // PLUMB_CLIENT_MODEL_DIFF_H_
