// How far a mirror has followed its upstream, and what it still owes.
#ifndef PLUMB_CLIENT_LIBRARY_MIRROR_CURSOR_H_
#define PLUMB_CLIENT_LIBRARY_MIRROR_CURSOR_H_

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/client/connection.h"
#include "plumb/v1/admin.pb.h"

namespace plumb {

// Most events that could not be repeated and are tried again; at one more a sync stops where it is.
inline constexpr size_t kOwedEventsMax = 300;

// Kept in the target registry: one number, and in a second cursor, `NAME/owed`, the numbers of events before it that
// could not be repeated yet. Used by one thread.
class MirrorCursor {
 public:
  // One for each upstream and selection: another selection must see the early events again.
  static absl::StatusOr<MirrorCursor> Load(Connection& upstream, Connection& target,
                                           const std::vector<std::string>& select);

  uint64_t sequence() const { return sequence_; }
  void set_sequence(uint64_t sequence) { sequence_ = sequence; }
  // Numbers of events.
  std::set<uint64_t>& owed() { return owed_; }

  // Writes what changed. ABORTED when another sync of this mirror is running, RESOURCE_EXHAUSTED when too much is owed.
  absl::Status Save();

 private:
  explicit MirrorCursor(Connection& target) : target_(&target) {}
  absl::Status SaveOne(const std::string& value, v1::Cursor* cursor);

  Connection* target_;
  v1::Cursor place_;
  v1::Cursor owing_;
  uint64_t sequence_ = 0;
  std::set<uint64_t> owed_;
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_MIRROR_CURSOR_H_
