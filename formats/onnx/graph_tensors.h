// The tensors of a model that are weights, wherever its graphs keep them.
#ifndef PLUMB_FORMATS_ONNX_GRAPH_TENSORS_H_
#define PLUMB_FORMATS_ONNX_GRAPH_TENSORS_H_

#include <string>
#include <vector>

#include "plumb/onnx/proto.h"
#include "plumb/weights/unreadable_tensor.h"

namespace plumb {

// Elements from which a list of whole numbers in a Constant node is a table; shorter ones are shapes, axes and the
// like.
inline constexpr uint64_t kOnnxTableElementsMin = 64;

// One tensor under a name that no other has. Borrows from the model.
struct OnnxGraphTensor {
  std::string name;
  const OnnxTensor* tensor = nullptr;          // Or
  const std::vector<float>* floats = nullptr;  // A Constant's list of numbers.
};

struct OnnxGraphTensors {
  std::vector<OnnxGraphTensor> tensors;
  std::vector<UnreadableTensor> unreadable;
};

// Initializers of the main graph under their names, then those of sub-graphs (of If, Loop, Scan) and the values of
// Constant nodes in all graphs and functions, under the name of their output; one that is taken gets the node and the
// attribute in front. Of Constants no scalars, no texts and no whole numbers of 32 or 64 bits, or bools, below
// kOnnxTableElementsMin: they say how to compute. Sparse ones are unreadable.
OnnxGraphTensors TensorsOfModel(const OnnxModelProto& model);

}  // namespace plumb

#endif  // PLUMB_FORMATS_ONNX_GRAPH_TENSORS_H_
