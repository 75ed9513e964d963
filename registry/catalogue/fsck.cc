#include "registry/catalogue/fsck.h"

#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/content/merkle.h"
#include "plumb/content/multi_digest.h"
#include "plumb/manifest/manifest.h"
#include "registry/catalogue/file_verifier.h"
#include "registry/catalogue/keys.h"
#include "registry/catalogue/records.h"
#include "registry/catalogue/releases.h"

namespace plumb {
namespace {

constexpr size_t kNeededByMax = 10;
constexpr uint64_t kProgressChunks = 256;
constexpr size_t kGroupChunks = 8;

}  // namespace

absl::Status Fsck::Run() {
  PLUMB_RETURN_IF_ERROR(CheckPacks());
  PLUMB_RETURN_IF_ERROR(CheckChunks());
  PLUMB_RETURN_IF_ERROR(CheckLists());
  PLUMB_RETURN_IF_ERROR(CheckReleases());
  if (!verified_.puts.empty()) PLUMB_RETURN_IF_ERROR(store_.Commit(verified_));
  PLUMB_RETURN_IF_ERROR(ReportDamagedChunks());
  PLUMB_RETURN_IF_ERROR(CheckTags());
  PLUMB_RETURN_IF_ERROR(CheckEvents());
  totals_.set_done(true);
  return observer_(totals_);
}

absl::Status Fsck::Report(std::string_view kind, std::string subject, std::string message,
                          const std::set<std::string>& needed_by) {
  totals_.set_problem_count(totals_.problem_count() + 1);
  v1::FsckResponse response = totals_;
  v1::FsckProblem* problem = response.mutable_problem();
  problem->set_kind(std::string(kind));
  problem->set_subject(std::move(subject));
  problem->set_message(std::move(message));
  for (const std::string& release : needed_by) problem->add_needed_by(release);
  return observer_(response);
}

absl::Status Fsck::CheckPacks() {
  return content_.chunks().CheckPacks([&](const std::string& name, const absl::Status& sound) {
    return sound.ok() ? observer_(totals_) : Report("pack", name, std::string(Message(sound)));
  });
}

absl::Status Fsck::CheckChunks() {
  std::vector<ReadChunk> group;
  absl::Status status = content_.chunks().ForEach([&](const Digest& digest, const ChunkInfo& info) -> absl::Status {
    group.push_back({digest, ReadWholeChunk(content_.chunks(), digest, info.size_bytes)});
    seen_.Add(digest);
    totals_.set_checked_chunks(totals_.checked_chunks() + 1);
    totals_.set_checked_bytes(totals_.checked_bytes() + info.size_bytes);
    if (group.size() == kGroupChunks) {
      PLUMB_RETURN_IF_ERROR(CheckGroup(group));
      group.clear();
    }
    return totals_.checked_chunks() % kProgressChunks == 0 ? observer_(totals_) : absl::OkStatus();
  });
  seen_.Finish();
  return status.ok() ? CheckGroup(group) : status;
}

absl::Status Fsck::CheckGroup(std::span<const ReadChunk> group) {
  std::vector<std::span<const uint8_t>> messages;
  for (const ReadChunk& chunk : group) {
    messages.push_back(chunk.bytes.ok() ? std::span<const uint8_t>(*chunk.bytes) : std::span<const uint8_t>());
  }
  std::vector<Digest> digests(group.size());
  Sha256Many(messages, digests);
  for (size_t i = 0; i < group.size(); ++i) {
    const absl::Status& read = group[i].bytes.status();
    if (absl::IsNotFound(read)) continue;  // Collected meanwhile.
    if (!read.ok()) {
      PLUMB_RETURN_IF_ERROR(NoteDamage(group[i].digest, fmt::format("cannot be read: {}", Message(read))));
    } else if (digests[i] != group[i].digest) {
      PLUMB_RETURN_IF_ERROR(NoteDamage(
          group[i].digest, fmt::format("its {} bytes have SHA-256 {}", messages[i].size(), digests[i].ToHex())));
    }
  }
  return absl::OkStatus();
}

absl::Status Fsck::NoteDamage(const Digest& digest, std::string message) {
  if (quarantine_) {
    absl::StatusOr<bool> sound = content_.CheckOrQuarantine(digest);
    if (sound.ok() && *sound) return absl::OkStatus();  // A publisher has just replaced it.
    if (!sound.ok() && !absl::IsNotFound(sound.status())) return sound.status();
    message += "; put aside";
  }
  damaged_[digest].message = std::move(message);
  return absl::OkStatus();
}

absl::Status Fsck::CheckLists() {
  std::vector<std::pair<Digest, ChunkListInfo>> lists;
  PLUMB_RETURN_IF_ERROR(content_.lists().ForEachList([&](const Digest& root, const ChunkListInfo& info) {
    lists.emplace_back(root, info);
    return absl::OkStatus();
  }));
  for (const auto& [root, info] : lists) {
    MerkleRootBuilder builder;
    uint64_t size = 0;
    absl::Status status = content_.lists().ForEachPage(root, [&](uint64_t, std::span<const ChunkRef> chunks) {
      for (const ChunkRef& chunk : chunks) {
        builder.AddLeafHash(ChunkLeafHash(chunk));
        size += chunk.size_bytes;
      }
      return absl::OkStatus();
    });
    if (absl::IsNotFound(status)) continue;  // Collected meanwhile.
    std::string message;
    if (!status.ok()) {
      message = std::string(Message(status));
    } else if (Digest found = builder.Root(); found != root) {
      message = fmt::format("its chunks have the tree root {}", found.ToHex());
    } else if (size != info.size_bytes) {
      message = fmt::format("its chunks have {} bytes, its head says {}", size, info.size_bytes);
    }
    if (message.empty()) continue;
    bad_lists_[root] = message;
    PLUMB_RETURN_IF_ERROR(Report("chunk-list", root.ToHex(), message));
  }
  return absl::OkStatus();
}

absl::Status Fsck::ReportDamagedChunks() {
  for (const auto& [digest, damage] : damaged_) {
    PLUMB_RETURN_IF_ERROR(Report("chunk", digest.ToHex(), damage.message, damage.needed_by));
  }
  return absl::OkStatus();
}

absl::Status Fsck::CheckFile(const v1::File& file, const std::string& release) {
  PLUMB_ASSIGN_OR_RETURN(Digest root, Digest::FromBytes(file.tree_root()));
  std::string subject = fmt::format("{} {}", release, file.path());
  if (auto bad = bad_lists_.find(root); bad != bad_lists_.end()) {
    return Report("file", subject, fmt::format("its chunk list {} is damaged: {}", root.ToHex(), bad->second),
                  {release});
  }
  uint64_t missing = 0;
  bool damaged = false;
  uint64_t offset = 0;
  std::string first;
  absl::Status status =
      content_.lists().ForEachPage(root, [&](uint64_t, std::span<const ChunkRef> chunks) -> absl::Status {
        for (const ChunkRef& chunk : chunks) {
          auto damage = damaged_.find(chunk.digest);
          damaged |= damage != damaged_.end();
          if (damage != damaged_.end() && damage->second.needed_by.size() < kNeededByMax) {
            damage->second.needed_by.insert(release);
          }
          if (damage == damaged_.end() && !seen_.MayContain(chunk.digest)) {
            // It may have come after we looked.
            PLUMB_ASSIGN_OR_RETURN(std::optional<ChunkInfo> now, content_.chunks().Find(chunk.digest));
            if (!now.has_value() && missing++ == 0) {
              first = fmt::format("bytes {} to {}, chunk {}", offset, offset + chunk.size_bytes, chunk.digest.ToHex());
            }
          }
          offset += chunk.size_bytes;
        }
        return absl::OkStatus();
      });
  if (absl::IsNotFound(status) || absl::IsDataLoss(status)) {
    return Report("file", subject, std::string(Message(status)), {release});
  }
  PLUMB_RETURN_IF_ERROR(status);
  if (missing > 0) {
    return Report("file", subject, fmt::format("{} of its chunks are missing, the first: {}", missing, first),
                  {release});
  }
  if (offset != file.size_bytes()) {
    return Report("file", subject,
                  fmt::format("its chunks have {} bytes, the manifest says {}", offset, file.size_bytes()), {release});
  }
  return damaged ? absl::OkStatus() : CheckWholeFile(file, root, release);
}

absl::Status Fsck::CheckWholeFile(const v1::File& file, const Digest& root, const std::string& release) {
  PLUMB_ASSIGN_OR_RETURN(Digest stated, Digest::FromBytes(file.sha256()));
  std::string mark = keys::Verified(root, stated);
  absl::StatusOr<std::string> verified = store_.Get(mark);
  if (!absl::IsNotFound(verified.status())) return verified.status();
  auto known = hashed_.find(root);
  if (known == hashed_.end()) {
    uint64_t chunks = 0;
    absl::StatusOr<Digest> found = HashFile(root, content_, [&](uint64_t) {
      return ++chunks % kProgressChunks == 0 ? observer_(totals_) : absl::OkStatus();
    });
    // Its chunks are sound and were there: it was collected meanwhile, and its release with it was never here.
    if (absl::IsNotFound(found.status())) return absl::OkStatus();
    PLUMB_RETURN_IF_ERROR(found.status());
    known = hashed_.emplace(root, *found).first;
  }
  if (known->second != stated) {
    return Report(
        "file", fmt::format("{} {}", release, file.path()),
        fmt::format("its bytes have SHA-256 {}, its publisher stated {}", known->second.ToHex(), stated.ToHex()),
        {release});
  }
  if (marks_.insert(mark).second) verified_.Put(std::move(mark), "");
  return absl::OkStatus();
}

}  // namespace plumb
