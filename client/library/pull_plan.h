// What a pull fetches, in which order.
#ifndef PLUMB_CLIENT_LIBRARY_PULL_PLAN_H_
#define PLUMB_CLIENT_LIBRARY_PULL_PLAN_H_

#include <memory>
#include <span>
#include <vector>

#include "client/library/base_chunks.h"
#include "client/library/pull_file.h"
#include "client/transfer/download.h"

namespace plumb {

// Where an extent belongs.
struct PullExtent {
  PullFile* file = nullptr;
  size_t first_chunk = 0;
};

// Extents, and for each its place in the files.
struct PullPlan {
  std::vector<transfer::Extent> extents;
  std::vector<PullExtent> targets;
};

// Cuts what the files lack into extents, in the order in which a model uses its layers, so that a reader can start
// early. What has no tensors comes first.
PullPlan PlanExtents(std::span<const std::unique_ptr<PullFile>> files, const BaseChunks& bases);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_PULL_PLAN_H_
