// The list that the child gives of a file, checked as it comes.
#ifndef PLUMB_FORMATS_HDF5_DESCRIPTION_H_
#define PLUMB_FORMATS_HDF5_DESCRIPTION_H_

#include <cstdint>
#include <set>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "formats/hdf5/protocol.h"
#include "plumb/hdf5/hdf5_file.h"

namespace plumb::hdf5 {

// Not thread-safe.
class Description {
 public:
  explicit Description(uint64_t file_bytes) : file_bytes_(file_bytes) {}

  // Takes a frame of any kind but kHello and kRead. INVALID_ARGUMENT for the first that makes no sense; what the child
  // refuses is an error in its words.
  absl::Status Take(FrameKind kind, std::span<const uint8_t> payload);
  // The list is whole.
  bool ended() const { return ended_; }
  // REQUIRES: ended().
  Hdf5File Finish() { return std::move(file_); }

 private:
  absl::Status TakeGroup(std::span<const uint8_t> payload);
  absl::Status TakeAttribute(std::span<const uint8_t> payload);
  absl::Status TakeDataset(std::span<const uint8_t> payload);
  absl::Status TakeChunks(std::span<const uint8_t> payload);
  absl::Status TakeLeftOut(std::span<const uint8_t> payload);

  uint64_t file_bytes_;
  Hdf5File file_;
  std::set<std::string> attribute_names_;  // Of the last group.
  uint64_t chunk_grid_ = 0;                // Chunks that the last dataset can have.
  uint64_t chunks_ = 0;
  uint64_t taken_bytes_ = 0;
  bool ended_ = false;
};

}  // namespace plumb::hdf5

#endif  // PLUMB_FORMATS_HDF5_DESCRIPTION_H_
