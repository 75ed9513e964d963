#include "formats/codec/plane_reader.h"

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {

absl::StatusOr<const uint8_t*> PlaneReader::Read(uint8_t mode, std::span<const uint8_t> stored,
                                                 const PlaneContexts& contexts, std::span<uint8_t> room) {
  switch (static_cast<PlaneMode>(mode)) {
    case PlaneMode::kRaw:
      if (stored.size() == room.size()) return stored.data();
      return DataLoss(fmt::format("reading a plane: it has {} of {} bytes", stored.size(), room.size()));
    case PlaneMode::kConstant:
      if (stored.size() != 1) return DataLoss(fmt::format("reading a plane: {} bytes for a constant", stored.size()));
      std::fill(room.begin(), room.end(), stored[0]);
      return room.data();
    case PlaneMode::kRans:
      PLUMB_RETURN_IF_ERROR(ReadRans(stored, {}, room));
      return room.data();
    case PlaneMode::kRansByContext:
      PLUMB_RETURN_IF_ERROR(ReadRans(stored, contexts, room));
      return room.data();
    case PlaneMode::kZstd:
      PLUMB_RETURN_IF_ERROR(zstd_.Decompress(stored, room));
      return room.data();
  }
  return DataLoss(fmt::format("reading a plane: mode {} is not known", mode));
}

absl::Status PlaneReader::ReadRans(std::span<const uint8_t> stored, const PlaneContexts& contexts,
                                   std::span<uint8_t> room) {
  tables_.clear();
  for (size_t i = 0; i < contexts.count; ++i) {
    PLUMB_ASSIGN_OR_RETURN(FrequencyTable table, FrequencyTable::Take(&stored));
    tables_.push_back(table);
  }
  return rans_.Decode(stored, contexts.of_symbols, tables_, room);
}

}  // namespace plumb
