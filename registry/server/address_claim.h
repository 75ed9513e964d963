// Finding out early whether an address is free.
#ifndef PLUMB_REGISTRY_SERVER_ADDRESS_CLAIM_H_
#define PLUMB_REGISTRY_SERVER_ADDRESS_CLAIM_H_

#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/file.h"
#include "registry/server/endpoint.h"

namespace plumb {

// Holds an address without listening on it: nobody else can begin to, while the one who holds it still can.
class AddressClaim {
 public:
  // UNAVAILABLE when somebody listens there, or it is no address of this machine; INVALID_ARGUMENT
  // (ErrorClass::kUsage) when the name has no address. Port 0 is always free.
  static absl::StatusOr<AddressClaim> Take(const Endpoint& endpoint);

 private:
  std::vector<UniqueFd> sockets_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVER_ADDRESS_CLAIM_H_
