// Undoes what HDF5's filters did to a chunk.
#ifndef PLUMB_FORMATS_HDF5_CHUNK_FILTERS_H_
#define PLUMB_FORMATS_HDF5_CHUNK_FILTERS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "plumb/hdf5/hdf5_file.h"

namespace plumb::hdf5 {

// Deflate cannot do better: 258 bytes for two bits.
inline constexpr uint64_t kDeflateRatioMax = 1032;

// Of the file format specification: over 16-bit words, the first byte the higher one.
uint32_t Fletcher32(std::string_view data);

// The chunk's `chunk_bytes` bytes, of elements of `element_bytes`. INVALID_ARGUMENT (ErrorClass::kPolicy) when `stored`
// does not unpack to exactly that, or a checksum is wrong.
absl::StatusOr<std::string> UndoFilters(std::string stored, std::span<const Hdf5Filter> filters,
                                        uint32_t skipped_filters, uint64_t element_bytes, uint64_t chunk_bytes);

}  // namespace plumb::hdf5

#endif  // PLUMB_FORMATS_HDF5_CHUNK_FILTERS_H_
