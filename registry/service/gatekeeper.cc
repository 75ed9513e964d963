#include "registry/service/gatekeeper.h"

#include <optional>
#include <string_view>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "registry/service/status.h"

namespace plumb {
namespace {

absl::StatusOr<std::optional<std::string>> BearerToken(const grpc::ServerContext& context) {
  auto [begin, end] = context.client_metadata().equal_range("authorization");
  if (begin == end) return std::optional<std::string>();
  std::string_view value(begin->second.data(), begin->second.size());
  constexpr std::string_view kScheme = "bearer ";
  bool bearer = value.size() > kScheme.size() && std::next(begin) == end;
  for (size_t i = 0; bearer && i < kScheme.size(); ++i) bearer = (value[i] | 0x20) == kScheme[i];
  if (!bearer) return absl::UnauthenticatedError("the authorization metadata is not one `Bearer TOKEN`");
  return std::optional<std::string>(value.substr(kScheme.size()));
}

}  // namespace

absl::StatusOr<Principal> Gatekeeper::Admit(const grpc::ServerContext& context, const Scope& needed) const {
  PLUMB_ASSIGN_OR_RETURN(std::optional<std::string> token, BearerToken(context));
  PLUMB_ASSIGN_OR_RETURN(Principal principal, access_.Authenticate(token));
  PLUMB_RETURN_IF_ERROR(access_.Authorize(principal, needed));
  return principal;
}

absl::StatusOr<Principal> Gatekeeper::Identify(const grpc::ServerContext& context) const {
  PLUMB_ASSIGN_OR_RETURN(std::optional<std::string> token, BearerToken(context));
  if (!token.has_value()) return absl::UnauthenticatedError("no token was sent");
  return access_.Authenticate(token);
}

absl::StatusOr<Slots::Lease> Slots::Take() {
  if (taken_.fetch_add(1) < count_) return Lease(&taken_);
  taken_.fetch_sub(1);
  return WithRetryDelay(
      absl::ResourceExhaustedError(fmt::format("the server is busy: {} {} run already", count_, what_)),
      std::chrono::seconds(1));
}

}  // namespace plumb
