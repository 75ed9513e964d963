#include "registry/catalogue/reader.h"

#include <optional>

#include "fmt/format.h"
#include "plumb/base/names.h"
#include "plumb/base/status.h"
#include "registry/catalogue/keys.h"
#include "registry/catalogue/records.h"

namespace plumb {
namespace {

constexpr char kDefaultTag[] = "latest";

}  // namespace

absl::Status Reader::RequireModel(std::string_view model) const {
  PLUMB_RETURN_IF_ERROR(ValidateModelName(model));
  absl::StatusOr<std::string> record = store_.Get(keys::Model(model));
  if (absl::IsNotFound(record.status())) return NotFound(fmt::format("no model {} in this registry", model));
  return record.status();
}

absl::Status Reader::FillTags(v1::Release* release) const {
  absl::Status failure;
  std::string prefix = keys::TagPrefix(release->model());
  PLUMB_RETURN_IF_ERROR(store_.Scan(prefix, "", [&](std::string_view, std::string_view value) {
    auto tag = ParseRecord<v1::Tag>(value, "a tag");
    failure = tag.status();
    if (tag.ok() && tag->digest() == release->digest()) release->add_tags(tag->name());
    return failure.ok();
  }));
  return failure;
}

absl::StatusOr<v1::Release> Reader::FindRelease(std::string_view model, std::string_view version) const {
  PLUMB_RETURN_IF_ERROR(RequireModel(model));
  PLUMB_RETURN_IF_ERROR(ValidateVersion(version));
  PLUMB_ASSIGN_OR_RETURN(std::optional<v1::Release> release,
                         FindRecord<v1::Release>(store_, keys::Release(model, version), "a release"));
  if (!release.has_value()) return NotFound(fmt::format("the model {} has no version {}", model, version));
  PLUMB_RETURN_IF_ERROR(FillTags(&*release));
  return *std::move(release);
}

absl::StatusOr<v1::Release> Reader::Resolve(const v1::ResolveRequest& request) const {
  switch (request.selector_case()) {
    case v1::ResolveRequest::kVersion:
      return FindRelease(request.model(), request.version());
    case v1::ResolveRequest::kTag:
      return ResolveTag(request.model(), request.tag());
    case v1::ResolveRequest::kDigest:
      return ResolveDigest(request.model(), request.digest());
    case v1::ResolveRequest::SELECTOR_NOT_SET:
      break;
  }
  return ResolveNewest(request.model());
}

absl::StatusOr<v1::Release> Reader::ResolveTag(const std::string& model, const std::string& name) const {
  PLUMB_RETURN_IF_ERROR(RequireModel(model));
  PLUMB_RETURN_IF_ERROR(ValidateVersion(name));
  PLUMB_ASSIGN_OR_RETURN(std::optional<v1::Tag> tag, FindRecord<v1::Tag>(store_, keys::Tag(model, name), "a tag"));
  if (!tag.has_value() || tag->digest().empty()) {
    return NotFound(fmt::format("the model {} has no tag {}", model, name));
  }
  return FindRelease(model, tag->version());
}

absl::StatusOr<v1::Release> Reader::ResolveDigest(const std::string& model, std::string_view bytes) const {
  PLUMB_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes(bytes));
  PLUMB_RETURN_IF_ERROR(RequireModel(model));
  absl::Status unknown = NotFound(fmt::format("the model {} has no release {}", model, digest.ToString()));
  absl::StatusOr<std::string> name = store_.Get(keys::ReleaseDigest(digest));
  if (absl::IsNotFound(name.status())) return unknown;
  if (!name.ok()) return name.status();
  size_t nul = name->find('\0');
  if (nul == name->npos) return DataLoss(fmt::format("the name of release {} cannot be read", digest.ToString()));
  if (name->substr(0, nul) != model) return unknown;
  return FindRelease(model, name->substr(nul + 1));
}

absl::StatusOr<v1::Release> Reader::ResolveNewest(const std::string& model) const {
  absl::StatusOr<v1::Release> latest = ResolveTag(model, kDefaultTag);
  if (!absl::IsNotFound(latest.status())) return latest;
  PLUMB_RETURN_IF_ERROR(RequireModel(model));
  PLUMB_ASSIGN_OR_RETURN(std::optional<v1::Model> record, FindRecord<v1::Model>(store_, keys::Model(model), "a model"));
  if (!record.has_value() || record->newest_version().empty()) {
    return NotFound(fmt::format("the model {} has no tag {} and no release that is not yanked", model, kDefaultTag));
  }
  return FindRelease(model, record->newest_version());
}

absl::StatusOr<std::string> Reader::GetManifest(const Digest& digest) const {
  absl::StatusOr<std::string> bytes = store_.Get(keys::Manifest(digest));
  if (absl::IsNotFound(bytes.status())) return NotFound(fmt::format("no release {}", digest.ToString()));
  return bytes;
}

}  // namespace plumb
