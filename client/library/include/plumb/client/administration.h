// Running a registry from afar. All but WhoAmI and the cursors need a token with the admin scope.
#ifndef PLUMB_CLIENT_ADMINISTRATION_H_
#define PLUMB_CLIENT_ADMINISTRATION_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/client/connection.h"
#include "plumb/client/operation.h"
#include "plumb/v1/admin.pb.h"

namespace plumb {

// The token this connection uses. UNAUTHENTICATED when it is none or not valid.
absl::StatusOr<v1::Token> WhoAmI(Connection& connection);
// Makes a token; the answer holds its secret, which cannot be asked for again.
absl::StatusOr<v1::CreateTokenResponse> CreateToken(Connection& connection, const v1::CreateTokenRequest& request);
absl::StatusOr<std::vector<v1::Token>> ListTokens(Connection& connection);
absl::Status RevokeToken(Connection& connection, const std::string& name);
absl::StatusOr<v1::Stats> GetStats(Connection& connection);
// Deletes what no release names; returns the totals.
absl::StatusOr<v1::CollectGarbageResponse> CollectGarbage(Connection& connection,
                                                          const v1::CollectGarbageRequest& request,
                                                          const Operation& operation);
// Checks everything the server stores; `on_problem` is called for each thing that is broken. Returns the totals.
absl::StatusOr<v1::FsckResponse> Fsck(Connection& connection, bool quarantine, const Operation& operation,
                                      const std::function<void(const v1::FsckProblem&)>& on_problem);
// Makes the index of chunks anew from what the packs say; returns the totals.
absl::StatusOr<v1::RebuildIndexResponse> RebuildIndex(Connection& connection, const Operation& operation);
// Where a mirror stands; an unknown name has revision 0.
absl::StatusOr<v1::Cursor> GetCursor(Connection& connection, const std::string& name);
// Compare-and-swap on the revision of `cursor`. ABORTED when it was moved meanwhile.
absl::StatusOr<v1::Cursor> SetCursor(Connection& connection, const v1::Cursor& cursor);

}  // namespace plumb

#endif  // PLUMB_CLIENT_ADMINISTRATION_H_
