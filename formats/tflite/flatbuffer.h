// Flatbuffers, read with every offset checked: https://flatbuffers.dev/internals/
#ifndef PLUMB_FORMATS_TFLITE_FLATBUFFER_H_
#define PLUMB_FORMATS_TFLITE_FLATBUFFER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"

namespace plumb {

// A file of one flatbuffer. The first error is kept and returned by status(); reads after it give zeros. Not
// thread-safe.
class Flatbuffer {
 public:
  // Borrows `source`.
  explicit Flatbuffer(const ByteSource& source) : window_(source) {}

  const absl::Status& status() const { return status_; }
  void Fail(std::string why);
  // Little-endian, of `bytes` bytes at `at`.
  uint64_t Number(uint64_t at, unsigned bytes);
  // Where the offset at `at` leads: forwards by an unsigned 32-bit number.
  uint64_t Follow(uint64_t at);
  uint64_t size() const { return window_.size(); }
  std::string Text(uint64_t at, uint64_t bytes);

 private:
  ByteWindow window_;
  absl::Status status_;
};

// A vector: `count` items from `begin` on.
struct FlatVector {
  uint64_t begin = 0;
  uint64_t count = 0;
};

// One table of a flatbuffer. Fields that are not there give their default.
class FlatTable {
 public:
  // The table at `at`.
  FlatTable(Flatbuffer& buffer, uint64_t at);
  // The root table.
  static FlatTable Root(Flatbuffer& buffer) { return FlatTable(buffer, buffer.Follow(0)); }

  uint64_t Number(unsigned field, unsigned bytes, uint64_t absent = 0) const;
  // A vector of items of `item_bytes`, which must lie in the file; empty when absent.
  FlatVector Vector(unsigned field, uint64_t item_bytes) const;
  // A text of at most `bytes_max`.
  std::string Text(unsigned field, uint64_t bytes_max) const;
  // Item `i` of a vector of tables.
  FlatTable Item(const FlatVector& vector, uint64_t i) const { return {buffer_, buffer_.Follow(vector.begin + 4 * i)}; }

 private:
  // Where a field lies; 0 when it is absent.
  uint64_t Place(unsigned field) const;

  Flatbuffer& buffer_;
  uint64_t at_;
  uint64_t fields_at_ = 0;  // Of the table's list of field offsets.
  uint64_t fields_bytes_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_FORMATS_TFLITE_FLATBUFFER_H_
