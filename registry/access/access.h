// Who may do what: tokens and the decision.
#ifndef PLUMB_REGISTRY_ACCESS_ACCESS_H_
#define PLUMB_REGISTRY_ACCESS_ACCESS_H_

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/v1/admin.pb.h"
#include "registry/access/scope.h"
#include "registry/storage/clock.h"
#include "registry/storage/metadata_store.h"

namespace plumb {

// Who makes a call.
struct Principal {
  std::string name;  // The token's name; `anonymous` without a token.
  std::vector<Scope> scopes;
  bool anonymous = false;
  v1::Token token;  // Empty for the anonymous one.
};

// Tokens in the metadata store. Thread-safe.
//
// Security: a secret is stored as its SHA-256 only, and found by it, so neither a stolen
// store nor the time a look-up takes tells a secret. What a token permits is read at each
// call: revoking works at once.
class Access {
 public:
  // `store` must outlive this object.
  Access(MetadataStore* store, bool anonymous_read, Clock clock);

  bool anonymous_read() const { return anonymous_read_; }

  // Who `secret` belongs to; without one, the anonymous principal. UNAUTHENTICATED when it
  // is unknown or has expired.
  absl::StatusOr<Principal> Authenticate(const std::optional<std::string>& secret) const;
  // OK when `principal` may do what `needed` asks. UNAUTHENTICATED for the anonymous
  // principal, PERMISSION_DENIED for others; both name the missing scope.
  absl::Status Authorize(const Principal& principal, const Scope& needed) const;

  struct NewToken {
    std::string secret;
    v1::Token token;
  };
  // Makes a token that lives `lifetime`, or forever when zero. INVALID_ARGUMENT for a bad
  // name, no scope or an unknown one; ALREADY_EXISTS when the name is taken.
  absl::StatusOr<NewToken> Create(std::string_view name, const std::vector<std::string>& scopes,
                                  std::chrono::seconds lifetime);
  // Adds a token whose secret exists already to `transaction`, under the same rules.
  absl::StatusOr<v1::Token> AddToTransaction(std::string_view secret, std::string_view name,
                                             const std::vector<std::string>& scopes, std::chrono::seconds lifetime,
                                             Transaction* transaction) const;
  // Tokens by name, those after `start_after`, at most `count`.
  absl::StatusOr<std::vector<v1::Token>> List(std::string_view start_after, size_t count) const;
  // Makes a token worthless. NOT_FOUND when no token has that name.
  absl::Status Revoke(std::string_view name);

 private:
  MetadataStore* const store_;
  const bool anonymous_read_;
  const Clock clock_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_ACCESS_ACCESS_H_
