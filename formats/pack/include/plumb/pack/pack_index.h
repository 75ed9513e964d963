// The end of a sealed pack: its index and footer (docs/packs.md).
#ifndef PLUMB_PACK_PACK_INDEX_H_
#define PLUMB_PACK_PACK_INDEX_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/pack/pack.h"
#include "plumb/pack/pack_source.h"

namespace plumb {

// What is appended at `records_end`, a multiple of kPackBlockBytes, to seal a pack with these records. The file then
// ends at a multiple of kPackBlockBytes.
std::vector<uint8_t> RenderPackEnd(uint64_t records_end, std::vector<PackEntry> entries);

// The entries of a sealed pack, by digest and then by offset. FAILED_PRECONDITION when the file has no footer, as one
// that is being written; DATA_LOSS when it has one and breaks a rule of the format. Takes memory for at most
// kPackRecordsMax entries, whatever the file says.
absl::StatusOr<std::vector<PackEntry>> ReadPackIndex(const PackSource& pack);

}  // namespace plumb

#endif  // PLUMB_PACK_PACK_INDEX_H_
