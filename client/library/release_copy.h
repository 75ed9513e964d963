// One release from one registry to another.
#ifndef PLUMB_CLIENT_LIBRARY_RELEASE_COPY_H_
#define PLUMB_CLIENT_LIBRARY_RELEASE_COPY_H_

#include <cstdint>

#include "absl/status/status.h"
#include "client/library/similar_chunks.h"
#include "plumb/client/connection.h"
#include "plumb/client/operation.h"
#include "plumb/v1/catalogue.pb.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb {

// What was copied.
struct CopyFigures {
  uint64_t chunks = 0;
  uint64_t bytes = 0;
};

// Copies releases, fetching what the target lacks and verifying it on the way. Used by one thread.
class ReleaseCopier {
 public:
  // All must outlive the object. `streams`: at once.
  ReleaseCopier(Connection& upstream, Connection& target, int streams, const Operation& operation)
      : upstream_(upstream), target_(target), streams_(streams), operation_(operation) {}

  // The release that `event` says was published. When it returns OK the target shows it.
  absl::Status Copy(const v1::Event& event);
  const CopyFigures& figures() const { return figures_; }

 private:
  // Prepares for chunks that the upstream keeps as differences from the parent's. A parent that is not there is no
  // failure.
  absl::Status LearnParent(const v1::Manifest& manifest);
  absl::Status CopyFile(const v1::File& file);
  absl::Status CopyChunks(const v1::File& file, const ChunkList& list, bool differences);

  Connection& upstream_;
  Connection& target_;
  const int streams_;
  const Operation& operation_;
  CopyFigures figures_;
  Progress progress_;
  SimilarChunks parent_;
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_RELEASE_COPY_H_
