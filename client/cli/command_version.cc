#include "client/cli/command.h"
#include "client/cli/completion.h"
#include "client/cli/error_report.h"
#include "client/cli/suggest.h"
#include "fmt/format.h"

namespace plumb::cli {
namespace {

struct NoFlags {};

struct CompletionFlags {
  std::string shell;
};

absl::Status RunVersion(Context& context, const NoFlags& /*flags*/) {
  if (context.output().json()) {
    context.output().PrintJson({{"version", PLUMB_VERSION}, {"protocol", "plumb.v1"}});
  } else {
    context.output().PrintText("plumb " PLUMB_VERSION);
  }
  return absl::OkStatus();
}

absl::Status RunCompletion(Context& context, const CompletionFlags& flags) {
  std::string script = CompletionScript(flags.shell);
  if (script.empty()) {
    return UsageError(fmt::format("no completion for \"{}\"; expected bash, zsh or fish", flags.shell),
                      "plumb completion bash|zsh|fish");
  }
  script.pop_back();  // PrintText ends the last line.
  context.output().PrintVerbatim(script);
  return absl::OkStatus();
}

}  // namespace

void RegisterVersion(Command& root, Action* action) {
  Command command = AddCommand(root, action, "version", "Print the version", std::make_shared<NoFlags>(), &RunVersion);
  command.Group(kMachineCommands);
  command.Examples("  plumb version --json\n");
}

void RegisterCompletion(Command& root, Action* action) {
  auto flags = std::make_shared<CompletionFlags>();
  Command command = AddCommand(root, action, "completion", "Print a shell's completion script", flags, &RunCompletion);
  command.Group(kMachineCommands);
  command.Argument("SHELL", &flags->shell, "bash, zsh or fish").Required();
  command.Examples(
      "  source <(plumb completion bash)\n"
      "  plumb completion zsh > ~/.zfunc/_plumb\n"
      "  plumb completion fish > ~/.config/fish/completions/plumb.fish\n");
}

}  // namespace plumb::cli
