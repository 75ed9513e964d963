// Lists, a page at a time.
#ifndef PLUMB_REGISTRY_CATALOGUE_PAGING_H_
#define PLUMB_REGISTRY_CATALOGUE_PAGING_H_

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "plumb/v1/types.pb.h"
#include "registry/storage/metadata_store.h"

namespace plumb {

// A page request, checked.
struct PageQuery {
  size_t size = 0;    // 1 to limits::kPageSizeMax.
  std::string after;  // Where the page before ended; empty for the first.
};

// INVALID_ARGUMENT for a token that this server did not make.
absl::StatusOr<PageQuery> ParsePage(const v1::PageRequest& request);

// The token of the page that follows `after`.
std::string MakePageToken(std::string_view after);

// The size a request gets: the default for 0, at most limits::kPageSizeMax.
size_t ClampPageSize(uint32_t requested);

// Sees one entry, its key without the prefix; returns whether it belongs on the page.
using PageVisitor = std::function<absl::StatusOr<bool>(std::string_view key_rest, std::string_view value)>;

// Visits the entries below `prefix` that make up one page, and returns the token of the
// next page, empty when this one is the last. A page also ends when its values are past 2 MiB.
absl::StatusOr<std::string> ScanPage(const MetadataStore& store, std::string_view prefix,
                                     const v1::PageRequest& request, const PageVisitor& visitor);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_PAGING_H_
