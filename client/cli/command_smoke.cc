#include <sstream>
#include <string>
#include <vector>

#include "client/cli/command.h"
#include "client/cli/smoke_view.h"
#include "plumb/base/status.h"
#include "plumb/client/smoke.h"

namespace plumb::cli {
namespace {

struct SmokeFlags {
  std::string argument;
  std::vector<std::string> backends;
};

absl::Status RunSmoke(Context& context, const SmokeFlags& flags) {
  PLUMB_ASSIGN_OR_RETURN(std::string folder, FolderFor(context, flags.argument));
  PLUMB_ASSIGN_OR_RETURN(SmokeReport report, SmokeFolder(folder, flags.backends, context.LongOperation()));
  if (context.output().json()) {
    context.output().PrintJson(SmokeJson(report));
  } else {
    PrintSmoke(context.output(), report);
  }
  return SmokeOutcome(context.output(), report, flags.argument);
}

}  // namespace

void RegisterSmoke(Command& root, Action* action) {
  auto flags = std::make_shared<SmokeFlags>();
  Command command =
      AddCommand(root, action, "smoke", "Check that a model computes what its publisher recorded", flags, &RunSmoke);
  command.Group(kModelCommands);
  command.Argument("REF|DIR", &flags->argument, "A folder, or a reference, which is pulled into the cache first")
      .Required();
  command.Value("--backend", "LIST", &flags->backends, "Ways to compute, divided by commas (default: all there are)")
      .DividedByCommas();
  command.Examples(
      "  plumb smoke ./tiny\n"
      "  plumb smoke acme/tiny@v1 --backend reference,onednn --json\n"
      "\nExit code 7 when a recorded case fails. Inconclusive (nothing was "
      "recorded, or the architecture is not\n"
      "known) is a warning and exit code 0.\n");
}

}  // namespace plumb::cli
