// What weight containers hold: of a file, of a folder, of a release that lies in a registry.
#ifndef PLUMB_CLIENT_INSPECT_H_
#define PLUMB_CLIENT_INSPECT_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/client/connection.h"
#include "plumb/client/operation.h"
#include "plumb/v1/manifest.pb.h"
#include "plumb/weights/conventions.h"
#include "plumb/weights/metadata.h"
#include "plumb/weights/statistics.h"
#include "plumb/weights/tensor_source.h"
#include "plumb/weights/unreadable_tensor.h"

namespace plumb {

struct InspectedFile {
  std::string path;
  uint64_t size_bytes = 0;
  bool unpacked = false;  // No file of its own: what was unpacked from the others.
};

// One container: a file, or several that belong together (shards, external data). Plain value.
struct InspectedContainer {
  std::string path;                  // The file it is opened by: an index, the first part.
  std::string format;                // `safetensors`, `gguf`, ...
  std::vector<InspectedFile> files;  // SourceTensor ranges are in these.
  std::vector<SourceTensor> tensors;
  // Parallel to `tensors` when statistics were asked for; none for types that are no numbers.
  std::vector<std::optional<TensorStatistics>> statistics;
  std::vector<MetadataEntry> metadata;
  std::vector<std::string> notes;
  std::vector<UnreadableTensor> unreadable;  // What is there and cannot be given.
  ConventionReport conventions;
  // The tensors are what the manifest says; the file's header was not read.
  bool from_manifest = false;
  // "a CoreML model": the content is of a format that is not read; then the rest is empty but for `files`.
  std::string foreign;
  // Not OK when the content claims `format` and is not sound: then the rest is empty but for `files`.
  absl::Status error;

  // Of all files.
  uint64_t size_bytes() const;
};

struct Inspection {
  std::vector<InspectedContainer> containers;
  // Files that are no containers.
  uint64_t other_files = 0;
  // Of all files.
  uint64_t size_bytes = 0;
  // What came over the network to describe a release: headers and chunk lists, compressed as they travelled.
  uint64_t received_bytes = 0;
};

struct InspectOptions {
  // Read all tensors, on two threads, for their statistics.
  bool statistics = false;
};

// Describes a file, or every container in a folder (what is no regular file, `.git` and `.plumb` are left out); a set
// of shards counts as one. INVALID_ARGUMENT (ErrorClass::kPolicy) for a single file that is no container or not sound;
// in a folder such files, and those that cannot be read, are results.
absl::StatusOr<Inspection> InspectPath(const std::string& path, const InspectOptions& options,
                                       const Operation& operation);

// Describes a release without downloading it: fetches the chunks that hold headers, at most kInspectBytesMax for a
// file, or kInspectShardBytesMax where its name says that it is one of a set (`-00001-of-00007`). One that would need
// more is described from the manifest's index of tensors; one that has no index there is read as far as its format
// asks. Every byte is verified against the manifest's tree root before it is looked at.
absl::StatusOr<Inspection> InspectRelease(Connection& connection, const v1::Manifest& manifest,
                                          const Operation& operation);
inline constexpr uint64_t kInspectBytesMax = 16u << 20;
inline constexpr uint64_t kInspectShardBytesMax = 1u << 20;

}  // namespace plumb

#endif  // PLUMB_CLIENT_INSPECT_H_
