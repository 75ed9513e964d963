#include "client/cli/app.h"

#include <algorithm>
#include <utility>

#include "client/cli/completion.h"
#include "client/cli/error_report.h"
#include "client/cli/exit_code.h"
#include "client/cli/help.h"
#include "client/cli/interrupt.h"
#include "client/cli/no_color.h"
#include "client/cli/output.h"
#include "client/cli/suggest.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

void AddGlobalFlags(CLI::App& root, GlobalFlags* flags) {
  root.add_option("--registry", flags->registry, "Registry to talk to, instead of PLUMB_REGISTRY")
      ->type_name("HOST[:PORT]");
  root.add_option("--token-file", flags->token_file, "File with the token for that registry")->type_name("FILE");
  root.add_option("--tls", flags->tls, "Speak TLS: auto (all hosts but this one), on or off")->type_name("MODE");
  root.add_option("--ca-file", flags->ca_file, "PEM file with the certificates to trust")->type_name("FILE");
  root.add_option("--retry-for", flags->retry_for,
                  "How long to wait for a registry that stopped answering (default 2m)")
      ->type_name("TIME");
  root.add_option("--config", flags->config, "Configuration file (default $XDG_CONFIG_HOME/plumb/config.toml)")
      ->type_name("FILE");
  root.add_flag("--offline", flags->offline, "Ask no registry: only what is in the cache and in folders");
  root.add_flag("--json", flags->json, "Print the result, or the error, as one JSON object");
  root.add_flag("--quiet,-q", flags->quiet, "No progress and no remarks, only results, warnings and errors");
  root.add_flag("--no-color,--no-colour", flags->no_color, "No colours");
}

void SetHelpFlag(CLI::App& command) {
  command.set_help_flag("--help,-h", "Show this help");
  for (CLI::App* child : command.get_subcommands(nullptr)) SetHelpFlag(*child);
}

// Arguments that no command took.
std::vector<std::string> Unexpected(const CLI::App& root) {
  std::vector<std::string> unexpected = root.remaining();
  for (const CLI::App* child : root.get_subcommands()) {
    std::vector<std::string> more = Unexpected(*child);
    unexpected.insert(unexpected.end(), more.begin(), more.end());
  }
  return unexpected;
}

absl::Status UnexpectedError(const CLI::App& command, const std::vector<std::string>& unexpected) {
  auto flag =
      std::find_if(unexpected.begin(), unexpected.end(), [](const auto& word) { return word.starts_with('-'); });
  bool is_flag = flag != unexpected.end();
  bool is_command = !is_flag && !command.get_subcommands(nullptr).empty();
  std::string word = is_flag ? *flag : unexpected.front();
  const char* what = is_flag ? "unknown flag" : is_command ? "unknown command" : "one argument too many:";
  std::string nearest;
  if (is_flag) nearest = Nearest(word.substr(0, word.find('=')), FlagNames(command));
  if (is_command) nearest = Nearest(word, CommandNames(command));
  absl::Status status = UsageError(
      fmt::format("{} \"{}\"{}", what, word, nearest.empty() ? "" : fmt::format("; did you mean {}?", nearest)),
      UsageLine(command));
  return WithMend(status, HelpCommand(command));
}

absl::Status ParseFailure(const CLI::App& root, const CLI::ParseError& error) {
  const CLI::App& command = DeepestParsed(root);
  // An unknown flag explains a missing argument, not the other way round.
  if (std::vector<std::string> unexpected = Unexpected(root); !unexpected.empty()) {
    return UnexpectedError(command, unexpected);
  }
  if (error.get_name() == "RequiredError" && !command.get_subcommands(nullptr).empty()) {
    return WithMend(UsageError(fmt::format("which command? expected one of {}", fmt::join(CommandNames(command), ", ")),
                               UsageLine(command)),
                    HelpCommand(command));
  }
  return WithMend(UsageError(error.what(), UsageLine(command)), HelpCommand(command));
}

