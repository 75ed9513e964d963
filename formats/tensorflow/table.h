// LevelDB's table files, read once from front to back: doc/table_format.md of google/leveldb.
#ifndef PLUMB_FORMATS_TENSORFLOW_TABLE_H_
#define PLUMB_FORMATS_TENSORFLOW_TABLE_H_

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"

namespace plumb {

// Whether the last eight bytes are a table's.
bool EndsLikeTable(const ByteSource& bytes);

// Every key and value, in order. INVALID_ARGUMENT (ErrorClass::kPolicy) for a block outside the file, with a wrong checksum, or
// compressed otherwise than by Snappy, for keys that do not rise, and for a table of more than limits::kTableBytesMax.
absl::StatusOr<std::vector<std::pair<std::string, std::string>>> ReadTable(const ByteSource& bytes);

// The checksum that LevelDB and TensorFlow store: CRC-32C, rotated and shifted so that sums of sums stay sums.
uint32_t MaskedCrc32c(std::span<const uint8_t> bytes);

}  // namespace plumb

#endif  // PLUMB_FORMATS_TENSORFLOW_TABLE_H_
