// Where the bytes of a container go that is about to be written.
//
// A writer of a format lays a container out from what its tensors are, without their bytes; whoever asked then writes
// those at their places, in any order. So a model of any size is written in little memory.
#ifndef PLUMB_WEIGHTS_CONTAINER_LAYOUT_H_
#define PLUMB_WEIGHTS_CONTAINER_LAYOUT_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

#include "plumb/base/placed_bytes.h"
#include "plumb/weights/dtype.h"

namespace plumb {

// A tensor to be written, dense and row-major: its description.
struct TensorToPlace {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<uint64_t> shape;  // Outermost first.
};

// A plan of a file. What it does not speak of is zeros. Plain value.
struct ContainerLayout {
  struct Place {
    uint64_t offset = 0;
    uint64_t size_bytes = 0;
  };
  std::vector<Place> data;         // Parallel to what the writer was given: tensors, or storages.
  std::vector<PlacedBytes> fixed;  // What is known now.
  uint64_t file_bytes = 0;
  // What depends on the data, from the CRC-32 (as ZIP has it) of each of `data`. Empty for formats without sums.
  std::function<std::vector<PlacedBytes>(std::span<const uint32_t> crc32s)> seal;
};

}  // namespace plumb

#endif  // PLUMB_WEIGHTS_CONTAINER_LAYOUT_H_
