// Pulling without a network.
#ifndef PLUMB_CLIENT_LIBRARY_OFFLINE_PULL_H_
#define PLUMB_CLIENT_LIBRARY_OFFLINE_PULL_H_

#include "absl/status/status.h"
#include "client/library/pull_target.h"
#include "plumb/client/pull.h"

namespace plumb {

// NOT_FOUND, naming what is missing, unless the bytes of every selected file are in the folder or in the cache, by the
// names and sizes of what is there.
absl::Status CheckAllIsHere(const PullOptions& options, const PullTarget& target);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_OFFLINE_PULL_H_
