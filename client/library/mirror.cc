#include "plumb/client/mirror.h"

#include <algorithm>
#include <charconv>
#include <optional>
#include <vector>

#include "client/library/chunk_relay.h"
#include "client/library/commit.h"
#include "client/library/similar_chunks.h"
#include "client/rpc/channel.h"
#include "client/transfer/upload.h"
#include "fmt/format.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"
#include "plumb/client/administration.h"
#include "plumb/client/catalogue.h"

namespace plumb {
namespace {

constexpr uint32_t kEventPage = 200;

// One sync; used by one thread.
class MirrorSync {
 public:
  MirrorSync(Connection& upstream, Connection& target, const MirrorOptions& options, const Operation& operation)
      : upstream_(upstream), target_(target), options_(options), operation_(operation) {}

  absl::StatusOr<MirrorResult> Run() {
    PLUMB_ASSIGN_OR_RETURN(cursor_, GetCursor(target_, CursorName()));
    PLUMB_RETURN_IF_ERROR(ReadCursor());
    while (true) {
      PLUMB_ASSIGN_OR_RETURN(v1::ListEventsResponse page, ListEvents(upstream_, result_.sequence, kEventPage));
      if (page.events().empty()) {
        if (page.head_sequence() >= result_.sequence) return result_;
        return FailedPrecondition(
            fmt::format("upstream {} has {} events, this mirror has followed {}: its history was rolled back",
                        upstream_.registry(), page.head_sequence(), result_.sequence));
      }
      for (const v1::Event& event : page.events()) {
        PLUMB_RETURN_IF_ERROR(operation_.Check());
        PLUMB_RETURN_IF_ERROR(CheckSequence(event));
        if (IsSelected(event.model())) PLUMB_RETURN_IF_ERROR(Apply(event));
        result_.sequence = event.sequence();
        ++result_.events;
        // A publish may have cost much; what is cheap is saved page by page.
        if (event.kind() == v1::EVENT_KIND_PUBLISH) PLUMB_RETURN_IF_ERROR(SaveCursor());
      }
      PLUMB_RETURN_IF_ERROR(SaveCursor());
    }
  }

 private:
  // One cursor for each upstream and selection: another selection must see the early events again.
  std::string CursorName() const {
    std::string selection;
    std::vector<std::string> sorted = options_.select;
    std::sort(sorted.begin(), sorted.end());
    for (const std::string& glob : sorted) selection += glob + "\n";
    return fmt::format("mirror/{}/{}", upstream_.capabilities().registry_id(), Sha256Of(selection).Short());
  }

  absl::Status ReadCursor() {
    const std::string& text = cursor_.value();
    if (text.empty()) return absl::OkStatus();
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), result_.sequence);
    if (error == std::errc() && end == text.data() + text.size()) return absl::OkStatus();
    return FailedPrecondition(
        fmt::format("the mirror's cursor {} holds \"{}\", expected a number", cursor_.name(), text));
  }

  absl::Status SaveCursor() {
    if (cursor_.value() == std::to_string(result_.sequence)) return absl::OkStatus();
    v1::Cursor next = cursor_;
    next.set_name(CursorName());
    next.set_value(std::to_string(result_.sequence));
    absl::StatusOr<v1::Cursor> saved = SetCursor(target_, next);
    if (absl::IsAborted(saved.status())) return Annotate(saved.status(), "another sync of this mirror is running");
    PLUMB_RETURN_IF_ERROR(saved.status());
    cursor_ = *std::move(saved);
    return absl::OkStatus();
  }

  absl::Status CheckSequence(const v1::Event& event) const {
    if (event.sequence() == result_.sequence + 1) return absl::OkStatus();
    return WithErrorClass(DataLoss(fmt::format("upstream {} sent event {} after {}", upstream_.registry(),
                                               event.sequence(), result_.sequence)),
                          ErrorClass::kVerification);
  }

  bool IsSelected(const std::string& model) const {
    return options_.select.empty() || std::any_of(options_.select.begin(), options_.select.end(),
                                                  [&](const std::string& glob) { return GlobMatches(glob, model); });
  }

  absl::Status Apply(const v1::Event& event) {
    std::string what =
        fmt::format("event {} of {} ({}@{})", event.sequence(), upstream_.registry(), event.model(), event.version());
    switch (event.kind()) {
      case v1::EVENT_KIND_PUBLISH:
        ++result_.releases;
        return Annotate(CopyRelease(event), what);
      case v1::EVENT_KIND_TAG: {
        ++result_.tags;
        std::optional<Digest> digest;
        if (!event.digest().empty()) {
          PLUMB_ASSIGN_OR_RETURN(digest, Digest::FromBytes(event.digest()));
        }
        absl::Status status = SetTag(target_, event.model(), event.tag(), digest, std::nullopt).status();
        // Removing what an interrupted sync has removed already.
        return !digest.has_value() && absl::IsNotFound(status) ? absl::OkStatus() : Annotate(status, what);
      }
      case v1::EVENT_KIND_YANK:
      case v1::EVENT_KIND_UNYANK:
        ++result_.yanks;
        return Annotate(
            Yank(target_, event.model(), event.version(), event.reason(), event.kind() == v1::EVENT_KIND_UNYANK)
                .status(),
            what);
      default:
        return FailedPrecondition(fmt::format("{} is of a kind this plumb does not know; a newer one may", what));
    }
  }

