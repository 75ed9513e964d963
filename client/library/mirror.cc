#include "plumb/client/mirror.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "client/library/mirror_cursor.h"
#include "client/library/release_copy.h"
#include "fmt/format.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"

namespace plumb {
namespace {

constexpr uint32_t kEventPage = 200;

// Whether every other event would fail as this one did: there is no point in going on.
bool StopsTheSync(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kCancelled:
    case absl::StatusCode::kUnavailable:
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
    case absl::StatusCode::kUnauthenticated:
    case absl::StatusCode::kPermissionDenied:
    case absl::StatusCode::kUnimplemented:
      return true;
    default:
      return ErrorClassOf(status) == ErrorClass::kLocalStorage;
  }
}

std::string Describe(const v1::Event& event) {
  std::string subject = event.kind() == v1::EVENT_KIND_TAG ? fmt::format("{}:{}", event.model(), event.tag())
                                                           : fmt::format("{}@{}", event.model(), event.version());
  return fmt::format("event {} ({})", event.sequence(), subject);
}

// What an event changes: a later one about the same makes it void.
std::string SubjectOf(const v1::Event& event) {
  switch (event.kind()) {
    case v1::EVENT_KIND_TAG:
      return fmt::format("tag {}:{}", event.model(), event.tag());
    case v1::EVENT_KIND_YANK:
    case v1::EVENT_KIND_UNYANK:
      return fmt::format("yank {}@{}", event.model(), event.version());
    default:
      return "";
  }
}

// One sync; used by one thread.
class MirrorSync {
 public:
  MirrorSync(Connection& upstream, Connection& target, const MirrorOptions& options, MirrorCursor cursor,
             const Operation& operation)
      : upstream_(upstream),
        target_(target),
        options_(options),
        operation_(operation),
        cursor_(std::move(cursor)),
        copier_(upstream, target, options.parallel, operation) {}

  absl::StatusOr<MirrorResult> Run() {
    PLUMB_RETURN_IF_ERROR(RetryOwed());
    while (true) {
      PLUMB_ASSIGN_OR_RETURN(v1::ListEventsResponse page, ListEvents(upstream_, cursor_.sequence(), kEventPage));
      if (page.events().empty()) {
        if (page.head_sequence() >= cursor_.sequence()) return Result();
        return FailedPrecondition(
            fmt::format("upstream {} has {} events, this mirror has followed {}: its history was rolled back",
                        upstream_.registry(), page.head_sequence(), cursor_.sequence()));
      }
      for (const v1::Event& event : page.events()) {
        PLUMB_RETURN_IF_ERROR(operation_.Check());
        PLUMB_RETURN_IF_ERROR(CheckSequence(event));
        if (IsSelected(event.model())) PLUMB_RETURN_IF_ERROR(Follow(event));
        cursor_.set_sequence(event.sequence());
        ++result_.events;
        // A publish may have cost much; what is cheap is saved page by page.
        if (event.kind() == v1::EVENT_KIND_PUBLISH) PLUMB_RETURN_IF_ERROR(cursor_.Save());
      }
      PLUMB_RETURN_IF_ERROR(cursor_.Save());
    }
  }

 private:
  MirrorResult Result() {
    result_.sequence = cursor_.sequence();
    result_.copied_chunks = copier_.figures().chunks;
    result_.copied_bytes = copier_.figures().bytes;
    for (auto& [sequence, failure] : failures_) result_.failed.push_back(std::move(failure));
    return std::move(result_);
  }

  // What earlier syncs could not do, in order.
  absl::Status RetryOwed() {
    const std::set<uint64_t> owed = cursor_.owed();
    for (uint64_t sequence : owed) {
      PLUMB_RETURN_IF_ERROR(operation_.Check());
      PLUMB_ASSIGN_OR_RETURN(v1::ListEventsResponse page, ListEvents(upstream_, sequence - 1, 1));
      if (page.events().empty() || page.events(0).sequence() != sequence) {
        return FailedPrecondition(fmt::format("upstream {} has no event {} any more: its history was rolled back",
                                              upstream_.registry(), sequence));
      }
      PLUMB_RETURN_IF_ERROR(Follow(page.events(0)));
    }
    return cursor_.Save();
  }

  // Repeats an event here. What goes wrong with this one alone is noted, and the sync goes on.
  absl::Status Follow(const v1::Event& event) {
    absl::Status status = Annotate(Apply(event), Describe(event));
    if (!status.ok() && StopsTheSync(status)) return status;
    DropOlder(event);
    if (status.ok()) {
      cursor_.owed().erase(event.sequence());
      return status;
    }
    cursor_.owed().insert(event.sequence());
    subjects_[event.sequence()] = SubjectOf(event);
    failures_.insert_or_assign(event.sequence(), MirrorFailure{event, status});
    return absl::OkStatus();
  }

