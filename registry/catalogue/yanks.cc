#include "registry/catalogue/yanks.h"

#include <optional>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/names.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"
#include "registry/catalogue/keys.h"
#include "registry/catalogue/reader.h"
#include "registry/catalogue/records.h"
#include "registry/storage/timestamp.h"

namespace plumb {
namespace {

absl::Status CheckReason(const v1::YankRequest& request) {
  const std::string& reason = request.reason();
  if (request.undo()) return absl::OkStatus();
  if (reason.empty()) return InvalidArgument("a yank needs a reason");
  if (reason.size() > limits::kReasonBytesMax || !IsValidUtf8(reason)) {
    return InvalidArgument(fmt::format("a reason is UTF-8 of at most {} bytes", limits::kReasonBytesMax));
  }
  return absl::OkStatus();
}

// The newest version of a model that is not yanked, given that `changed` will be stored.
absl::StatusOr<std::string> NewestVersion(const MetadataStore& store, const v1::Release& changed) {
  std::string newest;
  absl::Status failure;
  PLUMB_RETURN_IF_ERROR(
      store.Scan(keys::OrderPrefix(changed.model()), "", [&](std::string_view, std::string_view version) {
        auto release = FindRecord<v1::Release>(store, keys::Release(changed.model(), version), "a release");
        failure = release.status();
        if (!failure.ok() || !release->has_value()) return failure.ok();
        bool yanked = version == changed.version() ? changed.yanked() : (*release)->yanked();
        if (!yanked) newest = version;
        return true;
      }));
  PLUMB_RETURN_IF_ERROR(failure);
  return newest;
}

v1::Event DescribeEvent(const v1::Release& release, const std::string& actor) {
  v1::Event event;
  event.set_kind(release.yanked() ? v1::EVENT_KIND_YANK : v1::EVENT_KIND_UNYANK);
  event.set_actor(actor);
  event.set_model(release.model());
  event.set_version(release.version());
  event.set_digest(release.digest());
  event.set_reason(release.yank_reason());
  return event;
}

}  // namespace

absl::StatusOr<v1::Release> Yank(const v1::YankRequest& request, const std::string& actor, const MetadataStore& store,
                                 Journal* journal) {
  PLUMB_RETURN_IF_ERROR(ValidateModelName(request.model()));
  PLUMB_RETURN_IF_ERROR(ValidateVersion(request.version()));
  PLUMB_RETURN_IF_ERROR(CheckReason(request));
  PLUMB_RETURN_IF_ERROR(Reader(&store).FindRelease(request.model(), request.version()).status());
  auto prepare = [&](uint64_t, TimePoint now, Transaction* transaction) -> absl::StatusOr<std::optional<v1::Event>> {
    std::string key = keys::Release(request.model(), request.version());
    PLUMB_ASSIGN_OR_RETURN(std::optional<v1::Release> release, FindRecord<v1::Release>(store, key, "a release"));
    std::string model_key = keys::Model(request.model());
    PLUMB_ASSIGN_OR_RETURN(std::optional<v1::Model> model, FindRecord<v1::Model>(store, model_key, "a model"));
    if (!release.has_value() || !model.has_value()) return DataLoss(fmt::format("{} has no record", request.model()));
    std::string reason = request.undo() ? std::string() : request.reason();
    if (release->yanked() == !request.undo() && release->yank_reason() == reason) return std::optional<v1::Event>();
    release->set_yanked(!request.undo());
    release->set_yank_reason(reason);
    PLUMB_ASSIGN_OR_RETURN(*model->mutable_newest_version(), NewestVersion(store, *release));
    *model->mutable_updated_at() = ToTimestamp(now);
    transaction->Put(key, release->SerializeAsString());
    transaction->Put(model_key, model->SerializeAsString());
    return std::optional<v1::Event>(DescribeEvent(*release, actor));
  };
  PLUMB_RETURN_IF_ERROR(journal->Append(prepare).status());
  return Reader(&store).FindRelease(request.model(), request.version());
}

}  // namespace plumb
