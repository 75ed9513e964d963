// Broadcasting as operator sets before 7 had it.
#ifndef PLUMB_VERIFY_INFERENCE_ONNX_BROADCAST_H_
#define PLUMB_VERIFY_INFERENCE_ONNX_BROADCAST_H_

#include "verify/inference/onnx/call.h"

namespace plumb::onnx {

// The second operand with dimensions of 1 after it where the attribute `axis` says that its own begin further left;
// unchanged without that attribute.
inline Value LegacyBroadcast(Call& c, const Value& a, const Value& b) {
  if (c.version >= 7 || c.Attribute("axis") == nullptr) return b;
  const int64_t axis = c.Int("axis", 0);
  const auto rank = static_cast<int64_t>(a.rank());
  const int64_t begin = axis < 0 ? axis + rank : axis;
  if (begin < 0 || begin + static_cast<int64_t>(b.rank()) > rank) return c.e.Fail("`axis` does not fit the operands");
  Shape shape = b.shape;
  shape.resize(a.rank() - static_cast<size_t>(begin), 1);
  return c.e.Reshape(b, shape);
}

}  // namespace plumb::onnx

#endif  // PLUMB_VERIFY_INFERENCE_ONNX_BROADCAST_H_
