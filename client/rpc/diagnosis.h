// Looking why a connection failed.
#ifndef PLUMB_CLIENT_RPC_DIAGNOSIS_H_
#define PLUMB_CLIENT_RPC_DIAGNOSIS_H_

#include <chrono>
#include <optional>
#include <string>

#include "client/rpc/proxy.h"
#include "plumb/client/connect_problem.h"
#include "plumb/client/operation.h"

namespace plumb::rpc {

// How a channel connects.
struct Route {
  HostPort target;
  bool tls = false;
  std::string roots_pem;  // Certificates to trust.
  std::optional<Proxy> proxy;
};

// What a second attempt, made by hand, showed.
struct Diagnosis {
  ConnectProblem problem = ConnectProblem::kUnknown;
  std::string words;  // Empty when nothing was found out.
};

// Connects as `route` says and looks at what comes: gRPC tells of a failed handshake only that it failed. Sends no
// token. Takes at most about `time`, less when `cancellation`, which may be null, says so; REQUIRES: names resolve
// quickly.
Diagnosis DiagnoseConnection(const Route& route, std::chrono::milliseconds time, const Cancellation* cancellation);

}  // namespace plumb::rpc

#endif  // PLUMB_CLIENT_RPC_DIAGNOSIS_H_
