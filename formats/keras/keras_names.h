// What the datasets of an HDF5 file are called as tensors.
#ifndef PLUMB_FORMATS_KERAS_KERAS_NAMES_H_
#define PLUMB_FORMATS_KERAS_KERAS_NAMES_H_

#include <cstddef>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/hdf5/hdf5_file.h"

namespace plumb {

struct NamedDataset {
  std::string name;
  size_t dataset = 0;  // Index into Hdf5File::datasets.
};

// Every dataset once. Where groups have the attributes `layer_names` and `weight_names`, weights come first, in their
// order and under their names; if two of those are alike, each below its layer's name. Other datasets follow under
// their paths. INVALID_ARGUMENT (ErrorClass::kPolicy) for names of layers or weights that are not there.
absl::StatusOr<std::vector<NamedDataset>> NameDatasets(const Hdf5File& file);

}  // namespace plumb

#endif  // PLUMB_FORMATS_KERAS_KERAS_NAMES_H_
