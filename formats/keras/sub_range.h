// Part of a file as a file of its own.
#ifndef PLUMB_FORMATS_KERAS_SUB_RANGE_H_
#define PLUMB_FORMATS_KERAS_SUB_RANGE_H_

#include <cstdint>
#include <memory>

#include "plumb/base/byte_source.h"

namespace plumb {

// Bytes [begin, begin + size) of `whole`, which must have them.
std::shared_ptr<const ByteSource> SubRange(std::shared_ptr<const ByteSource> whole, uint64_t begin, uint64_t size);

}  // namespace plumb

#endif  // PLUMB_FORMATS_KERAS_SUB_RANGE_H_
