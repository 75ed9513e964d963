// SHA-256 (FIPS 180-4) of many messages side by side, several times as fast as one after another.
//
// One SHA-256 stream waits for its own previous round most of the time; independent streams fill
// that time. Use Sha256Many wherever more than one chunk is at hand, FileHasher
// where a file is read once and both its chunks and the whole need digests, and Sha256
// (digest.h) for a stream that comes in pieces. The instructions used (SHA-NI, AVX-512, AVX2, or whatever
// OpenSSL has) are chosen once per process by what the processor has and runs fastest; results never differ.
#ifndef PLUMB_CONTENT_MULTI_DIGEST_H_
#define PLUMB_CONTENT_MULTI_DIGEST_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "plumb/content/digest.h"

namespace plumb {

// How many messages of one length Sha256Many must be given for its full speed: 1 to 16.
size_t Sha256BatchSize();

// digests[i] = SHA-256 of messages[i], for any number of messages of any lengths, on the calling
// thread. REQUIRES: `digests` is as long as `messages`. Thread-safe; allocates a few bytes per message.
// Full speed needs Sha256BatchSize() messages of about the same length.
void Sha256Many(std::span<const std::span<const uint8_t>> messages, std::span<Digest> digests);

// The digests of a file's chunks and of the whole file in one pass over its bytes, on the calling thread. Not
// thread-safe.
class FileHasher {
 public:
  FileHasher();
  FileHasher(FileHasher&&) noexcept;
  FileHasher& operator=(FileHasher&&) noexcept;
  ~FileHasher();

  // Whether that takes less of the processor than Sha256 for the whole and Sha256Many for the chunks: two
  // streams side by side cost little more than one on Zen, and nearly twice as much on Intel's cores of 2023.
  static bool Pays();

  // The digest of `chunk`, which are the next bytes of the file; any length.
  Digest AddChunk(std::span<const uint8_t> chunk);
  // The next bytes of the file, whose chunk is hashed elsewhere.
  void AddBytes(std::span<const uint8_t> bytes);
  // The digest of all bytes so far, one after another; the object then starts afresh.
  Digest Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace plumb

#endif  // PLUMB_CONTENT_MULTI_DIGEST_H_
