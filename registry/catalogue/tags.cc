#include "registry/catalogue/tags.h"

#include <optional>

#include "fmt/format.h"
#include "plumb/base/names.h"
#include "plumb/base/status.h"
#include "registry/catalogue/keys.h"
#include "registry/catalogue/name_clash.h"
#include "registry/catalogue/reader.h"
#include "registry/catalogue/records.h"
#include "registry/storage/timestamp.h"

namespace plumb {
namespace {

// Whether the tag is as the request wants it already.
bool StandsAlready(const v1::SetTagRequest& request, const v1::Tag& tag) {
  if (tag.revision() == 0 || tag.digest() != request.digest()) return false;
  return !request.has_expected_revision() || request.expected_revision() == tag.revision() ||
         request.expected_revision() + 1 == tag.revision();
}

absl::Status CheckExpected(const v1::SetTagRequest& request, const v1::Tag& tag) {
  if (!request.has_expected_revision() || request.expected_revision() == tag.revision()) return absl::OkStatus();
  return absl::AbortedError(fmt::format("the tag {}:{} is at revision {}, expected {}; it was moved meanwhile",
                                        request.model(), request.tag(), tag.revision(), request.expected_revision()));
}

v1::TagMove DescribeMove(const v1::Tag& before, const v1::Tag& after, const std::string& actor, uint64_t sequence,
                         TimePoint now) {
  v1::TagMove move;
  move.set_revision(after.revision());
  move.set_old_digest(before.digest());
  move.set_new_digest(after.digest());
  *move.mutable_moved_at() = ToTimestamp(now);
  move.set_moved_by(actor);
  move.set_sequence(sequence);
  return move;
}

v1::Event DescribeEvent(const v1::SetTagRequest& request, const v1::Tag& before, const v1::Tag& after,
                        const std::string& actor) {
  v1::Event event;
  event.set_kind(v1::EVENT_KIND_TAG);
  event.set_actor(actor);
  event.set_model(request.model());
  event.set_version(after.version());
  event.set_digest(after.digest());
  event.set_tag(request.tag());
  event.set_old_digest(before.digest());
  return event;
}

}  // namespace

absl::StatusOr<v1::SetTagResponse> SetTag(const v1::SetTagRequest& request, const std::string& actor,
                                          const MetadataStore& store, Journal* journal) {
  PLUMB_RETURN_IF_ERROR(ValidateModelName(request.model()));
  PLUMB_RETURN_IF_ERROR(ValidateVersion(request.tag()));
  std::string version;
  if (!request.digest().empty()) {
    v1::ResolveRequest wanted;
    wanted.set_model(request.model());
    wanted.set_digest(request.digest());
    PLUMB_ASSIGN_OR_RETURN(v1::Release release, Reader(&store).Resolve(wanted));
    version = release.version();
  }
  v1::SetTagResponse response;
  auto prepare = [&](uint64_t sequence, TimePoint now,
                     Transaction* transaction) -> absl::StatusOr<std::optional<v1::Event>> {
    std::string key = keys::Tag(request.model(), request.tag());
    PLUMB_ASSIGN_OR_RETURN(std::optional<v1::Tag> found, FindRecord<v1::Tag>(store, key, "a tag"));
    v1::Tag before = found.value_or(v1::Tag());
    if (StandsAlready(request, before)) {
      *response.mutable_tag() = before;
      return std::optional<v1::Event>();
    }
    PLUMB_RETURN_IF_ERROR(CheckExpected(request, before));
    if (request.digest().empty() && before.digest().empty()) {
      return NotFound(fmt::format("the model {} has no tag {}", request.model(), request.tag()));
    }
    if (before.digest().empty() && !request.mirrored()) {
      PLUMB_RETURN_IF_ERROR(CheckNewTag(store, request.model(), request.tag()));
    }
    v1::Tag after;
    after.set_name(request.tag());
    after.set_digest(request.digest());
    after.set_version(version);
    after.set_revision(before.revision() + 1);
    transaction->Put(key, after.SerializeAsString());
    transaction->Put(keys::TagMove(request.model(), request.tag(), after.revision()),
                     DescribeMove(before, after, actor, sequence, now).SerializeAsString());
    *response.mutable_tag() = after;
    return std::optional<v1::Event>(DescribeEvent(request, before, after, actor));
  };
  PLUMB_ASSIGN_OR_RETURN(uint64_t sequence, journal->Append(prepare));
  response.set_sequence(sequence);
  return response;
}

}  // namespace plumb
