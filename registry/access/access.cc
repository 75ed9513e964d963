#include "registry/access/access.h"

#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/content/digest.h"
#include "registry/access/secret.h"
#include "registry/storage/timestamp.h"

namespace plumb {
namespace {

constexpr size_t kScopesMax = 256;
constexpr std::string_view kByHash = "token/hash/";
constexpr std::string_view kByName = "token/name/";

std::string HashKey(std::string_view secret) { return std::string(kByHash) + Sha256Of(secret).ToBytes(); }
std::string NameKey(std::string_view name) { return std::string(kByName) + std::string(name); }

bool HasExpired(const v1::Token& token, TimePoint now) {
  return token.has_expires_at() && token.expires_at().seconds() <= ToTimestamp(now).seconds();
}

absl::Status ValidateTokenName(std::string_view name) {
  bool valid = !name.empty() && name.size() <= limits::kVersionBytesMax;
  for (char c : name) {
    valid = valid && ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
                      c == '_' || c == '-' || c == '@');
  }
  if (valid && name != "anonymous") return absl::OkStatus();
  return InvalidArgument(
      fmt::format("a token's name is 1 to {} of [A-Za-z0-9._@-] and not `anonymous`", limits::kVersionBytesMax));
}

}  // namespace

Access::Access(MetadataStore* store, bool anonymous_read, Clock clock)
    : store_(store), anonymous_read_(anonymous_read), clock_(std::move(clock)) {}

absl::StatusOr<Principal> Access::Authenticate(const std::optional<std::string>& secret) const {
  Principal principal;
  if (!secret.has_value()) {
    principal.name = "anonymous";
    principal.anonymous = true;
    if (anonymous_read_) principal.scopes.push_back(Scope::Read());
    return principal;
  }
  absl::Status unknown = absl::UnauthenticatedError("the token is not valid here; it may have been revoked");
  if (!LooksLikeSecret(*secret)) return unknown;
  absl::StatusOr<std::string> record = store_->Get(HashKey(*secret));
  if (absl::IsNotFound(record.status())) return unknown;
  if (!record.ok()) return record.status();
  if (!principal.token.ParseFromString(*record)) return DataLoss("the record of a token cannot be read");
  if (HasExpired(principal.token, clock_())) {
    return absl::UnauthenticatedError(fmt::format("the token `{}` has expired", principal.token.name()));
  }
  principal.name = principal.token.name();
  for (const std::string& text : principal.token.scopes()) {
    PLUMB_ASSIGN_OR_RETURN(Scope scope, ParseScope(text));
    principal.scopes.push_back(std::move(scope));
  }
  return principal;
}

absl::Status Access::Authorize(const Principal& principal, const Scope& needed) const {
  if (Permits(principal.scopes, needed)) return absl::OkStatus();
  std::string scope = RenderScope(needed);
  if (principal.anonymous) {
    return absl::UnauthenticatedError(fmt::format("this needs a token with the scope `{}`; none was sent", scope));
  }
  return absl::PermissionDeniedError(
      fmt::format("the token `{}` lacks the scope `{}` that this needs", principal.name, scope));
}

absl::StatusOr<v1::Token> Access::AddToTransaction(std::string_view secret, std::string_view name,
                                                   const std::vector<std::string>& scopes,
                                                   std::chrono::seconds lifetime, Transaction* transaction) const {
  PLUMB_RETURN_IF_ERROR(ValidateTokenName(name));
  if (scopes.empty() || scopes.size() > kScopesMax) {
    return InvalidArgument(fmt::format("a token has 1 to {} scopes, found {}", kScopesMax, scopes.size()));
  }
  v1::Token token;
  token.set_name(std::string(name));
  for (const std::string& text : scopes) {
    PLUMB_RETURN_IF_ERROR(ParseScope(text).status());
    token.add_scopes(text);
  }
  TimePoint now = clock_();
  *token.mutable_created_at() = ToTimestamp(now);
  if (lifetime.count() > 0) {
    constexpr std::chrono::hours kCentury(24 * 36525);
    if (lifetime > kCentury) return InvalidArgument("a token lives at most a hundred years; 0 is forever");
    *token.mutable_expires_at() = ToTimestamp(now + lifetime);
  }
  transaction->RequireAbsent(NameKey(name));
  transaction->Put(NameKey(name), Sha256Of(secret).ToBytes());
  transaction->Put(HashKey(secret), token.SerializeAsString());
  return token;
}

absl::StatusOr<Access::NewToken> Access::Create(std::string_view name, const std::vector<std::string>& scopes,
                                                std::chrono::seconds lifetime) {
  NewToken made;
  PLUMB_ASSIGN_OR_RETURN(made.secret, NewSecret());
  Transaction transaction;
  PLUMB_ASSIGN_OR_RETURN(made.token, AddToTransaction(made.secret, name, scopes, lifetime, &transaction));
  absl::Status status = store_->Commit(transaction);
  if (absl::IsAborted(status)) return AlreadyExists(fmt::format("a token named `{}` exists", name));
  PLUMB_RETURN_IF_ERROR(status);
  return made;
}

absl::StatusOr<std::vector<v1::Token>> Access::List(std::string_view start_after, size_t count) const {
  std::vector<std::string> hashes;
  std::string after = start_after.empty() ? std::string() : NameKey(start_after);
  PLUMB_RETURN_IF_ERROR(store_->Scan(kByName, after, [&](std::string_view, std::string_view hash) {
    if (hashes.size() < count) hashes.emplace_back(hash);
    return hashes.size() < count;
  }));
  std::vector<v1::Token> tokens;
  for (const std::string& hash : hashes) {
    absl::StatusOr<std::string> record = store_->Get(std::string(kByHash) + hash);
    if (absl::IsNotFound(record.status())) continue;  // Revoked since the scan.
    if (!record.ok()) return record.status();
    if (!tokens.emplace_back().ParseFromString(*record)) return DataLoss("the record of a token cannot be read");
  }
  return tokens;
}

absl::Status Access::Revoke(std::string_view name) {
  absl::Status unknown = NotFound(fmt::format("no token is named `{}`", name));
  absl::StatusOr<std::string> hash = store_->Get(NameKey(name));
  if (absl::IsNotFound(hash.status())) return unknown;
  if (!hash.ok()) return hash.status();
  Transaction transaction;
  transaction.RequireValue(NameKey(name), *hash);
  transaction.Delete(NameKey(name));
  transaction.Delete(std::string(kByHash) + *hash);
  absl::Status status = store_->Commit(transaction);
  return absl::IsAborted(status) ? unknown : status;
}

}  // namespace plumb
