// What a folder would be published as: examined, but not yet hashed.
#ifndef PLUMB_CLIENT_LIBRARY_PUBLISH_PLAN_H_
#define PLUMB_CLIENT_LIBRARY_PUBLISH_PLAN_H_

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/client/operation.h"
#include "plumb/client/publish.h"
#include "plumb/containers/incomplete.h"
#include "plumb/content/chunker.h"
#include "plumb/document/card.h"
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

// What a container says of itself beside its tensors.
struct PlannedContainer {
  std::string path;
  std::string format;
  std::map<std::string, std::string> texts;  // Metadata that are text and short.
};

// Everything a manifest says but the hashes. `manifest.files` is empty.
struct PublishPlan {
  v1::Manifest manifest;
  std::vector<PlannedFile> files;  // Sorted by path.
  // What of the folder is left out, folders with a `/` at their end.
  std::vector<std::string> left_out;
  // What is not all there.
  std::vector<IncompleteFile> incomplete;
  // Files with names of weights and a content of no format that is read.
  std::vector<std::string> unknown_weights;
  ModelCard card;
  std::vector<PlannedContainer> containers;
  // Of a training whose state lies at the top.
  std::optional<uint64_t> step;
  // Weights that Plumb cannot run, as config.json or they themselves are not understood. They were warned of.
  std::set<std::string> not_understood;

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

// Which files there are: not what LeftOutByDefault, `.plumbignore` and the options leave out.
absl::Status PlanFiles(const Directory& folder, const PublishOptions& options, PublishPlan* plan);
// Refuses keys and tokens in small text files.
absl::Status PlanSecrets(const Directory& folder, const PublishOptions& options, const Operation& operation,
                         PublishPlan* plan);
// Finds pointers and pages that stand in for files.
absl::Status PlanStandIns(const Directory& folder, const Operation& operation, PublishPlan* plan);
// Refuses what is incomplete; with the option, warns of it.
absl::Status SettleIncomplete(const PublishOptions& options, const Operation& operation, const PublishPlan& plan);
// What kind of release it is, and the facts.
absl::Status PlanKind(const Directory& folder, const PublishOptions& options, const Operation& operation,
                      PublishPlan* plan);
// What it was made from, as its files and its card say. After PlanKind.
absl::Status PlanBaseModels(const Directory& folder, PublishPlan* plan);
// Vocabularies, as far as they are understood.
absl::Status PlanTokenizers(const Directory& folder, const Operation& operation, PublishPlan* plan);
// Card, licence expression and licence texts.
absl::Status PlanDocuments(const Directory& folder, const PublishOptions& options, const Operation& operation,
                           PublishPlan* plan);
// Indexes of shards, of any format: what they name must be there. After the containers were looked at.
void PlanIndexes(const Directory& folder, PublishPlan* plan);
// Containers of weights.
absl::Status PlanWeights(const Directory& folder, const Operation& operation, PublishPlan* plan);
// Where config.json is understood, the tensors that it implies. Fills `not_understood`.
absl::Status PlanConfigs(const Directory& folder, const Operation& operation, PublishPlan* plan);
// The recipe, checked against itself and the weights.
absl::Status PlanRecipe(const Directory& folder, const PublishOptions& options, const Operation& operation,
                        PublishPlan* plan);
// Smoke cases: runs those with a golden file on the reference backend, computes the missing golden files.
absl::Status PlanSmokeCases(const Directory& folder, const Operation& operation, PublishPlan* plan);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_PUBLISH_PLAN_H_
