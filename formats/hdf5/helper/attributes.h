// Attributes that are texts or numbers.
#ifndef PLUMB_FORMATS_HDF5_HELPER_ATTRIBUTES_H_
#define PLUMB_FORMATS_HDF5_HELPER_ATTRIBUTES_H_

#include <hdf5.h>

#include <string>

namespace plumb::hdf5 {

// Sends every attribute of an object that is a text, a number, or a list of them. `path` is for messages.
void SendAttributes(hid_t object, const std::string& path);

// The text under `name`; empty when there is none.
std::string TextAttribute(hid_t object, const char* name);

}  // namespace plumb::hdf5

#endif  // PLUMB_FORMATS_HDF5_HELPER_ATTRIBUTES_H_
