// The header of a .npy file.
#ifndef PLUMB_FORMATS_NUMPY_NPY_HEADER_H_
#define PLUMB_FORMATS_NUMPY_NPY_HEADER_H_

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"
#include "plumb/weights/dtype.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

struct NpyHeader {
  DType dtype = DType::kF32;
  bool big_endian = false;
  bool fortran_order = false;  // The first dimension is the one whose elements lie side by side.
  std::vector<uint64_t> shape;
  uint64_t data_begin = 0;  // From the start of the file.
  // Why elements of this type cannot be given, as UnreadableTensor::why; empty for most.
  std::string unreadable;
};

// Whether bytes begin like a .npy file.
bool LooksLikeNpy(std::span<const uint8_t> head);

// Reads the header of a .npy file that starts at `begin` and has `size` bytes. INVALID_ARGUMENT (ErrorClass::kPolicy)
// names what is wrong or not read.
absl::StatusOr<NpyHeader> ReadNpyHeader(ByteWindow& window, uint64_t begin, uint64_t size);

// The type's code in a header, little-endian: `<f4`, `|b1`; empty for a type that NumPy does not have.
std::string NpyTypeCode(DType dtype);

// Parses the dictionary in a header's text.
absl::StatusOr<NpyHeader> ParseNpyDictionary(std::string_view text);

// The array as a tensor of the file that is number `file` of a source, starting at `begin` of it. INVALID_ARGUMENT when
// the data is not exactly what type and shape need.
absl::StatusOr<SourceTensor> NpyTensor(std::string name, const NpyHeader& header, uint32_t file, uint64_t begin,
                                       uint64_t size);

}  // namespace plumb

#endif  // PLUMB_FORMATS_NUMPY_NPY_HEADER_H_
