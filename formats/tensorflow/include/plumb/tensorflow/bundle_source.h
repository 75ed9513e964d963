// TensorFlow's checkpoints of version 2 ("tensor bundles") and SavedModels, as sources of tensors
// (tensorflow/core/protobuf/tensor_bundle.proto; the index is a table of LevelDB).
//
// The tensors bear the keys of the bundle: TF2's `layer/kernel/.ATTRIBUTES/VARIABLE_VALUE` and so on, slots of optimizers among
// them. Texts, among them the object graph, are left out. Of data that lies in memory or is mapped, every tensor's checksum is
// verified when the bundle is opened: it is the only format that has them.
#ifndef PLUMB_TENSORFLOW_BUNDLE_SOURCE_H_
#define PLUMB_TENSORFLOW_BUNDLE_SOURCE_H_

#include "plumb/weights/container_format.h"

namespace plumb {

// `PREFIX.index`, with `PREFIX.data-NNNNN-of-NNNNN` beside it. INVALID_ARGUMENT (ErrorClass::kPolicy) for blocks and tensors
// whose CRC-32C is wrong, offsets outside the files, keys out of order, unknown types, and tensors in slices.
const ContainerFormat& TensorBundleFormat();
// `saved_model.pb`: the bundle in `variables/` beside it, with a note for every operator that touches files or runs code.
const ContainerFormat& SavedModelFormat();

}  // namespace plumb

#endif  // PLUMB_TENSORFLOW_BUNDLE_SOURCE_H_
