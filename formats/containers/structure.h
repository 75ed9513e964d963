// Following formats' outermost structure to its end, whatever is in it: is all there that is announced?
#ifndef PLUMB_FORMATS_CONTAINERS_STRUCTURE_H_
#define PLUMB_FORMATS_CONTAINERS_STRUCTURE_H_

#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"

namespace plumb::structure {

// Each is true when the bytes end before the structure does, and false when they are all there or are of no such
// structure. Errors are those of reading. Nothing is allocated by what a file claims.

absl::StatusOr<bool> ZipEndsEarly(ByteWindow* window);       // No end record (APPNOTE.TXT 4.3.16).
absl::StatusOr<bool> Hdf5EndsEarly(ByteWindow* window);      // The superblock's end-of-file address.
absl::StatusOr<bool> NpyEndsEarly(ByteWindow* window);       // The header alone.
absl::StatusOr<bool> PickleEndsEarly(ByteWindow* window);    // STOP ends it.
absl::StatusOr<bool> ParquetEndsEarly(ByteWindow* window);   // The magic ends it too.
absl::StatusOr<bool> ArrowEndsEarly(ByteWindow* window);     // The magic ends it too.
absl::StatusOr<bool> TarEndsEarly(ByteWindow* window);       // An entry's bytes, a block of zeros.
absl::StatusOr<bool> MsgpackEndsEarly(ByteWindow* window);   // Every item.
absl::StatusOr<bool> ProtobufEndsEarly(ByteWindow* window);  // Fields of the outermost message.
absl::StatusOr<bool> TfliteEndsEarly(ByteWindow* window);    // The root table and the buffers.

}  // namespace plumb::structure

#endif  // PLUMB_FORMATS_CONTAINERS_STRUCTURE_H_
