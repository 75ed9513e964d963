// A virtual file driver of libhdf5 whose file is at the other end of the socket.
#ifndef PLUMB_FORMATS_HDF5_HELPER_VIRTUAL_DRIVER_H_
#define PLUMB_FORMATS_HDF5_HELPER_VIRTUAL_DRIVER_H_

#include <hdf5.h>

#include <cstdint>

namespace plumb::hdf5 {

// Opens the file of `size` bytes for reading; negative when libhdf5 does not. No other file can be opened.
hid_t OpenRemoteFile(uint64_t size);

}  // namespace plumb::hdf5

#endif  // PLUMB_FORMATS_HDF5_HELPER_VIRTUAL_DRIVER_H_
