// How long object headers and local heaps are, from their first bytes.
#ifndef PLUMB_FORMATS_HDF5_HELPER_HEADER_LENGTH_H_
#define PLUMB_FORMATS_HDF5_HELPER_HEADER_LENGTH_H_

#include <cstddef>
#include <cstdint>
#include <span>

namespace plumb::hdf5 {

// From this many first bytes it can be told how long the prefix is.
inline constexpr size_t kHeaderStartBytes = 16;
inline constexpr size_t kHeaderPrefixBytesMax = 34;

// The bytes in front of a header's messages or a heap's data, 16 to kHeaderPrefixBytesMax of them; 0 for anything else.
size_t HeaderPrefixBytes(std::span<const uint8_t> start);
// The whole of it, given its prefix and where it lies, as libhdf5 computes it too: of a header its first part, of a
// heap with the data only when they follow the prefix. UINT64_MAX when it cannot be told: heaps that make no sense with
// sizes and addresses of eight bytes. HDF5 File Format Specification 3.0, III.D and IV.A.1.
uint64_t HeaderBytes(std::span<const uint8_t> prefix, uint64_t offset, uint64_t file_bytes);

}  // namespace plumb::hdf5

#endif  // PLUMB_FORMATS_HDF5_HELPER_HEADER_LENGTH_H_
