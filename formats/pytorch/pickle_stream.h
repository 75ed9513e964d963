// Pickles, numbers and raw elements one after another in a file.
#ifndef PLUMB_FORMATS_PYTORCH_PICKLE_STREAM_H_
#define PLUMB_FORMATS_PYTORCH_PICKLE_STREAM_H_

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"
#include "plumb/pickle/pickle.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// Reads forwards. What it returns borrows from it. Not thread-safe. Errors are INVALID_ARGUMENT, ErrorClass::kPolicy.
class PickleStream {
 public:
  // Bytes [begin, end) of `source`, which is borrowed when mapped; else its first limits::kPickleBytesMax bytes are
  // read.
  static absl::StatusOr<PickleStream> Open(const ByteSource& source, uint64_t begin, uint64_t end);

  // The next pickle.
  absl::StatusOr<Pickle> Next();
  // The next 64-bit number, which must be from 0 to 2^63 - 1.
  absl::StatusOr<uint64_t> Count(bool big_endian);
  // The next 32-bit number.
  absl::StatusOr<uint32_t> Small();
  // Where the next `count` elements of `bytes` each lie.
  absl::StatusOr<StoredRange> Skip(uint64_t count, uint64_t bytes);
  bool AtEnd() const { return at_ == end_; }

 private:
  PickleStream(const ByteSource& source, uint64_t begin, uint64_t end) : source_(&source), at_(begin), end_(end) {}
  absl::StatusOr<std::span<const uint8_t>> Take(uint64_t count);

  const ByteSource* source_;
  std::vector<uint8_t> read_;  // When the source is not mapped: its bytes from read_begin_ on.
  uint64_t read_begin_ = 0;
  uint64_t at_;
  uint64_t end_;
};

}  // namespace plumb

#endif  // PLUMB_FORMATS_PYTORCH_PICKLE_STREAM_H_
