// TensorFlow Lite models as sources of tensors: a flatbuffer with the file identifier TFL3
// (tensorflow/compiler/mlir/lite/schema/schema.fbs).
//
// The constant tensors are those whose buffer has bytes. They bear their own names, with `#N` after it (N: the tensor's
// number) where several have one, and `subgraph1/` before it outside the first graph.
#ifndef PLUMB_TFLITE_TFLITE_SOURCE_H_
#define PLUMB_TFLITE_TFLITE_SOURCE_H_

#include "plumb/weights/container_format.h"

namespace plumb {

// INVALID_ARGUMENT (ErrorClass::kPolicy) for offsets and lengths outside the file, tensors without a buffer, and buffers that
// do not fit their tensor's type and shape.
const ContainerFormat& TfliteFormat();

}  // namespace plumb

#endif  // PLUMB_TFLITE_TFLITE_SOURCE_H_
