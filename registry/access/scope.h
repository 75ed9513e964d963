// What a token permits.
#ifndef PLUMB_REGISTRY_ACCESS_SCOPE_H_
#define PLUMB_REGISTRY_ACCESS_SCOPE_H_

#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace plumb {

// One permission: `read`, `publish:NAMESPACE`, `publish:*` or `admin`.
struct Scope {
  enum class Kind { kRead, kPublish, kAdmin };
  Kind kind = Kind::kRead;
  // The namespace of kPublish; `*` for all. Empty in a *needed* scope: any namespace will do.
  std::string name_space;

  static Scope Read() { return {Kind::kRead, ""}; }
  static Scope Publish(std::string_view name_space) { return {Kind::kPublish, std::string(name_space)}; }
  static Scope PublishAnywhere() { return {Kind::kPublish, ""}; }
  static Scope PublishEverywhere() { return {Kind::kPublish, "*"}; }
  static Scope Admin() { return {Kind::kAdmin, ""}; }

  friend bool operator==(const Scope&, const Scope&) = default;
};

// Reads a scope as tokens write it. INVALID_ARGUMENT lists the forms.
absl::StatusOr<Scope> ParseScope(std::string_view text);

// The inverse of ParseScope; a needed scope for any namespace reads `publish:NAMESPACE`.
std::string RenderScope(const Scope& scope);

// True when one of `held` permits what `needed` asks: admin permits everything, publish:*
// every namespace, and publishing includes reading.
bool Permits(std::span<const Scope> held, const Scope& needed);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_ACCESS_SCOPE_H_
