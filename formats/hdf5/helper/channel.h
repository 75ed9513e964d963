// The child's end of the conversation. Whatever goes wrong with it ends the program.
#ifndef PLUMB_FORMATS_HDF5_HELPER_CHANNEL_H_
#define PLUMB_FORMATS_HDF5_HELPER_CHANNEL_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "formats/hdf5/protocol.h"

namespace plumb::hdf5 {

// Builds the payload of a frame.
class Payload {
 public:
  Payload& U8(uint8_t value) { return Number(value, 1); }
  Payload& U32(uint32_t value) { return Number(value, 4); }
  Payload& U64(uint64_t value) { return Number(value, 8); }
  Payload& Text(std::string_view text);
  const std::string& bytes() const { return bytes_; }
  void Clear() { bytes_.clear(); }

 private:
  Payload& Number(uint64_t value, size_t bytes);
  std::string bytes_;
};

// Both wait for all bytes.
void ReceiveAll(void* out, size_t count);
void SendFrame(FrameKind kind, std::string_view payload);
// `out` = bytes [offset, offset + count) of the file.
void ReadFileBytes(uint64_t offset, size_t count, void* out);

// Says why the file is not read, and ends the program.
[[noreturn]] void Refuse(std::string_view why);
// The same with what libhdf5 says of its last error.
[[noreturn]] void RefuseWithReason(std::string_view what);

}  // namespace plumb::hdf5

#endif  // PLUMB_FORMATS_HDF5_HELPER_CHANNEL_H_
