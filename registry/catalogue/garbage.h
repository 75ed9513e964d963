// Deleting what nothing names.
#ifndef PLUMB_REGISTRY_CATALOGUE_GARBAGE_H_
#define PLUMB_REGISTRY_CATALOGUE_GARBAGE_H_

#include <chrono>
#include <functional>
#include <mutex>

#include "absl/status/statusor.h"
#include "plumb/v1/admin.pb.h"
#include "registry/catalogue/content.h"
#include "registry/catalogue/digest_set.h"

namespace plumb {

// Marks what releases name, then sweeps the rest, sparing what was written or asked for
// within a grace period.
//
// Safe beside publishing: a release is written only while the sweep stands still and after
// its content was seen present (SweepGate), and what it names is spared from then on. A
// publisher whose content was swept before that is told so and sends it again. Stopped at any moment, it has
// deleted only garbage. Memory: about 32 bytes for each distinct live chunk. Thread-safe; one collection at a time.
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
  absl::Status SweepChunks(const Options& options, TimePoint spared_after, const Live& live, const Progress& progress,
                           v1::CollectGarbageResponse* totals);
  absl::Status SweepBatch(const Options& options, TimePoint spared_after, std::span<const Digest> candidates,
                          v1::CollectGarbageResponse* totals);

  const MetadataStore& store_;
  Content& content_;
  const Clock clock_;
  std::mutex running_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_GARBAGE_H_
