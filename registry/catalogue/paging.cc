#include "registry/catalogue/paging.h"

#include <algorithm>

#include "plumb/base/file.h"
#include "plumb/base/hex.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// Distinguishes our tokens from any other hexadecimal text.
constexpr char kTokenMark = 'p';
constexpr size_t kTokenBytesMax = 2048;
constexpr size_t kPageBytesMax = 2u << 20;

}  // namespace

size_t ClampPageSize(uint32_t requested) {
  return requested == 0 ? limits::kPageSizeDefault : std::min(requested, limits::kPageSizeMax);
}

std::string MakePageToken(std::string_view after) { return kTokenMark + HexEncode(AsBytes(after)); }

absl::StatusOr<PageQuery> ParsePage(const v1::PageRequest& request) {
  PageQuery query;
  query.size = ClampPageSize(request.page_size());
  std::string_view token = request.page_token();
  if (token.empty()) return query;
  absl::Status foreign = InvalidArgument("the page token is not one that this server gave");
  if (token.size() > kTokenBytesMax || token.size() < 3 || token[0] != kTokenMark) return foreign;
  absl::StatusOr<std::string> after = HexDecode(token.substr(1));
  if (!after.ok()) return foreign;
  query.after = *std::move(after);
  return query;
}

absl::StatusOr<std::string> ScanPage(const MetadataStore& store, std::string_view prefix,
                                     const v1::PageRequest& request, const PageVisitor& visitor) {
  PLUMB_ASSIGN_OR_RETURN(PageQuery query, ParsePage(request));
  std::string start = query.after.empty() ? std::string() : std::string(prefix) + query.after;
  std::string last;
  std::string next_token;
  size_t kept = 0;
  size_t bytes = 0;
  absl::Status failure;
  PLUMB_RETURN_IF_ERROR(store.Scan(prefix, start, [&](std::string_view key, std::string_view value) {
    if (kept == query.size || bytes >= kPageBytesMax) {
      next_token = MakePageToken(last);
      return false;
    }
    key.remove_prefix(prefix.size());
    absl::StatusOr<bool> belongs = visitor(key, value);
    if (!belongs.ok()) {
      failure = belongs.status();
      return false;
    }
    last = key;
    if (*belongs) {
      ++kept;
      bytes += value.size();
    }
    return true;
  }));
  PLUMB_RETURN_IF_ERROR(failure);
  return next_token;
}

}  // namespace plumb
