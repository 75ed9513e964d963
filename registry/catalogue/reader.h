// Reading what the catalogue holds.
#ifndef PLUMB_REGISTRY_CATALOGUE_READER_H_
#define PLUMB_REGISTRY_CATALOGUE_READER_H_

#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "plumb/content/digest.h"
#include "plumb/v1/catalogue.pb.h"
#include "registry/storage/metadata_store.h"

namespace plumb {

// Answers as the messages of plumb/v1/catalogue.proto promise. Every list takes a page
// request and gives the next page's token. Thread-safe.
class Reader {
 public:
  // `store` must outlive the object.
  explicit Reader(const MetadataStore* store) : store_(*store) {}

  // The release that a reference means now. NOT_FOUND names what was missing; FAILED_PRECONDITION for the beginning of
  // several digests.
  absl::StatusOr<v1::Release> Resolve(const v1::ResolveRequest& request) const;
  // One release, with the tags that point to it. NOT_FOUND.
  absl::StatusOr<v1::Release> FindRelease(std::string_view model, std::string_view version) const;
  // The bytes of a manifest. NOT_FOUND.
  absl::StatusOr<std::string> GetManifest(const Digest& digest) const;

  absl::StatusOr<v1::ListModelsResponse> ListModels(const v1::ListModelsRequest& request) const;
  // INVALID_ARGUMENT for a query without words or with too many.
  absl::StatusOr<v1::ListModelsResponse> SearchModels(const v1::SearchModelsRequest& request) const;
  // NOT_FOUND when there is no such model; so for the next.
  absl::StatusOr<v1::ListReleasesResponse> ListReleases(const v1::ListReleasesRequest& request) const;
  absl::StatusOr<v1::ListTagsResponse> ListTags(const v1::ListTagsRequest& request) const;
  // NOT_FOUND when the tag never existed.
  absl::StatusOr<v1::ListTagHistoryResponse> ListTagHistory(const v1::ListTagHistoryRequest& request) const;

 private:
  absl::Status RequireModel(std::string_view model) const;
  absl::StatusOr<v1::Release> ResolveTag(const std::string& model, const std::string& tag) const;
  absl::StatusOr<v1::Release> ResolveVersion(const std::string& model, const std::string& version) const;
  absl::StatusOr<v1::Release> ResolveDigest(const std::string& model, std::string_view digest) const;
  absl::StatusOr<v1::Release> ResolvePrefix(const std::string& model, const std::string& hex) const;
  absl::StatusOr<v1::Release> ResolveNewest(const std::string& model) const;
  absl::Status FillTags(v1::Release* release) const;

  const MetadataStore& store_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_READER_H_
