#include "client/library/mirror_cursor.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "plumb/client/administration.h"
#include "plumb/content/digest.h"

namespace plumb {
namespace {

std::string CursorName(Connection& upstream, std::vector<std::string> select) {
  std::string selection;
  std::sort(select.begin(), select.end());
  for (const std::string& glob : select) selection += glob + "\n";
  return fmt::format("mirror/{}/{}", upstream.capabilities().registry_id(), Sha256Of(selection).Short());
}

absl::StatusOr<uint64_t> ReadNumber(std::string_view text, const std::string& name) {
  uint64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error == std::errc() && end == text.data() + text.size()) return number;
  return FailedPrecondition(fmt::format("the mirror's cursor {} holds \"{}\", expected a number", name, text));
}

}  // namespace

absl::StatusOr<MirrorCursor> MirrorCursor::Load(Connection& upstream, Connection& target,
                                                const std::vector<std::string>& select) {
  MirrorCursor cursor(target);
  const std::string name = CursorName(upstream, select);
  PLUMB_ASSIGN_OR_RETURN(cursor.place_, GetCursor(target, name));
  PLUMB_ASSIGN_OR_RETURN(cursor.owing_, GetCursor(target, name + "/owed"));
  cursor.place_.set_name(name);
  cursor.owing_.set_name(name + "/owed");
  if (!cursor.place_.value().empty()) {
    PLUMB_ASSIGN_OR_RETURN(cursor.sequence_, ReadNumber(cursor.place_.value(), name));
  }
  std::string_view rest = cursor.owing_.value();
  while (!rest.empty()) {
    size_t comma = std::min(rest.find(','), rest.size());
    PLUMB_ASSIGN_OR_RETURN(uint64_t number, ReadNumber(rest.substr(0, comma), cursor.owing_.name()));
    cursor.owed_.insert(number);
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return cursor;
}

absl::Status MirrorCursor::SaveOne(const std::string& value, v1::Cursor* cursor) {
  if (cursor->value() == value) return absl::OkStatus();
  v1::Cursor next = *cursor;
  next.set_value(value);
  absl::StatusOr<v1::Cursor> saved = SetCursor(*target_, next);
  if (absl::IsAborted(saved.status())) return Annotate(saved.status(), "another sync of this mirror is running");
  PLUMB_RETURN_IF_ERROR(saved.status());
  *cursor = *std::move(saved);
  return absl::OkStatus();
}

absl::Status MirrorCursor::Save() {
  if (owed_.size() > kOwedEventsMax) {
    return FailedPrecondition(
        fmt::format("more than {} events of the upstream could not be repeated here", kOwedEventsMax));
  }
  // What is owed first: killed in between, the next sync repeats an event, which does no harm, rather than forget one.
  PLUMB_RETURN_IF_ERROR(SaveOne(fmt::format("{}", fmt::join(owed_, ",")), &owing_));
  return SaveOne(sequence_ == 0 ? "" : std::to_string(sequence_), &place_);
}

}  // namespace plumb
