#include <optional>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/manifest/manifest.h"
#include "registry/catalogue/fsck.h"
#include "registry/catalogue/keys.h"
#include "registry/catalogue/records.h"
#include "registry/catalogue/releases.h"

namespace plumb {

absl::Status Fsck::CheckReleases() {
  return ForEachRelease(store_, [&](const v1::Release& release) -> absl::Status {
    std::string name = fmt::format("{}@{}", release.model(), release.version());
    absl::StatusOr<Digest> digest = Digest::FromBytes(release.digest());
    if (!digest.ok()) return Report("manifest", name, std::string(Message(digest.status())), {name});
    absl::StatusOr<std::string> bytes = store_.Get(keys::Manifest(*digest));
    if (absl::IsNotFound(bytes.status())) {
      return Report("manifest", digest->ToString(), "the manifest is missing", {name});
    }
    PLUMB_RETURN_IF_ERROR(bytes.status());
    if (Digest found = Sha256Of(*bytes); found != *digest) {
      return Report("manifest", digest->ToString(), fmt::format("its bytes have SHA-256 {}", found.ToHex()), {name});
    }
    absl::StatusOr<StoredManifest> stored = ParseManifest(*std::move(bytes));
    if (!stored.ok()) return Report("manifest", digest->ToString(), std::string(Message(stored.status())), {name});
    if (stored->manifest.model() != release.model() || stored->manifest.version() != release.version()) {
      return Report(
          "manifest", digest->ToString(),
          fmt::format("it is of {}@{}, its record says {}", stored->manifest.model(), stored->manifest.version(), name),
          {name});
    }
    for (const v1::File& file : stored->manifest.files()) PLUMB_RETURN_IF_ERROR(CheckFile(file, name));
    return absl::OkStatus();
  });
}

absl::Status Fsck::CheckTags() {
  std::vector<std::pair<std::string, std::string>> tags;
  PLUMB_RETURN_IF_ERROR(store_.Scan(keys::kTags, "", [&](std::string_view key, std::string_view value) {
    tags.emplace_back(key.substr(keys::kTags.size()), value);
    return true;
  }));
  for (const auto& [key, value] : tags) {
    std::string model = key.substr(0, key.find('\0'));
    auto tag = ParseRecord<v1::Tag>(value, "a tag");
    if (!tag.ok()) {
      PLUMB_RETURN_IF_ERROR(Report("tag", model, std::string(Message(tag.status()))));
      continue;
    }
    if (tag->digest().empty()) continue;
    PLUMB_ASSIGN_OR_RETURN(std::optional<v1::Release> release,
                           FindRecord<v1::Release>(store_, keys::Release(model, tag->version()), "a release"));
    if (release.has_value() && release->digest() == tag->digest()) continue;
    PLUMB_RETURN_IF_ERROR(Report("tag", fmt::format("{}:{}", model, tag->name()),
                                 fmt::format("it points to version {}, which {}", tag->version(),
                                             release.has_value() ? "is another release" : "does not exist")));
  }
  return absl::OkStatus();
}

absl::Status Fsck::CheckEvents() {
  // The newest number first: events that are appended meanwhile are not missed ones.
  absl::StatusOr<std::string> head = store_.Get(keys::kHead);
  if (!head.ok() && !absl::IsNotFound(head.status())) return head.status();
  uint64_t expected_last = head.ok() ? keys::ReadBigEndian64(*head) : 0;
  uint64_t next = 1;
  absl::Status failure;
  PLUMB_RETURN_IF_ERROR(store_.Scan(keys::kEvents, "", [&](std::string_view key, std::string_view value) {
    uint64_t sequence = keys::ReadBigEndian64(key.substr(keys::kEvents.size()));
    if (sequence != next) {
      failure = Report("event", std::to_string(next), fmt::format("the next event has number {}", sequence));
    }
    auto event = ParseRecord<v1::Event>(value, "an event");
    if (failure.ok() && (!event.ok() || event->sequence() != sequence)) {
      failure = Report("event", std::to_string(sequence), "its record cannot be read or has another number");
    }
    next = sequence + 1;
    return failure.ok();
  }));
  PLUMB_RETURN_IF_ERROR(failure);
  if (next > expected_last) return absl::OkStatus();
  return Report("event", std::to_string(next), fmt::format("events up to {} are missing", expected_last));
}

}  // namespace plumb
