// Looking at the values of weights while they are read for another reason, to warn of damage.
#ifndef PLUMB_CLIENT_LIBRARY_WEIGHT_WATCH_H_
#define PLUMB_CLIENT_LIBRARY_WEIGHT_WATCH_H_

#include <cstdint>
#include <deque>
#include <map>
#include <mutex>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "plumb/content/chunk_list.h"
#include "plumb/v1/manifest.pb.h"
#include "plumb/weights/dtype.h"
#include "plumb/weights/statistics.h"

namespace plumb {

// Sees one file after another. Only floats of 16 to 64 bits and the scales of ggml's blocks are looked at, and an
// element or block that is cut by the edge of a chunk is not. Tensors count as duplicates when they fill the same
// chunks, which those of 64 KiB and more do.
class WeightWatch {
 public:
  // A file begins. `tensors` are in the order of their bytes; those named in `big_endian` are stored so.
  void Begin(const std::string& path, std::span<const v1::Tensor> tensors, const std::set<std::string>& big_endian);
  // How much of some bytes is looked at.
  enum class Depth {
    kAll,
    kSample,  // A sixteenth: enough to compare a tensor with others, for bytes that somebody was warned of before.
  };
  // Bytes of that file, in pieces of any order that do not overlap. May be called from several threads.
  void Add(uint64_t offset, std::span<const uint8_t> bytes, Depth depth = Depth::kAll);
  // All of the file was added; these are its chunks.
  void End(const ChunkList& chunks);

  // What JudgeWeights says of them.
  std::vector<std::string> Warnings() const;

 private:
  struct Watched {
    std::string file;
    std::string name;
    DType dtype = DType::kF32;
    std::vector<uint64_t> shape;
    uint64_t begin = 0;
    uint64_t end = 0;
    bool big_endian = false;
    std::mutex mutex;
    StatisticsSum sum;        // Guarded by mutex.
    uint64_t bad_blocks = 0;  // Guarded by mutex.
    bool sampled = false;     // Guarded by mutex: not all was looked at.
  };

  static void Sample(uint64_t offset, std::span<const uint8_t> bytes, Watched* tensor);
  static void Look(uint64_t offset, std::span<const uint8_t> bytes, Watched* tensor);

  std::deque<Watched> watched_;  // Of all files.
  size_t file_begin_ = 0;        // The first of the file that is being added.
  // Tensors by what they hold: the digests of their chunks.
  std::map<std::string, std::vector<const Watched*>> by_content_;
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_WEIGHT_WATCH_H_
