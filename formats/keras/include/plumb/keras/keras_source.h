// HDF5 files as Keras writes them, and Keras's own archives, as sources of tensors; docs/hdf5.md.
//
// Configurations are kept as texts and nothing of them is evaluated: a Lambda layer carries Python code.
#ifndef PLUMB_KERAS_KERAS_SOURCE_H_
#define PLUMB_KERAS_KERAS_SOURCE_H_

#include "plumb/weights/container_format.h"

namespace plumb {

// Any HDF5 file: `.h5` with a whole model or weights only, `.weights.h5` of Keras 3, and what others store.
const ContainerFormat& Hdf5Format();
// `.keras`: a ZIP archive of metadata.json, config.json and model.weights.h5.
const ZipContainerFormat& KerasFormat();

}  // namespace plumb

#endif  // PLUMB_KERAS_KERAS_SOURCE_H_
