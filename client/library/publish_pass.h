// One pass over the files of a folder that is published.
#ifndef PLUMB_CLIENT_LIBRARY_PUBLISH_PASS_H_
#define PLUMB_CLIENT_LIBRARY_PUBLISH_PASS_H_

#include <mutex>
#include <vector>

#include "client/library/chunk_sender.h"
#include "client/library/hash_file.h"
#include "client/library/lineage.h"
#include "client/library/publish_plan.h"
#include "client/library/similar_chunks.h"
#include "client/library/weight_watch.h"
#include "plumb/client/connection.h"
#include "plumb/manifest/manifest.h"

namespace plumb {

// Reads every planned file once, hashing and, unless told not to, sending what the registry lacks meanwhile. Used by
// one thread.
class PublishPass {
 public:
  // All must outlive the object.
  PublishPass(Connection& connection, const Directory& folder, const PublishPlan& plan, const PublishOptions& options,
              const Operation& operation);

  // Prepares for differences from the chunks of a release in the same registry.
  absl::Status UseParent(const Digest& release);

  // Hashes all files; with `send`, everything the registry lacks has arrived there when this returns OK. May be called
  // again. ABORTED when a file changed meanwhile, or since an earlier call.
  absl::Status Run(bool send, PublishResult* result);

  // The release that the files make, its lineage finished. After Run.
  absl::StatusOr<StoredManifest> Build(const LineageFinder& lineage) const;

 private:
  absl::Status RunWith(ChunkSender* sender);
  absl::StatusOr<HashedFile> HashPlanned(const PlannedFile& file, WeightWatch* watch, ChunkSender* sender);
  absl::Status Visit(const PlannedFile& file, std::span<FileChunk> batch, WeightWatch* watch, ChunkSender* sender);
  std::vector<ChunkSender::Task> MakeTasks(const PlannedFile& file, std::span<FileChunk> batch) const;
  absl::Status PutMissingLists();

  Connection& connection_;
  const Directory& folder_;
  const PublishPlan& plan_;
  const PublishOptions& options_;
  const Operation& operation_;
  transfer::BufferPool pool_;
  SimilarChunks similar_;
  std::vector<HashedFile> files_;  // As plan_.files.
  bool warned_ = false;
  std::mutex mutex_;  // Guards what follows, and the result while chunks are acknowledged.
  Progress progress_;
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_PUBLISH_PASS_H_
