// Ownership of libhdf5's identifiers.
#ifndef PLUMB_FORMATS_HDF5_HELPER_HANDLE_H_
#define PLUMB_FORMATS_HDF5_HELPER_HANDLE_H_

#include <hdf5.h>

#include <utility>

namespace plumb::hdf5 {

// Gives its identifier back at the end.
class Handle {
 public:
  explicit Handle(hid_t id) : id_(id) {}
  Handle(Handle&& other) noexcept : id_(std::exchange(other.id_, -1)) {}
  Handle& operator=(Handle&&) = delete;
  ~Handle() {
    if (id_ >= 0) H5Idec_ref(id_);
  }

  hid_t get() const { return id_; }
  bool valid() const { return id_ >= 0; }

 private:
  hid_t id_;
};

}  // namespace plumb::hdf5

#endif  // PLUMB_FORMATS_HDF5_HELPER_HANDLE_H_
