// What a model's record says of all its releases, so that it can be searched for.
#ifndef PLUMB_REGISTRY_CATALOGUE_MODEL_SUMMARY_H_
#define PLUMB_REGISTRY_CATALOGUE_MODEL_SUMMARY_H_

#include <string_view>

#include "absl/status/status.h"
#include "plumb/v1/catalogue.pb.h"
#include "plumb/v1/manifest.pb.h"
#include "registry/storage/metadata_store.h"

namespace plumb {

// Most entries of Model.kinds, .formats and .publishers.
inline constexpr int kSummaryEntriesMax = 16;

// Takes a release that `publisher` made into `model`.
void AddToSummary(const v1::Manifest& manifest, std::string_view publisher, v1::Model* model);

// Fills the summaries of models whose record is of a registry that kept none; at most once for each store. Looks at
// every manifest then.
absl::Status EnsureSummaries(MetadataStore* store);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_MODEL_SUMMARY_H_
