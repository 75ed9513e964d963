// Messages on kernels: which kernel works when, and what FIPS 180-4 adds around the compression function (padding).
// Tests run every engine that the machine allows; programs run BestEngine() behind plumb/content/multi_digest.h.
#ifndef PLUMB_FORMATS_CONTENT_SHA256_ENGINE_H_
#define PLUMB_FORMATS_CONTENT_SHA256_ENGINE_H_

#include <cstdint>
#include <span>

#include "formats/content/sha256_kernel.h"
#include "plumb/content/digest.h"

namespace plumb::sha256 {

// Two kernels that take turns: a wide one costs the same for one stream as for all of its lanes, so that
// it is worth running only while many streams are left.
struct Engine {
  const Kernel* narrow = nullptr;
  const Kernel* wide = nullptr;  // Null: `narrow` does all.
  size_t wide_lanes_min = 0;     // Streams from which on `wide` is the faster one.
  // A file's chunks cost less beside the file itself (FileStreams on `narrow`) than apart from it (HashMany).
  bool beside = false;
};

// The fastest engine here, found on first use by timing the processor's kernels for some tens of microseconds: which of
// SHA-NI and AVX-512 wins differs by a factor of two either way between makes of processors. Thread-safe.
const Engine& BestEngine();

// As Sha256Many (plumb/content/multi_digest.h), on `engine`.
void HashMany(const Engine& engine, std::span<const std::span<const uint8_t>> messages, std::span<Digest> digests);

// As FileHasher (plumb/content/multi_digest.h), on `kernel`. Not thread-safe.
class FileStreams {
 public:
  explicit FileStreams(const Kernel& kernel) : kernel_(kernel) {}

  Digest AddChunk(std::span<const uint8_t> chunk);
  void AddBytes(std::span<const uint8_t> bytes);
  Digest Finish();

 private:
  // Fills the block that the last chunk left begun; returns how many bytes of `chunk` that took.
  size_t FinishBlock(std::span<const uint8_t> chunk);
  // Begins a block with what is left of the file's bytes, less than one.
  void BeginBlock(std::span<const uint8_t> left);

  const Kernel& kernel_;
  Lane whole_;
  std::array<uint8_t, kBlockBytes> begun_{};  // The file's last begun_bytes_ bytes, not hashed yet.
  size_t begun_bytes_ = 0;
  uint64_t file_bytes_ = 0;
};

}  // namespace plumb::sha256

#endif  // PLUMB_FORMATS_CONTENT_SHA256_ENGINE_H_
