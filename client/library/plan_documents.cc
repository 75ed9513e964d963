#include <algorithm>
#include <array>

#include "client/library/folder_text.h"
#include "client/library/publish_plan.h"
#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/document/card.h"
#include "plumb/policy/hub_tags.h"
#include "plumb/policy/licence_text.h"
#include "plumb/policy/spdx.h"

namespace plumb {
namespace {

constexpr char kCardPath[] = "README.md";

// Names under which a folder keeps a licence text.
bool IsLicencePath(std::string_view path) {
  static constexpr std::array<std::string_view, 9> kNames = {"LICENSE", "LICENSE.txt", "LICENSE.md",
                                                             "LICENCE", "LICENCE.txt", "LICENCE.md",
                                                             "COPYING", "COPYING.txt", "UNLICENSE"};
  return std::find(kNames.begin(), kNames.end(), path) != kNames.end() || path.starts_with("LICENSES/");
}

absl::Status PlanLicence(const Directory& folder, const std::string& stated, const std::string& stated_name,
                         const Operation& operation, PublishPlan* plan) {
  if (stated.empty()) {
    operation.Warn(
        "no licence is stated: nobody else may use the model; add --license SPDX or `license:` to README.md");
    return absl::OkStatus();
  }
  PLUMB_ASSIGN_OR_RETURN(LicenceExpression expression, ResolveLicence(stated, stated_name));
  for (const std::string& warning : DeprecationWarnings(expression)) operation.Warn(warning);
  plan->manifest.set_license(RenderLicenceExpression(expression));
  for (const std::string& path : plan->manifest.license_paths()) {
    PLUMB_ASSIGN_OR_RETURN(std::string text, ReadText(folder, path, limits::kLicenceTextBytesMax));
    PLUMB_RETURN_IF_ERROR(RequireLicenceAgreement(expression, text, path));
    if (CheckLicenceAgreement(expression, text).agreement == LicenceAgreement::kUnrecognised) {
      operation.Warn(fmt::format("{} is no licence text that plumb knows; it was not compared with {}", path,
                                 plan->manifest.license()));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status PlanDocuments(const Directory& folder, const PublishOptions& options, const Operation& operation,
                           PublishPlan* plan) {
  ModelCard card;
  if (plan->Has(kCardPath)) {
    PLUMB_ASSIGN_OR_RETURN(std::string text, ReadText(folder, kCardPath, limits::kCardBytesMax));
    absl::StatusOr<ModelCard> parsed = ParseModelCard(text, kCardPath);
    if (!parsed.ok()) return WithErrorClass(parsed.status(), ErrorClass::kPolicy);
    card = *std::move(parsed);
    *plan->manifest.mutable_card() = card.card;
  }
  for (const PlannedFile& file : plan->files) {
    if (IsLicencePath(file.path)) plan->manifest.add_license_paths(file.path);
  }
  const std::string& stated = options.license.empty() ? card.license : options.license;
  return PlanLicence(folder, stated, card.license_name, operation, plan);
}

}  // namespace plumb
