#include "registry/catalogue/reader.h"

#include <optional>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/hex.h"
#include "plumb/base/names.h"
#include "plumb/base/status.h"
#include "registry/catalogue/keys.h"
#include "registry/catalogue/name_clash.h"
#include "registry/catalogue/records.h"

namespace plumb {
namespace {

constexpr char kDefaultTag[] = "latest";
// So many that nobody makes two digests alike on purpose for free, nor meets them by chance in one model.
constexpr size_t kPrefixDigitsMin = 8;
constexpr size_t kPrefixScanMax = 10'000;
constexpr size_t kPrefixNamedMax = 10;

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
      return ResolveVersion(request.model(), request.version());
    case v1::ResolveRequest::kDigestPrefix:
      return ResolvePrefix(request.model(), request.digest_prefix());
    case v1::ResolveRequest::kTag:
      return ResolveTag(request.model(), request.tag());
    case v1::ResolveRequest::kDigest:
      return ResolveDigest(request.model(), request.digest());
    case v1::ResolveRequest::SELECTOR_NOT_SET:
      break;
  }
  return ResolveNewest(request.model());
}

absl::StatusOr<v1::Release> Reader::ResolveVersion(const std::string& model, const std::string& version) const {
  PLUMB_ASSIGN_OR_RETURN(v1::Release release, FindRelease(model, version));
  PLUMB_ASSIGN_OR_RETURN(std::string tagged, VersionTagged(store_, model, version));
  if (tagged != version) release.set_namesake(tagged);
  return release;
}

absl::StatusOr<v1::Release> Reader::ResolveTag(const std::string& model, const std::string& name) const {
  PLUMB_RETURN_IF_ERROR(RequireModel(model));
  PLUMB_RETURN_IF_ERROR(ValidateVersion(name));
  PLUMB_ASSIGN_OR_RETURN(std::optional<v1::Tag> tag, FindRecord<v1::Tag>(store_, keys::Tag(model, name), "a tag"));
  if (!tag.has_value() || tag->digest().empty()) {
    return NotFound(fmt::format("the model {} has no tag {}", model, name));
  }
  PLUMB_ASSIGN_OR_RETURN(v1::Release release, FindRelease(model, tag->version()));
  PLUMB_ASSIGN_OR_RETURN(std::string version, VersionNamed(store_, model, name));
  if (version != release.version()) release.set_namesake(version);
  return release;
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

absl::StatusOr<v1::Release> Reader::ResolvePrefix(const std::string& model, const std::string& hex) const {
  PLUMB_RETURN_IF_ERROR(RequireModel(model));
  if (hex.size() < kPrefixDigitsMin || hex.size() >= 64 || hex.find_first_not_of("0123456789abcdef") != hex.npos) {
    return InvalidArgument(fmt::format(
        "\"{}\" is not the beginning of a digest: expected {} to 63 digits and letters a-f", hex, kPrefixDigitsMin));
  }
  std::vector<std::string> found;  // Digests.
  size_t seen = 0;
  PLUMB_ASSIGN_OR_RETURN(std::string bytes, HexDecode(std::string_view(hex).substr(0, hex.size() / 2 * 2)));
  const size_t before = keys::ReleaseDigestPrefix("").size();
  PLUMB_RETURN_IF_ERROR(
      store_.Scan(keys::ReleaseDigestPrefix(bytes), "", [&](std::string_view key, std::string_view name) {
        bool fits = HexEncode(AsBytes(key.substr(before))).starts_with(hex);
        if (fits && name.substr(0, name.find('\0')) == model) found.emplace_back(key.substr(before));
        return ++seen < kPrefixScanMax && found.size() < kPrefixNamedMax;
      }));
  if (found.empty()) return NotFound(fmt::format("the model {} has no release sha256:{}...", model, hex));
  if (found.size() == 1) return ResolveDigest(model, found.front());
  std::string list;
  for (const std::string& digest : found) list += "\n" + Digest::FromBytes(digest)->ToString();
  return FailedPrecondition(fmt::format("several releases of {} begin with sha256:{}:{}", model, hex, list));
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
