// Flax's checkpoints, `flax_model.msgpack`, as sources of tensors: MessagePack with three extension types
// (flax/serialization.py).
//
// Tensors are named by the path to them, `params.dense.kernel`. Numbers and texts beside them become metadata. Arrays that
// Flax cut into pieces are one tensor of several ranges.
#ifndef PLUMB_FLAX_FLAX_SOURCE_H_
#define PLUMB_FLAX_FLAX_SOURCE_H_

#include "plumb/weights/container_format.h"

namespace plumb {

// INVALID_ARGUMENT (ErrorClass::kPolicy) for MessagePack that is cut off or followed by something, keys that are not text or
// occur twice, nesting deeper than limits::kJsonDepthMax, more than limits::kDocumentNodesMax values, and arrays whose bytes
// do not fit their type and shape.
const ContainerFormat& FlaxFormat();

}  // namespace plumb

#endif  // PLUMB_FLAX_FLAX_SOURCE_H_
