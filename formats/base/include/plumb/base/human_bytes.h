// Sizes for people.
#ifndef PLUMB_BASE_HUMAN_BYTES_H_
#define PLUMB_BASE_HUMAN_BYTES_H_

#include <cstdint>
#include <string>

namespace plumb {

// `512 B`, `1.5 KiB`, `27.0 MiB`.
std::string HumanBytes(uint64_t bytes);

}  // namespace plumb

#endif  // PLUMB_BASE_HUMAN_BYTES_H_
