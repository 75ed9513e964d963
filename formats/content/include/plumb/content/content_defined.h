// Where a file whose layout is not known is cut into chunks: by what stands in it, so that bytes put in or taken out
// change the chunks around them and no others (FastCDC 2020, "The Design of Fast Content-Defined Chunking for
// Data Deduplication Based Storage Systems"; the rule word for word in docs/chunk-tree.md).
#ifndef PLUMB_CONTENT_CONTENT_DEFINED_H_
#define PLUMB_CONTENT_CONTENT_DEFINED_H_

#include <cstdint>
#include <span>

namespace plumb {

// Length of the first chunk of `bytes`, which are the next bytes of a file: at least limits::kChunkBytes of them, or
// all that are left. 0 only when there are none. At least 64 KiB but for the file's end, about 256 KiB on
// average, at most limits::kChunkBytes. Thread-safe.
uint32_t CutContentDefined(std::span<const uint8_t> bytes);

}  // namespace plumb

#endif  // PLUMB_CONTENT_CONTENT_DEFINED_H_
