#include "plumb/client/pull.h"

#include <algorithm>
#include <memory>
#include <mutex>
#include <optional>
#include <set>

#include "client/library/base_chunks.h"
#include "client/library/folder_record.h"
#include "client/library/pull_file.h"
#include "client/library/pull_plan.h"
#include "client/rpc/channel.h"
#include "client/transfer/download.h"
#include "fmt/format.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"
#include "plumb/client/release_folder.h"

namespace plumb {
namespace {

// Files are prepared and fetched in groups of about this size: large enough to keep the streams busy,
// small enough that files become visible early and few are open at once.
constexpr uint64_t kGroupBytes = 1u << 30;
constexpr size_t kGroupFiles = 64;
// Damaged ranges named in one message.
constexpr size_t kNamedDamagesMax = 5;

bool IsSelected(const PullOptions& options, const std::string& path) {
  auto matches = [&](const std::string& glob) { return GlobMatches(glob, path); };
  bool included = options.include.empty() || std::any_of(options.include.begin(), options.include.end(), matches);
  return included && std::none_of(options.exclude.begin(), options.exclude.end(), matches);
}

// What stands in the folder already, if anything.
std::optional<ReleaseFolder> OpenBefore(const std::string& folder) {
  absl::StatusOr<ReleaseFolder> before = ReleaseFolder::Open(folder);
  return before.ok() ? std::optional<ReleaseFolder>(*std::move(before)) : std::nullopt;
}

// One pull; used by one thread, as a sink by several.
class Puller : public transfer::ExtentSink {
 public:
  Puller(Connection& connection, const PullOptions& options, const Operation& operation, Directory directory,
         const v1::Manifest& manifest, const BaseChunks& bases, PullResult* result)
      : connection_(connection),
        options_(options),
        operation_(operation),
        directory_(std::move(directory)),
        manifest_(manifest),
        bases_(bases),
        result_(*result) {}

  absl::Status Run(const std::vector<std::string>& paths) {
    for (const std::string& path : paths) result_.bytes += FindFile(manifest_, path)->size_bytes();
    progress_.total_bytes = result_.bytes;
    for (const std::string& path : paths) {
      PLUMB_RETURN_IF_ERROR(operation_.Check());
      PLUMB_RETURN_IF_ERROR(PrepareFile(*FindFile(manifest_, path)));
      if (group_bytes_ >= kGroupBytes || group_.size() >= kGroupFiles) PLUMB_RETURN_IF_ERROR(FetchGroup());
    }
    PLUMB_RETURN_IF_ERROR(FetchGroup());
    return DamageStatus();
  }

  absl::Status ReadBase(const Digest& have, std::span<uint8_t> plain) override { return bases_.Read(have, plain); }

  absl::Status Take(size_t index, std::span<const uint8_t> bytes, const std::vector<bool>& good) override {
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
        if (options_.observer != nullptr) {
          const uint64_t begins = file.list().offset(extent.first_chunk + begin);
          options_.observer->Verified(file.file().path(), begins, begins + run_bytes);
        }
        if (last) PLUMB_RETURN_IF_ERROR(file.Finish());
        Advance(file.file().path(), run_bytes);
      }
      at += run_bytes;
    }
    return absl::OkStatus();
  }

