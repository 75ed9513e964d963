// What differs between two releases.
#ifndef PLUMB_CLIENT_DIFF_H_
#define PLUMB_CLIENT_DIFF_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/client/operation.h"
#include "plumb/client/release_folder.h"

namespace plumb {

enum class DiffKind { kAdded, kRemoved, kChanged };

// One file that is not the same on both sides.
struct FileDiff {
  std::string path;
  DiffKind kind = DiffKind::kChanged;
  // 0 on the side where it does not exist.
  uint64_t a_bytes = 0;
  uint64_t b_bytes = 0;
};

// One tensor that is not the same on both sides.
struct TensorDiff {
  std::string path;
  std::string name;
  DiffKind kind = DiffKind::kChanged;
  std::string a_type;  // `F32[128,384]`; empty when it does not exist.
  std::string b_type;
  uint64_t bytes = 0;  // Size in B, or in A when removed.
  // Norms over elements, in double; absent unless both sides have the same shape and are floats.
  bool has_norm = false;
  double difference_l2 = 0;   // ||B - A||
  double relative_l2 = 0;     // ||B - A|| / ||A||; infinite when A is zero and B is not.
  double difference_max = 0;  // max |B - A|
};

// What DiffFolders found; everything sorted by path, then name.
struct DiffResult {
  std::vector<FileDiff> files;
  std::vector<TensorDiff> tensors;
  uint64_t same_files = 0;
  uint64_t same_tensors = 0;
};

// Whether the two can be compared file by file: a container of weights stands under the same path in both, or one of
// them has none. Goldens do not count.
bool HaveSameLayout(const ReleaseFolder& a, const ReleaseFolder& b);

// Compares two pulled folders by their manifests, and the tensors of changed containers by their values.
// The containers that differ must be present in both folders.
absl::StatusOr<DiffResult> DiffFolders(const ReleaseFolder& a, const ReleaseFolder& b, const Operation& operation);

}  // namespace plumb

#endif  // PLUMB_CLIENT_DIFF_H_
