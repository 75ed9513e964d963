// Files that are not what their names say because something never arrived: pointers, pages, cut downloads.
//
// Nothing is judged here that is merely not understood: a file is incomplete when its own bytes say so, or when its
// name promises bytes that every file of that name has.
#ifndef PLUMB_CONTAINERS_INCOMPLETE_H_
#define PLUMB_CONTAINERS_INCOMPLETE_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"

namespace plumb {

// What is wrong with a file or a set of files, and how to get the real ones.
struct IncompleteFile {
  std::string path;  // Of a set that lacks some: its pattern, with `*` for the number.
  std::string what;  // "is a Git LFS pointer (134 bytes) to a file of 29928734 bytes".
  std::string mend;  // "run `git lfs pull` in the folder".
};

// Whether a file with this name, size and beginning (4 KiB, or all of a shorter one) stands in for another: a pointer
// of Git LFS, Xet or git-annex, the page or message of a web server, nothing at all, another tool's unfinished
// download. Pointers are known under every name, the rest under names of weights and of tokenizers.
std::optional<IncompleteFile> StandInFor(std::string_view path, uint64_t size, std::span<const uint8_t> head);

// Whether the file ends before what its headers announce, or lacks what every file of its name begins with: ZIP,
// HDF5, NumPy, pickle, tar, MessagePack, protobuf, TFLite, Parquet. Reads headers only. For files that could not be
// opened; errors of `bytes`.
absl::StatusOr<std::optional<IncompleteFile>> EndsEarly(std::string_view path, const ByteSource& bytes);

// Sets by name (`model-00001-of-00003.safetensors`, numbered from 0 or 1) of which some are not among `paths`.
std::vector<IncompleteFile> IncompleteSets(const std::vector<std::string>& paths);

}  // namespace plumb

#endif  // PLUMB_CONTAINERS_INCOMPLETE_H_
