// Operators made ready for this machine: oneDNN's primitives, and loops over rows where it has none.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_OPERATORS_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_OPERATORS_H_

#include <functional>
#include <memory>

#include "absl/status/statusor.h"
#include "verify/inference/backends/host_kernels.h"

namespace plumb::onednn {

using Prepared = absl::StatusOr<std::unique_ptr<PreparedOp>>;

// Products; with kBF16 operands are rounded to bfloat16 before they are multiplied.
Prepared PrepareMatMul(const Graph& graph, const Node& node, bool packs, ElementType type);
// kConv and kConvTranspose in float32.
Prepared PrepareConv(const Graph& graph, const Node& node, bool packs);
// The same in int32, exactly.
Prepared PrepareIntegerMatMul(const Graph& graph, const Node& node);
Prepared PrepareIntegerConv(const Graph& graph, const Node& node);
// Softmax of scores, block by block of queries; nothing of the size of all scores is ever in memory.
Prepared PrepareAttention(const Graph& graph, const Node& node);
Prepared PrepareUnary(const Graph& graph, const Node& node);
// Of float32 or int32.
Prepared PrepareBinary(const Graph& graph, const Node& node);
// Sum, mean, largest, smallest or product over dimensions that lie side by side.
Prepared PrepareReduce(const Graph& graph, const Node& node);
Prepared PreparePool(const Graph& graph, const Node& node);
Prepared PrepareRope(const Node& node);
Prepared PrepareTranspose(const Graph& graph, const Node& node);
// kSoftmax, kLayerNorm, kRmsNorm, kCausalMask, kScale.
Prepared PrepareRows(const Node& node);

// Whether PrepareReduce can do the node.
bool ReducesSideBySide(const Graph& graph, const Node& node);

// Whether PreparePool can do the node.
bool PoolsFloats(const Node& node);

// An operator that is a function of its operands and needs nothing else.
using Work = std::function<absl::Status(std::span<const HostTensor>, HostOutput)>;
std::unique_ptr<PreparedOp> MakeSimple(Work work);

}  // namespace plumb::onednn

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_OPERATORS_H_
