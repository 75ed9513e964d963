// Commands and how they are declared: each file command_*.cc has one Register function.
#ifndef PLUMB_CLIENT_CLI_COMMAND_H_
#define PLUMB_CLIENT_CLI_COMMAND_H_

#include <functional>
#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "client/cli/context.h"

namespace plumb::cli {

// What the parsed call does. Prints its result; an error is printed, and turned into the exit code, by RunApp.
using Action = std::function<absl::Status(Context&)>;

// Adds the command `name` to `parent`. When it is the one called, `action` is set to `run` on `flags`.
template <typename Flags>
CLI::App* AddCommand(CLI::App& parent, Action* action, const std::string& name, const std::string& description,
                     std::shared_ptr<Flags> flags, absl::Status (*run)(Context&, const Flags&)) {
  CLI::App* command = parent.add_subcommand(name, description);
  command->fallthrough();
  command->callback([command, action, flags, run] {
    if (!command->get_subcommands().empty()) return;
    *action = [flags, run](Context& context) { return run(context, *flags); };
  });
  return command;
}

// Adds a command that only holds others.
CLI::App* AddGroup(CLI::App& parent, const std::string& name, const std::string& description);

// Headings under which the overview lists commands.
inline constexpr const char* kModelCommands = "Publishing and using models";
inline constexpr const char* kRegistryCommands = "Asking and changing a registry";
inline constexpr const char* kMachineCommands = "This machine";

void RegisterAdmin(CLI::App& root, Action* action);
void RegisterCache(CLI::App& root, Action* action);
void RegisterCompletion(CLI::App& root, Action* action);
void RegisterDiff(CLI::App& root, Action* action);
void RegisterEvents(CLI::App& root, Action* action);
void RegisterFiles(CLI::App& root, Action* action);
void RegisterList(CLI::App& root, Action* action);
void RegisterLogin(CLI::App& root, Action* action);
void RegisterMirror(CLI::App& root, Action* action);
void RegisterPublish(CLI::App& root, Action* action);
void RegisterPull(CLI::App& root, Action* action);
void RegisterSearch(CLI::App& root, Action* action);
void RegisterShow(CLI::App& root, Action* action);
void RegisterSmoke(CLI::App& root, Action* action);
void RegisterTag(CLI::App& root, Action* action);
void RegisterVerify(CLI::App& root, Action* action);
void RegisterVersion(CLI::App& root, Action* action);
void RegisterYank(CLI::App& root, Action* action);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_COMMAND_H_
