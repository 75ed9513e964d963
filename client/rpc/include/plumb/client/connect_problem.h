// Why no connection to a registry came about.
#ifndef PLUMB_CLIENT_CONNECT_PROBLEM_H_
#define PLUMB_CLIENT_CONNECT_PROBLEM_H_

#include <string_view>

#include "absl/status/status.h"

namespace plumb {

// What was found when somebody looked why gRPC failed.
enum class ConnectProblem {
  kUnknown,
  kName,              // The host's name has no address.
  kRefused,           // Nothing listens there.
  kSilent,            // Nobody answers, or what answers is no registry.
  kProxyUnreachable,  // The proxy itself.
  kProxyRefused,      // The proxy does not let this connection through.
  kNeedsTls,          // The registry speaks TLS, the client plain text.
  kNeedsPlainText,    // The other way round.
  kUnknownIssuer,     // The certificate is of an authority that is not trusted here.
  kExpired,           // The certificate is no longer valid, or not yet.
  kWrongHost,         // The certificate is another host's.
  kTls,               // Something else about TLS.
  kLost,              // The connection was there, and later calls got no answer for too long.
};

// Returns `status` with `problem` attached.
absl::Status WithConnectProblem(absl::Status status, ConnectProblem problem);

// What was attached; kUnknown when nothing was.
ConnectProblem ConnectProblemOf(const absl::Status& status);

}  // namespace plumb

#endif  // PLUMB_CLIENT_CONNECT_PROBLEM_H_
