// Goes through the groups of a file by their links.
#ifndef PLUMB_FORMATS_HDF5_HELPER_WALKER_H_
#define PLUMB_FORMATS_HDF5_HELPER_WALKER_H_

#include <hdf5.h>

#include <cstddef>
#include <string>
#include <vector>

namespace plumb::hdf5 {

class Walker {
 public:
  explicit Walker(hid_t file) : file_(file) {}

  // Sends the whole description, to its end.
  void Run();

 private:
  void VisitGroup(hid_t group, const std::string& path);
  void VisitLink(hid_t group, const std::string& name, const std::string& path);

  hid_t file_;
  std::vector<haddr_t> around_;  // The groups that are open, outermost first.
  size_t objects_ = 0;
};

}  // namespace plumb::hdf5

#endif  // PLUMB_FORMATS_HDF5_HELPER_WALKER_H_
