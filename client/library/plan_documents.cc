#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "client/library/folder_text.h"
#include "client/library/publish_plan.h"
#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/refuse.h"
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

// The flag wins over the card.
absl::StatusOr<std::optional<LicenceExpression>> StatedLicence(const PublishOptions& options, const ModelCard& card,
                                                               const Operation& operation) {
  if (!options.license.empty()) {
    PLUMB_ASSIGN_OR_RETURN(LicenceExpression expression, ResolveLicence(options.license, card.license_name));
    return std::optional(std::move(expression));
  }
  if (!card.license.empty()) {
    PLUMB_ASSIGN_OR_RETURN(CardLicence licence, ResolveCardLicence(card.license, card.license_name));
    if (!licence.remark.empty()) operation.Warn(licence.remark);
    return std::move(licence.expression);
  }
  operation.Warn("no licence is stated: nobody else may use the model; add --license SPDX or `license:` to README.md");
  return std::optional<LicenceExpression>();
}

absl::Status PlanLicence(const Directory& folder, const PublishOptions& options, const ModelCard& card,
                         const Operation& operation, PublishPlan* plan) {
  PLUMB_ASSIGN_OR_RETURN(std::optional<LicenceExpression> stated, StatedLicence(options, card, operation));
  if (!stated.has_value()) return absl::OkStatus();
  const LicenceExpression& expression = *stated;
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

// A card that cannot be read is refused, for its licence would be lost; when the call states one, it is only left out.
absl::StatusOr<ModelCard> ReadCard(const Directory& folder, const PublishOptions& options, const Operation& operation) {
  PLUMB_ASSIGN_OR_RETURN(std::string text, ReadText(folder, kCardPath, limits::kCardBytesMax));
  absl::StatusOr<ModelCard> card = ParseModelCard(text, kCardPath);
  if (card.ok()) return card;
  if (options.license.empty()) {
    return RefusedFile(fmt::format("{}; mend it, or state the licence with --license", Message(card.status())));
  }
  operation.Warn(fmt::format("{}; nothing it says is recorded", Message(card.status())));
  return ModelCard();
}

}  // namespace

absl::Status PlanDocuments(const Directory& folder, const PublishOptions& options, const Operation& operation,
                           PublishPlan* plan) {
  ModelCard card;
  if (plan->Has(kCardPath)) {
    PLUMB_ASSIGN_OR_RETURN(card, ReadCard(folder, options, operation));
    for (const std::string& note : card.notes) operation.Warn(note);
    *plan->manifest.mutable_card() = card.card;
    plan->card = card;
  }
  for (const PlannedFile& file : plan->files) {
    if (IsLicencePath(file.path)) plan->manifest.add_license_paths(file.path);
  }
  return PlanLicence(folder, options, card, operation, plan);
}

}  // namespace plumb
