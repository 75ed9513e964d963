// Takes the payload of a frame apart. What is not there reads as zero, and is noticed at the end.
#ifndef PLUMB_FORMATS_HDF5_PAYLOAD_READER_H_
#define PLUMB_FORMATS_HDF5_PAYLOAD_READER_H_

#include <bit>
#include <cstdint>
#include <span>
#include <string_view>

namespace plumb::hdf5 {

class PayloadReader {
 public:
  // Borrows `payload`.
  explicit PayloadReader(std::span<const uint8_t> payload) : rest_(payload) {}

  uint8_t U8() { return static_cast<uint8_t>(Number(1)); }
  uint32_t U32() { return static_cast<uint32_t>(Number(4)); }
  uint64_t U64() { return Number(8); }
  double Real() { return std::bit_cast<double>(Number(8)); }
  // u32 length, bytes. Valid as long as the payload.
  std::string_view Text() {
    const uint64_t size = U32();
    if (size > rest_.size()) {
      ok_ = false;
      return {};
    }
    std::string_view text(reinterpret_cast<const char*>(rest_.data()), size);
    rest_ = rest_.subspan(size);
    return text;
  }

  uint64_t remaining_bytes() const { return rest_.size(); }
  // False once more was wanted than there was.
  bool ok() const { return ok_; }
  // All was there and nothing is left.
  bool AtEnd() const { return ok_ && rest_.empty(); }

 private:
  uint64_t Number(size_t bytes) {
    if (bytes > rest_.size()) {
      ok_ = false;
      return 0;
    }
    uint64_t number = 0;
    for (size_t i = bytes; i-- > 0;) number = number << 8 | rest_[i];
    rest_ = rest_.subspan(bytes);
    return number;
  }

  std::span<const uint8_t> rest_;
  bool ok_ = true;
};

}  // namespace plumb::hdf5

#endif  // PLUMB_FORMATS_HDF5_PAYLOAD_READER_H_