  // A tag that has moved on must not be moved back by an older event that is tried again.
  void DropOlder(const v1::Event& event) {
    const std::string subject = SubjectOf(event);
    if (subject.empty()) return;
    for (auto it = subjects_.begin(); it != subjects_.end() && it->first < event.sequence();) {
      bool same = it->second == subject;
      if (same) {
        cursor_.owed().erase(it->first);
        failures_.erase(it->first);
      }
      it = same ? subjects_.erase(it) : std::next(it);
    }
  }

  absl::Status CheckSequence(const v1::Event& event) const {
    if (event.sequence() == cursor_.sequence() + 1) return absl::OkStatus();
    return WithErrorClass(DataLoss(fmt::format("upstream {} sent event {} after {}", upstream_.registry(),
                                               event.sequence(), cursor_.sequence())),
                          ErrorClass::kVerification);
  }

  bool IsSelected(const std::string& model) const {
    return options_.select.empty() || std::any_of(options_.select.begin(), options_.select.end(),
                                                  [&](const std::string& glob) { return GlobMatches(glob, model); });
  }

  absl::Status Apply(const v1::Event& event) {
    switch (event.kind()) {
      case v1::EVENT_KIND_PUBLISH:
        PLUMB_RETURN_IF_ERROR(copier_.Copy(event));
        ++result_.releases;
        return absl::OkStatus();
      case v1::EVENT_KIND_TAG:
        PLUMB_RETURN_IF_ERROR(MoveTag(event));
        ++result_.tags;
        return absl::OkStatus();
      case v1::EVENT_KIND_YANK:
      case v1::EVENT_KIND_UNYANK:
        PLUMB_RETURN_IF_ERROR(
            Yank(target_, event.model(), event.version(), event.reason(), event.kind() == v1::EVENT_KIND_UNYANK)
                .status());
        ++result_.yanks;
        return absl::OkStatus();
      default:
        return absl::UnimplementedError("it is of a kind that this plumb does not know; a newer one may");
    }
  }

  absl::Status MoveTag(const v1::Event& event) {
    std::optional<Digest> digest;
    if (!event.digest().empty()) {
      PLUMB_ASSIGN_OR_RETURN(digest, Digest::FromBytes(event.digest()));
    }
    absl::Status status = SetTag(target_, event.model(), event.tag(), digest, std::nullopt, /*mirrored=*/true).status();
    // Removing what an interrupted sync has removed already.
    return !digest.has_value() && absl::IsNotFound(status) ? absl::OkStatus() : status;
  }

  Connection& upstream_;
  Connection& target_;
  const MirrorOptions& options_;
  const Operation& operation_;
  MirrorCursor cursor_;
  ReleaseCopier copier_;
  MirrorResult result_;
  std::map<uint64_t, std::string> subjects_;  // Of events that are owed, as far as this sync met them.
  std::map<uint64_t, MirrorFailure> failures_;
};

}  // namespace

absl::StatusOr<MirrorResult> SyncMirror(Connection& upstream, Connection& target, const MirrorOptions& options,
                                        const Operation& operation) {
  if (upstream.capabilities().registry_id() == target.capabilities().registry_id()) {
    return WithErrorClass(
        InvalidArgument(fmt::format("{} and {} are the same registry", upstream.registry(), target.registry())),
        ErrorClass::kUsage);
  }
  PLUMB_ASSIGN_OR_RETURN(MirrorCursor cursor, MirrorCursor::Load(upstream, target, options.select));
  return MirrorSync(upstream, target, options, std::move(cursor), operation).Run();
}

absl::Status MirrorOutcome(const MirrorResult& result) {
  if (result.failed.empty()) return absl::OkStatus();
  std::string message = fmt::format(
      "{} of the upstream could not be repeated here; everything else was, and the next "
      "sync tries again",
      result.failed.size() == 1 ? "1 event" : fmt::format("{} events", result.failed.size()));
  constexpr size_t kNamedMax = 10;
  for (size_t i = 0; i < std::min(result.failed.size(), kNamedMax); ++i) {
    message += fmt::format("\n{}", Message(result.failed[i].status));
  }
  if (result.failed.size() > kNamedMax) message += fmt::format("\nand {} more", result.failed.size() - kNamedMax);
  // Damage says more than a name that is taken.
  const auto worst = std::find_if(result.failed.begin(), result.failed.end(), [](const MirrorFailure& failure) {
    return ErrorClassOf(failure.status) == ErrorClass::kVerification;
  });
  const absl::Status& chosen = (worst == result.failed.end() ? result.failed.begin() : worst)->status;
  return WithErrorClass(absl::Status(chosen.code(), message), ErrorClassOf(chosen));
}

}  // namespace plumb
