// A line in the log for each call.
#ifndef PLUMB_REGISTRY_SERVER_REQUEST_LOG_H_
#define PLUMB_REGISTRY_SERVER_REQUEST_LOG_H_

#include "grpcpp/server_builder.h"

namespace plumb {

// Has every call of the server logged when it ends, at debug: method, caller's address, code, time. To be called only
// when somebody reads that: it costs a little for each message.
void LogRequests(grpc::ServerBuilder* builder);

// Hands gRPC's own lines to our log, at debug, for the whole process: they name connections that nobody asked about.
void TakeOverTransportLog();

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVER_REQUEST_LOG_H_
