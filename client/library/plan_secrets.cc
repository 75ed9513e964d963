#include <algorithm>

#include "client/library/folder_text.h"
#include "client/library/publish_plan.h"
#include "fmt/format.h"
#include "plumb/base/publish_limits.h"
#include "plumb/base/refuse.h"
#include "plumb/policy/secrets.h"

namespace plumb {
namespace {

// Binary files have zeros near their beginning.
constexpr size_t kTextSampleBytes = 4096;
// Places named in one message.
constexpr size_t kPlacesMax = 4;

bool IsText(std::string_view text) { return text.substr(0, kTextSampleBytes).find('\0') == text.npos; }

}  // namespace

absl::Status PlanSecrets(const Directory& folder, const PublishOptions& options, const Operation& operation,
                         PublishPlan* plan) {
  std::vector<std::string> places;
  uint64_t left = limits::kSecretBytesMax;
  for (const PlannedFile& file : plan->files) {
    PLUMB_RETURN_IF_ERROR(operation.Check());
    if (IsKeyFile(file.path)) {
      places.push_back(fmt::format("{} is a file of keys", file.path));
      continue;
    }
    if (file.size_bytes > std::min(left, limits::kSecretFileBytesMax)) continue;
    left -= file.size_bytes;
    PLUMB_ASSIGN_OR_RETURN(std::string text, ReadText(folder, file.path, limits::kSecretFileBytesMax));
    if (!IsText(text)) continue;
    for (const FoundSecret& secret : FindSecrets(file.path, text)) {
      places.push_back(fmt::format("{}, line {}, holds {}", file.path, secret.line, secret.kind));
    }
  }
  if (places.empty()) return absl::OkStatus();
  if (options.allow_secrets) {
    for (const std::string& place : places) operation.Warn(place);
    return absl::OkStatus();
  }
  std::string others;
  for (size_t i = 1; i < std::min(places.size(), kPlacesMax); ++i) others += fmt::format("; {}", places[i]);
  if (places.size() > kPlacesMax) others += fmt::format("; and {} more", places.size() - kPlacesMax);
  return RefusedFile(fmt::format(
      "{}{}. A release stays readable for ever: take it out, leave the file out with --exclude, or say that it may "
      "be known with --allow-secrets",
      places.front(), others));
}

}  // namespace plumb
