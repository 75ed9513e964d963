// Which of HDF5's types are elements of tensors.
#ifndef PLUMB_FORMATS_HDF5_HELPER_ELEMENT_TYPE_H_
#define PLUMB_FORMATS_HDF5_HELPER_ELEMENT_TYPE_H_

#include <hdf5.h>

#include <optional>
#include <string>
#include <string_view>

#include "formats/hdf5/protocol.h"

namespace plumb::hdf5 {

struct ElementType {
  Element element;
  bool big_endian = false;
};

// `stated` is what the dataset's attribute `dtype` says: Keras stores bfloat16 as two bytes of nothing in particular.
// nullopt for what is no number, with the reason in `why`.
std::optional<ElementType> ElementTypeOf(hid_t type, std::string_view stated, std::string* why);

}  // namespace plumb::hdf5

#endif  // PLUMB_FORMATS_HDF5_HELPER_ELEMENT_TYPE_H_
