#include <string>

#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/reference_advice.h"
#include "client/cli/text.h"
#include "client/cli/views.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"

namespace plumb::cli {
namespace {

struct YankFlags {
  std::string reference;
  std::string reason;
  bool undo = false;
};

absl::Status RunYank(Context& context, const YankFlags& flags) {
  PLUMB_ASSIGN_OR_RETURN(Reference reference, ParseReferenceArgument(flags.reference));
  if (reference.version.empty() && reference.tag.empty() && reference.digest_hex.empty()) {
    return UsageError(fmt::format("\"{}\" names no release; expected namespace/name@version", flags.reference));
  }
  if (flags.reason.empty() && !flags.undo) return UsageError("--reason TEXT is required: people will want to know why");
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, context.Connect(reference.registry));
  PLUMB_ASSIGN_OR_RETURN(v1::Release release, ResolveReference(*connection, reference));
  PLUMB_ASSIGN_OR_RETURN(release, Yank(*connection, reference.model, release.version(), flags.reason, flags.undo));
  if (context.output().json()) {
    context.output().PrintJson(ReleaseJson(release));
  } else {
    context.output().PrintText(
        release.yanked()
            ? fmt::format("{}@{} is yanked: {}", release.model(), release.version(), Sanitise(release.yank_reason()))
            : fmt::format("{}@{} is no longer yanked", release.model(), release.version()));
  }
  return absl::OkStatus();
}

}  // namespace

void RegisterYank(Command& root, Action* action) {
  auto flags = std::make_shared<YankFlags>();
  Command command = AddCommand(root, action, "yank", "Mark a release as withdrawn; it stays readable", flags, &RunYank);
  command.Group(kRegistryCommands);
  command.Argument("REF", &flags->reference, "The release").Required();
  command.Value("--reason", "TEXT", &flags->reason, "Why; shown to everyone who pulls it");
  command.Flag("--undo", &flags->undo, "Take a yank back");
  command.Examples(
      "  plumb yank acme/tiny@v1 --reason 'wrong tokenizer, use v2'\n"
      "  plumb yank acme/tiny@v1 --undo\n");
}

}  // namespace plumb::cli
