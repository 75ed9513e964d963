#include "registry/catalogue/garbage.h"

#include <algorithm>
#include <unordered_set>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/manifest/manifest.h"
#include "registry/catalogue/keys.h"
#include "registry/catalogue/records.h"
#include "registry/catalogue/releases.h"

namespace plumb {
namespace {

// So few deletions are made while publishers wait.
constexpr size_t kBatch = 64;
constexpr uint64_t kProgressChunks = 4096;

// Ends the gate's remembering on every way out.
class Collecting {
 public:
  explicit Collecting(SweepGate* gate) : gate_(*gate) {
    auto alone = gate_.Sweep();
    gate_.Begin();
  }
  ~Collecting() { gate_.End(); }

 private:
  SweepGate& gate_;
};

}  // namespace

absl::StatusOr<v1::CollectGarbageResponse> GarbageCollector::Run(const Options& options, const Progress& progress) {
  std::unique_lock running(running_, std::try_to_lock);
  if (!running.owns_lock()) return absl::AbortedError("another garbage collection is running");
  if (options.grace.count() < 0) return InvalidArgument("the grace period is negative");
  Collecting collecting(&content_.gate());
  // Releases written before this point are seen by Mark, later ones by the gate.
  PLUMB_ASSIGN_OR_RETURN(Live live, Mark());
  constexpr std::chrono::hours kLongest(24 * 36525);
  TimePoint spared_after = clock_() - std::min<std::chrono::seconds>(options.grace, kLongest);
  v1::CollectGarbageResponse totals;
  PLUMB_RETURN_IF_ERROR(progress(totals));
  PLUMB_RETURN_IF_ERROR(SweepLists(options, spared_after, live, &totals));
  PLUMB_ASSIGN_OR_RETURN(Candidates candidates, FindCandidates(spared_after, live, progress, &totals));
  std::vector<Digest> doomed = FindDoomed(std::move(candidates));
  auto compacted = [&](const ChunkStore::CompactionTotals& so_far) {
    totals.set_deleted_packs(so_far.deleted_packs);
    totals.set_rewritten_bytes(so_far.rewritten_bytes);
    return progress(totals);
  };
  if (options.dry_run) {
    PLUMB_RETURN_IF_ERROR(CountDoomed(doomed, &totals));
    PLUMB_RETURN_IF_ERROR(content_.chunks().ForeseeCompaction(doomed, compacted));
  } else {
    PLUMB_RETURN_IF_ERROR(SweepChunks(spared_after, doomed, progress, &totals));
    PLUMB_RETURN_IF_ERROR(content_.chunks().Compact(compacted));
  }
  totals.set_done(true);
  return totals;
}

absl::StatusOr<GarbageCollector::Live> GarbageCollector::Mark() const {
  Live live;
  std::unordered_set<Digest> roots;
  PLUMB_RETURN_IF_ERROR(ForEachRelease(store_, [&](const v1::Release& release) -> absl::Status {
    // A manifest that cannot be read names unknown chunks: nothing may be deleted then.
    PLUMB_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes(release.digest()));
    PLUMB_ASSIGN_OR_RETURN(std::string bytes, store_.Get(keys::Manifest(digest)));
    PLUMB_ASSIGN_OR_RETURN(v1::Manifest manifest, ParseRecord<v1::Manifest>(bytes, "a manifest"));
    for (const v1::File& file : manifest.files()) {
      PLUMB_ASSIGN_OR_RETURN(Digest root, Digest::FromBytes(file.tree_root()));
      roots.insert(root);
    }
    return absl::OkStatus();
  }));
  for (const Digest& root : roots) {
    live.lists.Add(root);
    absl::Status status = content_.lists().ForEachPage(root, [&](uint64_t, std::span<const ChunkRef> chunks) {
      for (const ChunkRef& chunk : chunks) live.chunks.Add(chunk.digest);
      return absl::OkStatus();
    });
    if (!status.ok()) return Annotate(status, "nothing was deleted, run fsck: a release's chunk list cannot be read");
  }
  live.lists.Finish();
  live.chunks.Finish();
  return live;
}