// `plumb help pull` is `plumb pull --help`, `plumb --version` is `plumb version`.
std::vector<std::string> RewriteHelp(std::vector<std::string> arguments) {
  if (arguments.empty()) return arguments;
  if (arguments.front() == "--version") arguments.front() = "version";
  if (arguments.front() != "help") return arguments;
  arguments.erase(arguments.begin());
  arguments.push_back("--help");
  return arguments;
}

bool Contains(const std::vector<std::string>& arguments, const char* flag) {
  return std::find(arguments.begin(), arguments.end(), flag) != arguments.end();
}

int Fail(const absl::Status& status, const std::string& registry, Output* output) {
  output->PrintError(status, registry);
  return ExitCodeFor(status);
}

int RunAction(const Action& action, const Environment& environment, const Settings& settings) {
  Output output(environment, settings.json, settings.quiet, settings.no_color);
  InterruptSays(settings.json);
  Context context(environment, settings, &output);
  for (const std::string& warning : settings.warnings) output.Warn(warning);
  absl::Status status = action(context);
  // Whatever the work says that it ended of.
  if (!status.ok() && context.cancellation().cancelled()) status = absl::CancelledError("interrupted");
  if (absl::Status flushed = output.Flush(); status.ok() && !flushed.ok()) status = flushed;
  return status.ok() ? static_cast<int>(kDone) : Fail(status, context.registry(), &output);
}

}  // namespace

std::unique_ptr<CLI::App> MakeApp(GlobalFlags* flags, Action* action) {
  auto root = std::make_unique<CLI::App>("plumb: publish, pull and check open model weights", "plumb");
  // At most one, so that a later argument that is a command's name stays an
  // argument.
  root->require_subcommand(0, 1);
  AddGlobalFlags(*root, flags);
  Command command(root.get());
  RegisterPublish(command, action);
  RegisterPull(command, action);
  RegisterVerify(command, action);
  RegisterStatus(command, action);
  RegisterSmoke(command, action);
  RegisterGolden(command, action);
  RegisterBackends(command, action);
  RegisterShow(command, action);
  RegisterCard(command, action);
  RegisterFiles(command, action);
  RegisterCat(command, action);
  RegisterDiff(command, action);
  RegisterInspect(command, action);
  RegisterConvert(command, action);
  RegisterList(command, action);
  RegisterSearch(command, action);
  RegisterTag(command, action);
  RegisterYank(command, action);
  RegisterEvents(command, action);
  RegisterMirror(command, action);
  RegisterAdmin(command, action);
  RegisterLogin(command, action);
  RegisterCache(command, action);
  RegisterCompletion(command, action);
  RegisterVersion(command, action);
  SetHelpFlag(*root);
  return root;
}

int RunApp(const std::vector<std::string>& arguments, const Environment& environment) {
  GlobalFlags flags;
  Action action;
  std::unique_ptr<CLI::App> root = MakeApp(&flags, &action);
  if (!arguments.empty() && arguments.front() == kCompleteCommand) {
    return RunComplete(*root, {arguments.begin() + 1, arguments.end()}, environment);
  }
  // Settings may be what is wrong, so that errors before them can only go by
  // the arguments.
  Output early(environment, Contains(arguments, "--json"), false,
               Contains(arguments, "--no-color") || NoColourWanted(environment.variable));
  try {
    std::vector<std::string> words = RewriteHelp(arguments);
    std::reverse(words.begin(), words.end());  // As CLI11 wants them.
    root->parse(std::move(words));
  } catch (const CLI::CallForHelp&) {
    early.PrintVerbatim(HelpText(DeepestParsed(*root), environment.width()));
    return kDone;
  } catch (const CLI::ParseError& error) {
    return Fail(ParseFailure(*root, error), "", &early);
  }
  if (!action) {
    early.PrintVerbatim(HelpText(*root, environment.width()));
    return kDone;
  }
  absl::StatusOr<Settings> settings = ResolveSettings(flags, environment.variable);
  if (!settings.ok()) return Fail(settings.status(), "", &early);
  return RunAction(action, environment, *settings);
}

}  // namespace plumb::cli
