// What an HDF5 file holds: groups, attributes, datasets and where their bytes lie.
// https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t3.html
//
// libhdf5 has a long list of ways to be broken by a file. So it is linked into a program of its own, `plumb-hdf5`,
// which opens no file and may do next to nothing but compute: it asks for bytes over a socket and answers with a list.
// Nothing it says is believed before it is checked, and no tensor data passes through it. docs/hdf5.md has the whole.
#ifndef PLUMB_HDF5_HDF5_FILE_H_
#define PLUMB_HDF5_HDF5_FILE_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"
#include "plumb/base/limits.h"
#include "plumb/weights/dtype.h"
#include "plumb/weights/metadata.h"

namespace plumb {

// One piece of a chunked dataset as it is stored.
struct Hdf5Chunk {
  uint64_t index = 0;  // Row-major in the grid of chunks.
  uint64_t begin = 0;  // In the file.
  uint32_t stored_bytes = 0;
  uint32_t skipped_filters = 0;  // Bit i: the i-th filter was not applied.
};

enum class Hdf5Filter : uint8_t { kDeflate, kShuffle, kFletcher32 };

struct Hdf5Dataset {
  enum class Layout {
    kContiguous,  // At `begin`.
    kInline,      // In `bytes`.
    kFill,        // Was never written: every element is `bytes`.
    kChunked,     // In `chunks`; those that are not there are of elements `bytes`.
  };
  std::string path;     // Without a slash in front.
  uint64_t object = 0;  // The same for two paths that lead to one dataset.
  DType dtype = DType::kF32;
  bool big_endian = false;
  std::vector<uint64_t> shape;
  Layout layout = Layout::kInline;
  uint64_t begin = 0;
  std::string bytes;
  std::vector<uint64_t> chunk_shape;
  std::vector<Hdf5Filter> filters;  // In the order of writing.
  std::vector<Hdf5Chunk> chunks;    // By index.
};

struct Hdf5Group {
  std::string path;                       // Empty for the root.
  std::vector<MetadataEntry> attributes;  // Texts and numbers; no two of one name.
};

// A dataset that is no tensor.
struct Hdf5LeftOut {
  std::string path;
  std::string why;  // "holds texts"

  // Whether it may be one for whoever knows its type: neither texts nor nothing.
  bool weight() const { return why != "holds texts" && !why.starts_with("is empty"); }
};

// A plain value. Sizes and places are those that the file states, each checked: shapes do not overflow, bytes lie in
// the file, chunks in their grid.
struct Hdf5File {
  std::vector<Hdf5Group> groups;      // Each after the group that holds it; the root first.
  std::vector<Hdf5Dataset> datasets;  // Links by their names.
  std::vector<Hdf5LeftOut> left_out;
};

struct Hdf5ReadOptions {
  // The program and its arguments; empty to look for it: in the environment variable PLUMB_HDF5_HELPER, in
  // ../libexec/plumb beside the running program, where it is installed, where it was built.
  std::vector<std::string> helper;
  // How long the program may take, without the time for reading `bytes`.
  double seconds_max = limits::kHdf5SecondsMax;
};

// Describes the file. INVALID_ARGUMENT (ErrorClass::kPolicy) names the rule that is broken, also when the program
// crashes, hangs or talks nonsense over this file; FAILED_PRECONDITION when the program is not there; what reading
// `bytes` returned. Thread-safe; the program ends before this returns.
absl::StatusOr<Hdf5File> ReadHdf5(const ByteSource& bytes, const Hdf5ReadOptions& options = {});

// Whether bytes begin like an HDF5 file.
bool LooksLikeHdf5(std::span<const uint8_t> head);

}  // namespace plumb

#endif  // PLUMB_HDF5_HDF5_FILE_H_
