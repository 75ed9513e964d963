// Deleting what nothing names.
#ifndef PLUMB_REGISTRY_CATALOGUE_GARBAGE_H_
#define PLUMB_REGISTRY_CATALOGUE_GARBAGE_H_

#include <array>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <unordered_set>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/limits.h"
#include "plumb/v1/admin.pb.h"
#include "registry/catalogue/content.h"
#include "registry/catalogue/digest_set.h"

namespace plumb {

// Marks what releases name, then sweeps the rest, sparing what was written or asked for
// within a grace period and what spared chunks are stored as differences from; then gives back the space.
//
// Safe beside publishing: a release is written only while the sweep stands still and after
// its content was seen present (SweepGate), and what it names is spared from then on. A
// publisher whose content was swept before that is told so and sends it again. Stopped at any moment, it has
// deleted only garbage. Memory: about 32 bytes for each distinct live chunk, 64 for each dead one. Thread-safe; one
// collection at a time.
class GarbageCollector {
 public:
  struct Options {
    std::chrono::seconds grace = std::chrono::hours(24);
    bool dry_run = false;
  };
  // Hears of the work so far; an error ends the collection.
  using Progress = std::function<absl::Status(const v1::CollectGarbageResponse& so_far)>;

  // Both must outlive the object.
  GarbageCollector(const MetadataStore* store, Content* content, Clock clock)
      : store_(*store), content_(*content), clock_(std::move(clock)) {}

  // The totals, with `done` set. ABORTED while another collection runs.
  absl::StatusOr<v1::CollectGarbageResponse> Run(const Options& options, const Progress& progress);

 private:
  struct Live {
    DigestSet lists;
    DigestSet chunks;
  };
  absl::StatusOr<Live> Mark() const;
  absl::Status SweepLists(const Options& options, TimePoint spared_after, const Live& live,
                          v1::CollectGarbageResponse* totals);
  // What may be swept, and what must not be because a spared chunk needs it.
  struct Candidate {
    Digest digest;
    std::optional<Digest> base;
  };
  struct Candidates {
    std::array<std::vector<Candidate>, 2 * limits::kDifferenceDepthMax + 1> by_depth;
    std::unordered_set<Digest> needed;
  };
  absl::StatusOr<Candidates> FindCandidates(TimePoint spared_after, const Live& live, const Progress& progress,
                                            v1::CollectGarbageResponse* totals);
  // Those that nothing spared needs, deepest first.
  static std::vector<Digest> FindDoomed(Candidates candidates);
  absl::Status SweepChunks(TimePoint spared_after, std::span<const Digest> doomed, const Progress& progress,
                           v1::CollectGarbageResponse* totals);
  absl::Status SweepBatch(TimePoint spared_after, std::span<const Digest> doomed, v1::CollectGarbageResponse* totals);
  absl::Status CountDoomed(std::span<const Digest> doomed, v1::CollectGarbageResponse* totals) const;

  const MetadataStore& store_;
  Content& content_;
  const Clock clock_;
  std::mutex running_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_GARBAGE_H_