 private:
  absl::Status PrepareFile(const v1::File& file) {
    absl::StatusOr<ChunkList> list = LoadChunkList(directory_, file);
    if (!list.ok()) {
      list = GetChunkList(connection_, file);
      PLUMB_RETURN_IF_ERROR(list.status());
      PLUMB_RETURN_IF_ERROR(SaveChunkList(directory_, *list));
    }
    PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<PullFile> prepared,
                           PullFile::Prepare(directory_, options_.cache, file, *std::move(list)));
    ++result_.files;
    result_.reused_bytes += prepared->reused_bytes();
    {
      std::lock_guard lock(mutex_);
      progress_.reused_bytes += prepared->reused_bytes();
    }
    Advance(file.path(), prepared->reused_bytes());
    Announce(*prepared);
    if (prepared->missing().empty()) return prepared->Finish();
    group_bytes_ += file.size_bytes() - prepared->reused_bytes();
    group_.push_back(std::move(prepared));
    return absl::OkStatus();
  }

  // Tells the observer of a file, and of what was here of it.
  void Announce(const PullFile& file) const {
    if (options_.observer == nullptr) return;
    const std::string& path = file.file().path();
    options_.observer->Prepared(path, file.place());
    uint64_t begin = 0;
    for (size_t index : file.missing()) {
      const uint64_t end = file.list().offset(index);
      if (end > begin) options_.observer->Verified(path, begin, end);
      begin = end + file.list().chunks()[index].size_bytes;
    }
    if (file.list().file_bytes() > begin) options_.observer->Verified(path, begin, file.list().file_bytes());
  }

  absl::Status FetchGroup() {
    if (group_.empty()) return absl::OkStatus();
    plan_ = PlanExtents(group_, bases_);
    std::vector<rpc::Channel*> sources = {&connection_.channel()};
    for (Connection* mirror : options_.mirrors) sources.push_back(&mirror->channel());
    transfer::DownloadOptions download{.streams = options_.parallel,
                                       .memory_bytes = options_.memory_bytes / 2,
                                       .bytes_per_second = options_.bytes_per_second};
    PLUMB_ASSIGN_OR_RETURN(transfer::DownloadReport report,
                           transfer::Download(sources, plan_.extents, *this, download, operation_));
    result_.downloaded_bytes += report.received_bytes;
    for (const auto& damage : report.damaged) {
      const PullExtent& extent = plan_.targets[damage.extent];
      size_t index = extent.first_chunk + damage.chunk;
      const ChunkList& list = extent.file->list();
      damages_.push_back(fmt::format("{} bytes {} to {}: {}", extent.file->file().path(), list.offset(index),
                                     list.offset(index) + list.chunks()[index].size_bytes, Message(damage.why)));
    }
    group_.clear();
    group_bytes_ = 0;
    return absl::OkStatus();
  }

  absl::Status DamageStatus() const {
    if (damages_.empty()) return absl::OkStatus();
    std::string message = fmt::format("{} chunk(s) of {}@{} could not be verified; everything else was pulled",
                                      damages_.size(), manifest_.model(), manifest_.version());
    for (size_t i = 0; i < std::min(damages_.size(), kNamedDamagesMax); ++i) message += "\n  " + damages_[i];
    if (damages_.size() > kNamedDamagesMax)
      message += fmt::format("\n  and {} more", damages_.size() - kNamedDamagesMax);
    return WithErrorClass(DataLoss(message), ErrorClass::kVerification);
  }

  void Advance(const std::string& path, uint64_t bytes) {
    std::lock_guard lock(mutex_);
    progress_.item = path;
    progress_.done_bytes += bytes;
    operation_.Report(progress_);
  }

  Connection& connection_;
  const PullOptions& options_;
  const Operation& operation_;
  Directory directory_;
  const v1::Manifest& manifest_;
  const BaseChunks& bases_;
  PullResult& result_;
  std::mutex mutex_;
  Progress progress_{.phase = "pull", .item = {}, .done_bytes = 0, .total_bytes = 0};
  std::vector<std::unique_ptr<PullFile>> group_;
  PullPlan plan_;
  uint64_t group_bytes_ = 0;
  std::vector<std::string> damages_;
};

}  // namespace

absl::StatusOr<PullResult> Pull(Connection& connection, const PullOptions& options, const Operation& operation) {
  PLUMB_ASSIGN_OR_RETURN(v1::Release release, Resolve(connection, options.reference));
  PLUMB_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes(release.digest()));
  if (std::string warning = NamesakeWarning(options.reference, release); !warning.empty()) operation.Warn(warning);
  PLUMB_ASSIGN_OR_RETURN(StoredManifest stored, GetManifest(connection, digest));
  const v1::Manifest& manifest = stored.manifest;
  if (manifest.model() != release.model() || manifest.version() != release.version()) {
    return WithErrorClass(
        DataLoss(fmt::format("registry {} calls {}@{} what its manifest calls {}@{}", connection.registry(),
                             release.model(), release.version(), manifest.model(), manifest.version())),
        ErrorClass::kVerification);
  }
  std::vector<std::string> paths;
  for (const v1::File& file : manifest.files()) {
    if (IsSelected(options, file.path())) paths.push_back(file.path());
  }
  if (paths.empty() && !manifest.files().empty()) {
    return NotFound(fmt::format("no file of {}@{} matches the globs given", manifest.model(), manifest.version()));
  }
  PLUMB_ASSIGN_OR_RETURN(Directory directory, Directory::Create(options.folder));
  PLUMB_ASSIGN_OR_RETURN(UniqueFd lock, LockFolder(directory));
  std::set<std::string> selected(paths.begin(), paths.end());
  BaseChunks bases;
  if (std::optional<ReleaseFolder> before = OpenBefore(options.folder)) {
    if (before->manifest().digest == digest) {
      selected.insert(before->selected().begin(), before->selected().end());
    } else {
      bases.AddFolder(*before);
    }
  }
  if (options.cache != nullptr && manifest.has_lineage()) {
    PLUMB_ASSIGN_OR_RETURN(Digest parent, Digest::FromBytes(manifest.lineage().parent_digest()));
    bases.AddCached(connection, *options.cache, parent);
  }
  PLUMB_RETURN_IF_ERROR(WriteRecord(directory, stored, {selected.begin(), selected.end()}));

  if (options.observer != nullptr) options.observer->Begin(manifest, paths);
  PullResult result{.digest = digest, .model = manifest.model(), .version = manifest.version()};
  result.yanked = release.yanked();
  result.yank_reason = release.yank_reason();
  Puller puller(connection, options, operation, std::move(directory), manifest, bases, &result);
  PLUMB_RETURN_IF_ERROR(puller.Run(paths));
  return result;
}

}  // namespace plumb
