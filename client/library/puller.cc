#include "client/library/puller.h"

#include <algorithm>
#include <map>
#include <utility>

#include "client/library/folder_record.h"
#include "client/library/pull_target.h"
#include "client/rpc/channel.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"
#include "plumb/manifest/manifest.h"

namespace plumb {
namespace {

// Files are prepared and fetched in groups of about this size: large enough to keep the streams busy,
// small enough that files become visible early and few are open at once.
constexpr uint64_t kGroupBytes = 1u << 30;
constexpr size_t kGroupFiles = 64;
// Damaged ranges named in one message.
constexpr size_t kNamedDamagesMax = 5;

}  // namespace

std::vector<EqualFiles> GroupEqualFiles(const v1::Manifest& manifest, const std::vector<std::string>& paths) {
  std::vector<EqualFiles> groups;
  std::map<std::pair<std::string, uint64_t>, size_t> places;
  for (const std::string& path : paths) {
    const v1::File* file = FindFile(manifest, path);
    auto [place, is_new] = places.try_emplace({file->tree_root(), file->size_bytes()}, groups.size());
    if (is_new) groups.emplace_back();
    groups[place->second].push_back(file);
  }
  return groups;
}

absl::Status Puller::Run(const std::vector<std::string>& paths) {
  for (const std::string& path : paths) result_.bytes += FindFile(manifest_, path)->size_bytes();
  progress_.total_bytes = result_.bytes;
  for (const EqualFiles& files : GroupEqualFiles(manifest_, paths)) {
    PLUMB_RETURN_IF_ERROR(operation_.Check());
    PLUMB_RETURN_IF_ERROR(PrepareFiles(files));
    if (group_bytes_ >= kGroupBytes || group_.size() >= kGroupFiles) PLUMB_RETURN_IF_ERROR(FetchGroup());
  }
  PLUMB_RETURN_IF_ERROR(FetchGroup());
  return DamageStatus();
}

absl::Status Puller::Take(size_t index, std::span<const uint8_t> bytes, const std::vector<bool>& good) {
  const PullExtent& extent = plan_.targets[index];
  PullFile& file = *extent.file;
  size_t at = 0;
  for (size_t begin = 0, end = 0; begin < good.size(); begin = end) {
    size_t run_bytes = 0;
    for (end = begin; end < good.size() && good[end] == good[begin]; ++end) {
      run_bytes += file.list().chunks()[extent.first_chunk + end].size_bytes;
    }
    if (good[begin]) {
      PLUMB_ASSIGN_OR_RETURN(bool last,
                             file.Write(extent.first_chunk + begin, end - begin, bytes.subspan(at, run_bytes)));
      const uint64_t begins = file.list().offset(extent.first_chunk + begin);
      AnnounceVerified(file, begins, begins + run_bytes);
      if (last) PLUMB_RETURN_IF_ERROR(file.Finish());
      Advance(file.file().path(), run_bytes);
    }
    at += run_bytes;
  }
  return absl::OkStatus();
}

absl::Status Puller::PrepareFiles(const EqualFiles& files) {
  const v1::File& file = *files.front();
  PLUMB_ASSIGN_OR_RETURN(ChunkList list, ChunkListFor(connection_, directory_, file));
  if (!directory_.Stat(ChunkListName(list.TreeRoot())).ok()) PLUMB_RETURN_IF_ERROR(SaveChunkList(directory_, list));
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<PullFile> prepared,
                         PullFile::Prepare(directory_, options_.cache, files, std::move(list)));
  result_.files += files.size();
  result_.reused_bytes += prepared->reused_bytes();
  {
    std::lock_guard lock(mutex_);
    progress_.reused_bytes += prepared->reused_bytes();
  }
  Advance(file.path(), prepared->reused_bytes());
  Announce(*prepared);
  if (prepared->missing().empty()) return prepared->Finish();
  for (size_t index : prepared->missing()) group_bytes_ += prepared->list().chunks()[index].size_bytes;
  group_.push_back(std::move(prepared));
  return absl::OkStatus();
}

void Puller::Announce(const PullFile& file) const {
  if (options_.observer == nullptr) return;
  for (const v1::File* each : file.files()) {
    options_.observer->Prepared(each->path(), file.PlaceOf(*each));
    if (!file.IsWanting(*each)) options_.observer->Verified(each->path(), 0, each->size_bytes());
  }
  uint64_t begin = 0;
  for (size_t index : file.missing()) {
    AnnounceVerified(file, begin, file.list().offset(index));
    begin = file.list().offset(index) + file.list().chunks()[index].size_bytes;
  }
  AnnounceVerified(file, begin, file.list().file_bytes());
}

void Puller::AnnounceVerified(const PullFile& file, uint64_t begin, uint64_t end) const {
  if (options_.observer == nullptr || begin >= end) return;
  for (const v1::File* each : file.files()) {
    if (file.IsWanting(*each)) options_.observer->Verified(each->path(), begin, end);
  }
}

absl::Status Puller::FetchGroup() {
  if (group_.empty()) return absl::OkStatus();
  if (connection_.offline()) {
    return NotFound(fmt::format("{} is not here as a whole, or damaged, and nothing is fetched offline",
                                group_.front()->file().path()));
  }
  plan_ = PlanExtents(group_, bases_);
  std::vector<rpc::Channel*> sources = {&connection_.channel()};
  for (Connection* mirror : options_.mirrors) sources.push_back(&mirror->channel());
  transfer::DownloadOptions download{.streams = options_.parallel,
                                     .memory_bytes = options_.memory_bytes / 2,
                                     .bytes_per_second = options_.bytes_per_second};
  PLUMB_ASSIGN_OR_RETURN(transfer::DownloadReport report,
                         transfer::Download(sources, plan_.extents, *this, download, operation_));
  result_.downloaded_bytes += report.received_bytes;
  for (const auto& damage : report.damaged) NoteDamage(damage);
  group_.clear();
  group_bytes_ = 0;
  return absl::OkStatus();
}

void Puller::NoteDamage(const transfer::DownloadReport::Damage& damage) {
  const PullExtent& extent = plan_.targets[damage.extent];
  const size_t index = extent.first_chunk + damage.chunk;
  const ChunkList& list = extent.file->list();
  std::string path = extent.file->file().path();
  if (const size_t others = extent.file->files().size() - 1; others > 0) {
    path += fmt::format(" (and {} with the same bytes)", others);
  }
  damages_.push_back(fmt::format("{} bytes {} to {}: {}", path, list.offset(index),
                                 list.offset(index) + list.chunks()[index].size_bytes, Message(damage.why)));
}

absl::Status Puller::DamageStatus() const {
  if (damages_.empty()) return absl::OkStatus();
  std::string message = fmt::format("{} chunk(s) of {}@{} could not be verified; everything else was pulled",
                                    damages_.size(), manifest_.model(), manifest_.version());
  for (size_t i = 0; i < std::min(damages_.size(), kNamedDamagesMax); ++i) message += "\n  " + damages_[i];
  if (damages_.size() > kNamedDamagesMax) message += fmt::format("\n  and {} more", damages_.size() - kNamedDamagesMax);
  return WithErrorClass(DataLoss(message), ErrorClass::kVerification);
}

void Puller::Advance(const std::string& path, uint64_t bytes) {
  std::lock_guard lock(mutex_);
  progress_.item = path;
  progress_.done_bytes += bytes;
  operation_.Report(progress_);
}

}  // namespace plumb
