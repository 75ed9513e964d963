#include "registry/catalogue/cursors.h"

#include "fmt/format.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"
#include "registry/catalogue/keys.h"
#include "registry/catalogue/records.h"

namespace plumb {
namespace {

constexpr size_t kNameBytesMax = 512;
constexpr size_t kValueBytesMax = 4096;

}  // namespace

absl::StatusOr<v1::Cursor> GetCursor(const std::string& name, const MetadataStore& store) {
  if (name.empty() || name.size() > kNameBytesMax || !IsValidUtf8(name)) {
    return InvalidArgument(fmt::format("a cursor's name is UTF-8 of 1 to {} bytes", kNameBytesMax));
  }
  PLUMB_ASSIGN_OR_RETURN(std::optional<v1::Cursor> cursor,
                         FindRecord<v1::Cursor>(store, keys::Cursor(name), "a cursor"));
  if (!cursor.has_value()) cursor.emplace().set_name(name);
  return *std::move(cursor);
}

absl::StatusOr<v1::Cursor> SetCursor(const v1::SetCursorRequest& request, MetadataStore* store) {
  if (request.value().size() > kValueBytesMax) {
    return InvalidArgument(fmt::format("a cursor's value has at most {} bytes", kValueBytesMax));
  }
  PLUMB_ASSIGN_OR_RETURN(v1::Cursor before, GetCursor(request.name(), *store));
  absl::Status moved = absl::AbortedError(fmt::format("the cursor {} is not at revision {}; another sync moved it",
                                                      request.name(), request.expected_revision()));
  if (before.revision() != request.expected_revision()) return moved;
  Transaction transaction;
  std::string key = keys::Cursor(request.name());
  if (before.revision() == 0) {
    transaction.RequireAbsent(key);
  } else {
    transaction.RequireValue(key, before.SerializeAsString());
  }
  v1::Cursor after;
  after.set_name(request.name());
  after.set_value(request.value());
  after.set_revision(before.revision() + 1);
  transaction.Put(key, after.SerializeAsString());
  absl::Status status = store->Commit(transaction);
  if (absl::IsAborted(status)) return moved;
  PLUMB_RETURN_IF_ERROR(status);
  return after;
}

}  // namespace plumb
