// Says what a dataset is and where its bytes lie.
#ifndef PLUMB_FORMATS_HDF5_HELPER_DATASET_H_
#define PLUMB_FORMATS_HDF5_HELPER_DATASET_H_

#include <hdf5.h>

#include <cstdint>
#include <string>

namespace plumb::hdf5 {

// `object` is the dataset's address.
void SendDataset(hid_t dataset, const std::string& path, uint64_t object);

}  // namespace plumb::hdf5

#endif  // PLUMB_FORMATS_HDF5_HELPER_DATASET_H_
