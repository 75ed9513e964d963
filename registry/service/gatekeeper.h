// Decides at the door of each call: who calls, may they, and is there room.
#ifndef PLUMB_REGISTRY_SERVICE_GATEKEEPER_H_
#define PLUMB_REGISTRY_SERVICE_GATEKEEPER_H_

#include <atomic>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "grpcpp/server_context.h"
#include "registry/access/access.h"

namespace plumb {

// The caller's address, `127.0.0.1:4711` or `[::1]:4711`, as the connection has it.
std::string CallerAddress(const grpc::ServerContextBase& context);

// Thread-safe. Refusals are logged with the caller's address.
class Gatekeeper {
 public:
  // `access` must outlive the object.
  explicit Gatekeeper(const Access* access) : access_(*access) {}

  // Who makes the call, by its `authorization: Bearer` metadata, if they may do what `needed` asks. Errors as Access's.
  absl::StatusOr<Principal> Admit(const grpc::ServerContext& context, const Scope& needed) const;
  // Who makes the call; UNAUTHENTICATED without a token.
  absl::StatusOr<Principal> Identify(const grpc::ServerContext& context) const;
  // A second look, when what is needed depends on the request's content.
  absl::Status Authorize(const grpc::ServerContext& context, const Principal& principal, const Scope& needed) const;

 private:
  absl::StatusOr<Principal> Who(const grpc::ServerContext& context) const;
  // Returns `status`.
  static absl::Status LogRefusal(const grpc::ServerContext& context, const absl::Status& status);

  const Access& access_;
};

// A bound on how many of something run at once. Thread-safe.
class Slots {
 public:
  // Gives its slot back when it goes.
  class Lease {
   public:
    explicit Lease(std::atomic<int>* taken) : taken_(taken) {}

   private:
    struct Return {
      void operator()(std::atomic<int>* taken) const { taken->fetch_sub(1); }
    };
    std::unique_ptr<std::atomic<int>, Return> taken_;
  };

  // `what`: in words, for messages.
  Slots(int count, std::string what) : count_(count), what_(std::move(what)) {}
  // RESOURCE_EXHAUSTED with a retry delay when all are taken. The slots must outlive the lease.
  absl::StatusOr<Lease> Take();

 private:
  const int count_;
  const std::string what_;
  std::atomic<int> taken_{0};
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVICE_GATEKEEPER_H_