absl::Status GarbageCollector::SweepLists(const Options& options, TimePoint spared_after, const Live& live,
                                          v1::CollectGarbageResponse* totals) {
  std::vector<Digest> candidates;
  PLUMB_RETURN_IF_ERROR(content_.lists().ForEachList([&](const Digest& root, const ChunkListInfo& info) {
    if (!live.lists.MayContain(root) && info.touched <= spared_after) candidates.push_back(root);
    return absl::OkStatus();
  }));
  for (const Digest& root : candidates) {
    auto alone = content_.gate().Sweep();
    if (content_.gate().BecameLive(root)) continue;
    PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkListInfo> info, content_.lists().Find(root));
    if (!info.has_value() || info->touched > spared_after) continue;
    if (!options.dry_run) PLUMB_RETURN_IF_ERROR(content_.lists().Remove(root));
    totals->set_deleted_chunk_lists(totals->deleted_chunk_lists() + 1);
  }
  return absl::OkStatus();
}

absl::StatusOr<GarbageCollector::Candidates> GarbageCollector::FindCandidates(TimePoint spared_after, const Live& live,
                                                                              const Progress& progress,
                                                                              v1::CollectGarbageResponse* totals) {
  Candidates candidates;
  auto examine = [&](const Digest& digest, const ChunkInfo& info) -> absl::Status {
    totals->set_examined_chunks(totals->examined_chunks() + 1);
    if (totals->examined_chunks() % kProgressChunks == 0) PLUMB_RETURN_IF_ERROR(progress(*totals));
    if (!live.chunks.MayContain(digest) && info.touched <= spared_after) {
      candidates.by_depth[std::min<size_t>(info.depth, candidates.by_depth.size() - 1)].push_back({digest, info.base});
    } else if (info.base.has_value()) {
      candidates.needed.insert(*info.base);
    }
    return absl::OkStatus();
  };
  PLUMB_RETURN_IF_ERROR(content_.chunks().ForEach(examine));
  return candidates;
}

std::vector<Digest> GarbageCollector::FindDoomed(Candidates candidates) {
  std::vector<Digest> doomed;
  for (auto level = candidates.by_depth.rbegin(); level != candidates.by_depth.rend(); ++level) {
    for (const Candidate& candidate : *level) {
      bool needed = candidates.needed.contains(candidate.digest);
      if (!needed) doomed.push_back(candidate.digest);
      if (needed && candidate.base.has_value()) candidates.needed.insert(*candidate.base);
    }
  }
  return doomed;
}

absl::Status GarbageCollector::SweepChunks(TimePoint spared_after, std::span<const Digest> doomed,
                                           const Progress& progress, v1::CollectGarbageResponse* totals) {
  for (size_t i = 0; i < doomed.size(); i += kBatch) {
    PLUMB_RETURN_IF_ERROR(SweepBatch(spared_after, doomed.subspan(i, std::min(kBatch, doomed.size() - i)), totals));
    PLUMB_RETURN_IF_ERROR(progress(*totals));
  }
  return absl::OkStatus();
}

absl::Status GarbageCollector::SweepBatch(TimePoint spared_after, std::span<const Digest> doomed,
                                          v1::CollectGarbageResponse* totals) {
  auto alone = content_.gate().Sweep();
  std::vector<Digest> dead;
  for (const Digest& digest : doomed) {
    if (content_.gate().BecameLive(digest)) continue;
    // Looked at again: it may have been touched since.
    PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkInfo> info, content_.chunks().Find(digest));
    if (info.has_value() && info->touched <= spared_after) dead.push_back(digest);
  }
  PLUMB_ASSIGN_OR_RETURN(std::vector<uint32_t> deleted, content_.chunks().Remove(dead));
  for (uint32_t frame_bytes : deleted) {
    if (frame_bytes == 0) continue;  // A publisher has begun to need it.
    totals->set_deleted_chunks(totals->deleted_chunks() + 1);
    totals->set_deleted_bytes(totals->deleted_bytes() + frame_bytes);
  }
  return absl::OkStatus();
}

absl::Status GarbageCollector::CountDoomed(std::span<const Digest> doomed, v1::CollectGarbageResponse* totals) const {
  for (const Digest& digest : doomed) {
    PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkInfo> info, content_.chunks().Find(digest));
    if (!info.has_value()) continue;
    totals->set_deleted_chunks(totals->deleted_chunks() + 1);
    totals->set_deleted_bytes(totals->deleted_bytes() + info->frame_bytes);
  }
  return absl::OkStatus();
}

}  // namespace plumb
