// Bytes with the place in a file that they belong to.
#ifndef PLUMB_BASE_PLACED_BYTES_H_
#define PLUMB_BASE_PLACED_BYTES_H_

#include <cstdint>
#include <string>

namespace plumb {

struct PlacedBytes {
  uint64_t offset = 0;  // From the start of the file.
  std::string bytes;
};

}  // namespace plumb

#endif  // PLUMB_BASE_PLACED_BYTES_H_