  absl::Status CopyRelease(const v1::Event& event) {
    PLUMB_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes(event.digest()));
    PLUMB_ASSIGN_OR_RETURN(StoredManifest stored, GetManifest(upstream_, digest));
    if (stored.manifest.model() != event.model() || stored.manifest.version() != event.version()) {
      return WithErrorClass(
          DataLoss(fmt::format("its manifest is of {}@{}", stored.manifest.model(), stored.manifest.version())),
          ErrorClass::kVerification);
    }
    progress_ = {.phase = "mirror",
                 .item = fmt::format("{}@{}", event.model(), event.version()),
                 .done_bytes = 0,
                 .total_bytes = TotalBytes(stored.manifest)};
    PLUMB_RETURN_IF_ERROR(LearnParent(stored.manifest));
    for (const v1::File& file : stored.manifest.files()) PLUMB_RETURN_IF_ERROR(CopyFile(file));
    // Chunks may have been collected since they were asked about: a second round brings them again.
    absl::Status status = CommitManifest(target_, stored, operation_).status();
    if (!absl::IsFailedPrecondition(status)) return status;
    for (const v1::File& file : stored.manifest.files()) PLUMB_RETURN_IF_ERROR(CopyFile(file));
    return CommitManifest(target_, stored, operation_).status();
  }

  // Prepares for chunks that the upstream keeps as differences from the parent's. A parent that is not there is no
  // failure.
  absl::Status LearnParent(const v1::Manifest& manifest) {
    parent_ = SimilarChunks();
    if (!manifest.has_lineage()) return absl::OkStatus();
    PLUMB_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes(manifest.lineage().parent_digest()));
    absl::StatusOr<StoredManifest> parent = GetManifest(upstream_, digest);
    if (!parent.ok()) return absl::IsNotFound(parent.status()) ? absl::OkStatus() : parent.status();
    return AddWeights(upstream_, parent->manifest, &parent_);
  }

  absl::Status CopyFile(const v1::File& file) {
    PLUMB_ASSIGN_OR_RETURN(ChunkList list, GetChunkList(upstream_, file));
    absl::Status copied = CopyChunks(file, list, /*differences=*/true);
    if (absl::IsFailedPrecondition(copied)) copied = CopyChunks(file, list, /*differences=*/false);
    PLUMB_RETURN_IF_ERROR(copied);
    progress_.done_bytes += file.size_bytes();
    operation_.Report(progress_);
    PLUMB_ASSIGN_OR_RETURN(Digest root, Digest::FromBytes(file.tree_root()));
    PLUMB_ASSIGN_OR_RETURN(bool list_missing, transfer::IsChunkListMissing(target_.channel(), root));
    return list_missing ? transfer::PutChunkList(target_.channel(), list) : absl::OkStatus();
  }

  absl::Status CopyChunks(const v1::File& file, const ChunkList& list, bool differences) {
    PLUMB_ASSIGN_OR_RETURN(
        std::vector<size_t> missing,
        transfer::FindMissingChunks(target_.channel(), list.chunks(), target_.capabilities().batch_items_max()));
    std::vector<v1::Tensor> tensors(file.tensors().begin(), file.tensors().end());
    std::vector<transfer::WantedChunk> wanted;
    for (size_t index : missing) {
      const ChunkRef& chunk = list.chunks()[index];
      wanted.push_back({.chunk = chunk, .have = std::nullopt});
      std::optional<SimilarChunk> similar = parent_.Find(tensors, list.offset(index), chunk.size_bytes);
      if (differences && similar.has_value()) wanted.back().have = similar->digest;
    }
    RelayResult relayed;
    absl::Status status = RelayChunks(upstream_, target_, wanted, options_.parallel, operation_, &relayed);
    result_.copied_chunks += relayed.chunks;
    result_.copied_bytes += relayed.sent_bytes;
    return status;
  }

  Connection& upstream_;
  Connection& target_;
  const MirrorOptions& options_;
  const Operation& operation_;
  v1::Cursor cursor_;
  MirrorResult result_;
  Progress progress_;
  SimilarChunks parent_;
};

}  // namespace

absl::StatusOr<MirrorResult> SyncMirror(Connection& upstream, Connection& target, const MirrorOptions& options,
                                        const Operation& operation) {
  if (upstream.capabilities().registry_id() == target.capabilities().registry_id()) {
    return WithErrorClass(
        InvalidArgument(fmt::format("{} and {} are the same registry", upstream.registry(), target.registry())),
        ErrorClass::kUsage);
  }
  return MirrorSync(upstream, target, options, operation).Run();
}

}  // namespace plumb
