#include <map>
#include <optional>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/names.h"
#include "plumb/base/status.h"
#include "registry/catalogue/keys.h"
#include "registry/catalogue/paging.h"
#include "registry/catalogue/reader.h"
#include "registry/catalogue/records.h"
#include "registry/catalogue/search_query.h"

namespace plumb {
namespace {

// Names of the tags that point to each release of a model now, by digest.
absl::StatusOr<std::map<std::string, std::vector<std::string>>> TagsByDigest(const MetadataStore& store,
                                                                             std::string_view model) {
  std::map<std::string, std::vector<std::string>> tags;
  absl::Status failure;
  PLUMB_RETURN_IF_ERROR(store.Scan(keys::TagPrefix(model), "", [&](std::string_view, std::string_view value) {
    auto tag = ParseRecord<v1::Tag>(value, "a tag");
    failure = tag.status();
    if (tag.ok()) tags[tag->digest()].push_back(tag->name());
    return failure.ok();
  }));
  PLUMB_RETURN_IF_ERROR(failure);
  return tags;
}

}  // namespace

absl::StatusOr<v1::ListModelsResponse> Reader::ListModels(const v1::ListModelsRequest& request) const {
  if (request.prefix().size() > limits::kModelNameBytesMax)
    return InvalidArgument("the prefix is longer than any name");
  v1::ListModelsResponse response;
  auto visit = [&](std::string_view, std::string_view value) -> absl::StatusOr<bool> {
    PLUMB_ASSIGN_OR_RETURN(*response.add_models(), ParseRecord<v1::Model>(value, "a model"));
    return true;
  };
  PLUMB_ASSIGN_OR_RETURN(std::string next, ScanPage(store_, keys::Model(request.prefix()), request.page(), visit));
  response.set_next_page_token(next);
  return response;
}

absl::StatusOr<v1::ListModelsResponse> Reader::SearchModels(const v1::SearchModelsRequest& request) const {
  PLUMB_ASSIGN_OR_RETURN(SearchQuery query, SearchQuery::Parse(request.query()));
  v1::ListModelsResponse response;
  auto visit = [&](std::string_view, std::string_view value) -> absl::StatusOr<bool> {
    PLUMB_ASSIGN_OR_RETURN(v1::Model model, ParseRecord<v1::Model>(value, "a model"));
    if (!query.Matches(model)) return false;
    *response.add_models() = std::move(model);
    return true;
  };
  PLUMB_ASSIGN_OR_RETURN(std::string next, ScanPage(store_, keys::kModels, request.page(), visit));
  response.set_next_page_token(next);
  return response;
}

absl::StatusOr<v1::ListReleasesResponse> Reader::ListReleases(const v1::ListReleasesRequest& request) const {
  PLUMB_RETURN_IF_ERROR(RequireModel(request.model()));
  PLUMB_ASSIGN_OR_RETURN(auto tags, TagsByDigest(store_, request.model()));
  v1::ListReleasesResponse response;
  auto visit = [&](std::string_view, std::string_view version) -> absl::StatusOr<bool> {
    PLUMB_ASSIGN_OR_RETURN(std::optional<v1::Release> release,
                           FindRecord<v1::Release>(store_, keys::Release(request.model(), version), "a release"));
    if (!release.has_value()) return DataLoss(fmt::format("{}@{} has no record", request.model(), version));
    if (request.kind() != v1::KIND_UNSPECIFIED && release->kind() != request.kind()) return false;
    for (const std::string& tag : tags[release->digest()]) release->add_tags(tag);
    *response.add_releases() = *std::move(release);
    return true;
  };
  PLUMB_ASSIGN_OR_RETURN(std::string next, ScanPage(store_, keys::OrderPrefix(request.model()), request.page(), visit));
  response.set_next_page_token(next);
  return response;
}

absl::StatusOr<v1::ListTagsResponse> Reader::ListTags(const v1::ListTagsRequest& request) const {
  PLUMB_RETURN_IF_ERROR(RequireModel(request.model()));
  v1::ListTagsResponse response;
  auto visit = [&](std::string_view, std::string_view value) -> absl::StatusOr<bool> {
    PLUMB_ASSIGN_OR_RETURN(v1::Tag tag, ParseRecord<v1::Tag>(value, "a tag"));
    if (tag.digest().empty()) return false;  // Removed.
    *response.add_tags() = std::move(tag);
    return true;
  };
  PLUMB_ASSIGN_OR_RETURN(std::string next, ScanPage(store_, keys::TagPrefix(request.model()), request.page(), visit));
  response.set_next_page_token(next);
  return response;
}

absl::StatusOr<v1::ListTagHistoryResponse> Reader::ListTagHistory(const v1::ListTagHistoryRequest& request) const {
  PLUMB_RETURN_IF_ERROR(RequireModel(request.model()));
  PLUMB_RETURN_IF_ERROR(ValidateVersion(request.tag()));
  absl::StatusOr<std::string> tag = store_.Get(keys::Tag(request.model(), request.tag()));
  if (absl::IsNotFound(tag.status())) {
    return NotFound(fmt::format("the model {} never had a tag {}", request.model(), request.tag()));
  }
  if (!tag.ok()) return tag.status();
  v1::ListTagHistoryResponse response;
  auto visit = [&](std::string_view, std::string_view value) -> absl::StatusOr<bool> {
    PLUMB_ASSIGN_OR_RETURN(*response.add_moves(), ParseRecord<v1::TagMove>(value, "a move of a tag"));
    return true;
  };
  PLUMB_ASSIGN_OR_RETURN(std::string next,
                         ScanPage(store_, keys::TagMovePrefix(request.model(), request.tag()), request.page(), visit));
  response.set_next_page_token(next);
  return response;
}

}  // namespace plumb
