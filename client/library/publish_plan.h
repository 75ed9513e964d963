// What a folder would be published as: examined, but not yet hashed.
#ifndef PLUMB_CLIENT_LIBRARY_PUBLISH_PLAN_H_
#define PLUMB_CLIENT_LIBRARY_PUBLISH_PLAN_H_

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/client/operation.h"
#include "plumb/client/publish.h"
#include "plumb/content/chunker.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb {

// One file to publish.
struct PlannedFile {
  std::string path;
  uint64_t size_bytes = 0;
  // The content of a file that plumb made (a recorded smoke case); files of the folder are read when hashed.
  std::string generated;
  // Tensors of a weight container, in the order of their bytes.
  std::vector<v1::Tensor> tensors;
  // Names of those that are stored big-endian, which the manifest does not say: readers ask the container.
  std::set<std::string> big_endian;

  // Where PlanChunks should cut.
  std::vector<ByteRange> TensorRanges() const;
};

// Everything a manifest says but the hashes. `manifest.files` is empty.
struct PublishPlan {
  v1::Manifest manifest;
  std::vector<PlannedFile> files;  // Sorted by path.

  std::vector<std::string> Paths() const;
  bool Has(std::string_view path) const;
};

// Looks at everything in the folder and refuses what Publish documents. The parent and the loss of a
// checkpoint are left to the caller.
absl::StatusOr<PublishPlan> PlanPublish(const Directory& folder, const PublishOptions& options,
                                        const Operation& operation);

// A refusal because of the file at `path`: ErrorClass::kPolicy unless the status has a class already. OK stays OK.
absl::Status AsRefusal(const absl::Status& status, std::string_view path);

// The steps of PlanPublish, one file each. They add to `plan`.

// Card, licence expression and licence texts.
absl::Status PlanDocuments(const Directory& folder, const PublishOptions& options, const Operation& operation,
                           PublishPlan* plan);
// Containers of weights.
absl::Status PlanWeights(const Directory& folder, const Operation& operation, PublishPlan* plan);
// Where config.json describes an architecture that Plumb knows, the tensors that it implies.
absl::Status PlanConfigs(const Directory& folder, const Operation& operation, PublishPlan* plan);
// The recipe, checked against itself and the weights.
absl::Status PlanRecipe(const Directory& folder, const PublishOptions& options, const Operation& operation,
                        PublishPlan* plan);
// Smoke cases: runs those with a golden file on the reference backend, computes the missing golden files.
absl::Status PlanSmokeCases(const Directory& folder, const Operation& operation, PublishPlan* plan);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_PUBLISH_PLAN_H_
