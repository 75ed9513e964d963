#include "registry/access/scope.h"

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/names.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr std::string_view kPublishPrefix = "publish:";

bool Grants(const Scope& held, const Scope& needed) {
  if (held.kind == Scope::Kind::kAdmin) return true;
  if (needed.kind == Scope::Kind::kRead) return true;  // Publishing includes reading.
  if (needed.kind != Scope::Kind::kPublish || held.kind != Scope::Kind::kPublish) return false;
  return needed.name_space.empty() || held.name_space == "*" || held.name_space == needed.name_space;
}

}  // namespace

absl::StatusOr<Scope> ParseScope(std::string_view text) {
  if (text == "read") return Scope::Read();
  if (text == "admin") return Scope::Admin();
  if (text == "publish:*") return Scope::PublishEverywhere();
  if (text.starts_with(kPublishPrefix)) {
    std::string_view name_space = text.substr(kPublishPrefix.size());
    // A namespace is valid when a model could stand in it.
    bool valid = name_space.find('/') == name_space.npos && ValidateModelName(fmt::format("{}/x", name_space)).ok();
    if (valid) return Scope::Publish(name_space);
  }
  return InvalidArgument(
      fmt::format("scope `{}` is unknown; expected `read`, `publish:NAMESPACE`, `publish:*` or `admin`", text));
}

std::string RenderScope(const Scope& scope) {
  switch (scope.kind) {
    case Scope::Kind::kRead:
      return "read";
    case Scope::Kind::kAdmin:
      return "admin";
    case Scope::Kind::kPublish:
      break;
  }
  return fmt::format("publish:{}", scope.name_space.empty() ? "NAMESPACE" : scope.name_space);
}

bool Permits(std::span<const Scope> held, const Scope& needed) {
  return std::any_of(held.begin(), held.end(), [&](const Scope& scope) { return Grants(scope, needed); });
}

}  // namespace plumb
