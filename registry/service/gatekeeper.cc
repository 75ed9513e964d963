#include "registry/service/gatekeeper.h"

#include <optional>
#include <string_view>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "registry/service/status.h"
#include "spdlog/spdlog.h"

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

std::string CallerAddress(const grpc::ServerContextBase& context) {
  // `ipv4:127.0.0.1:4711`, `ipv6:%5B::1%5D:4711`.
  std::string address = context.peer();
  for (std::string_view prefix : {"ipv4:", "ipv6:"}) {
    if (address.starts_with(prefix)) address.erase(0, prefix.size());
  }
  for (auto [escape, bracket] : {std::pair("%5B", "["), std::pair("%5D", "]")}) {
    if (size_t at = address.find(escape); at != address.npos) address.replace(at, 3, bracket);
  }
  return address;
}

absl::StatusOr<Principal> Gatekeeper::Admit(const grpc::ServerContext& context, const Scope& needed) const {
  absl::StatusOr<Principal> principal = Who(context);
  PLUMB_RETURN_IF_ERROR(LogRefusal(context, principal.status()));
  PLUMB_RETURN_IF_ERROR(Authorize(context, *principal, needed));
  return principal;
}

absl::StatusOr<Principal> Gatekeeper::Identify(const grpc::ServerContext& context) const {
  absl::StatusOr<Principal> principal = Who(context);
  if (principal.ok() && principal->anonymous) principal = absl::UnauthenticatedError("no token was sent");
  PLUMB_RETURN_IF_ERROR(LogRefusal(context, principal.status()));
  return principal;
}

absl::Status Gatekeeper::Authorize(const grpc::ServerContext& context, const Principal& principal,
                                   const Scope& needed) const {
  return LogRefusal(context, access_.Authorize(principal, needed));
}

absl::StatusOr<Principal> Gatekeeper::Who(const grpc::ServerContext& context) const {
  PLUMB_ASSIGN_OR_RETURN(std::optional<std::string> token, BearerToken(context));
  return access_.Authenticate(token);
}

absl::Status Gatekeeper::LogRefusal(const grpc::ServerContext& context, const absl::Status& status) {
  if (absl::IsUnauthenticated(status) || absl::IsPermissionDenied(status)) {
    spdlog::warn("refused {}: {}", CallerAddress(context), Message(status));
  }
  return status;
}

absl::StatusOr<Slots::Lease> Slots::Take() {
  if (taken_.fetch_add(1) < count_) return Lease(&taken_);
  taken_.fetch_sub(1);
  return WithRetryDelay(
      absl::ResourceExhaustedError(fmt::format("the server is busy: {} {} run already", count_, what_)),
      std::chrono::seconds(1));
}

}  // namespace plumb
