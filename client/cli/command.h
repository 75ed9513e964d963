// Commands and how they are declared: each file command_*.cc has one Register
// function.
//
// The flag parser, CLI11, stays behind Command: it is large, and compiling it
// once is enough.
#ifndef PLUMB_CLIENT_CLI_COMMAND_H_
#define PLUMB_CLIENT_CLI_COMMAND_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/cli/context.h"

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace plumb::cli {

// What the parsed call does. Prints its result; an error is printed, and turned
// into the exit code, by RunApp.
using Action = std::function<absl::Status(Context&)>;

// One flag or argument of a command. A handle; valid as long as its command.
class Option {
 public:
  explicit Option(CLI::Option* option) : option_(option) {}
  // The call is wrong without it.
  Option& Required();
  // The call is wrong with both.
  Option& Excludes(const Option& other);
  // Commas divide one value into several.
  Option& DividedByCommas();

 private:
  CLI::Option* option_;
};

// One command. A handle; valid as long as the root that MakeApp returned. What
// the pointers point to is set by parsing and must live as long.
class Command {
 public:
  explicit Command(CLI::App* app) : app_(app) {}

  // Adds a command below this one. When it is the one called, `*chosen` becomes
  // `action`.
  Command Add(const std::string& name, const std::string& description, Action* chosen, Action action);
  // Adds a command that only holds others.
  Command AddGroup(const std::string& name, const std::string& description);

  // The heading under which --help lists the command.
  Command& Group(const std::string& heading);
  // Another name for it.
  Command& Alias(const std::string& name);
  // Lines for the end of --help, each with its line feed.
  Command& Examples(const std::string& text);

  // An argument by its place; a vector takes all that follow.
  Option Argument(const std::string& name, std::string* value, const std::string& description);
  Option Argument(const std::string& name, std::vector<std::string>* values, const std::string& description);
  // A flag without a value.
  Option Flag(const std::string& names, bool* value, const std::string& description);
  // A flag with a value, called `kind` in --help. A vector takes one value each
  // time the flag is given.
  Option Value(const std::string& name, const std::string& kind, std::string* value, const std::string& description);
  Option Value(const std::string& name, const std::string& kind, std::vector<std::string>* values,
               const std::string& description);
  Option Value(const std::string& name, const std::string& kind, uint64_t* value, const std::string& description);
  Option Value(const std::string& name, const std::string& kind, std::optional<uint64_t>* value,
               const std::string& description);
  // A flag with a number of bytes: `4096`, `256MiB`, `1.5GB`, `100K`.
  Option Bytes(const std::string& name, uint64_t* value, const std::string& description);
  Option Value(const std::string& name, const std::string& kind, std::optional<double>* value,
               const std::string& description);

 private:
  CLI::App* app_;
};

// Adds the command `name` to `parent`. When it is the one called, `action` is
// set to `run` on `flags`.
template <typename Flags>
Command AddCommand(Command& parent, Action* action, const std::string& name, const std::string& description,
                   std::shared_ptr<Flags> flags, absl::Status (*run)(Context&, const Flags&)) {
  return parent.Add(name, description, action, [flags, run](Context& context) { return run(context, *flags); });
}

// Headings under which the overview lists commands.
inline constexpr const char* kModelCommands = "Publishing and using models";
inline constexpr const char* kRegistryCommands = "Asking and changing a registry";
inline constexpr const char* kMachineCommands = "This machine";
// The heading of commands below others.
inline constexpr const char* kCommands = "Commands";

void RegisterAdmin(Command& root, Action* action);
void RegisterBackends(Command& root, Action* action);
void RegisterCard(Command& root, Action* action);
void RegisterCat(Command& root, Action* action);
void RegisterCache(Command& root, Action* action);
void RegisterCompletion(Command& root, Action* action);
void RegisterConvert(Command& root, Action* action);
void RegisterDiff(Command& root, Action* action);
void RegisterEvents(Command& root, Action* action);
void RegisterFiles(Command& root, Action* action);
void RegisterGolden(Command& root, Action* action);
void RegisterInspect(Command& root, Action* action);
void RegisterList(Command& root, Action* action);
void RegisterLogin(Command& root, Action* action);
void RegisterMirror(Command& root, Action* action);
void RegisterPublish(Command& root, Action* action);
void RegisterPull(Command& root, Action* action);
void RegisterSearch(Command& root, Action* action);
void RegisterShow(Command& root, Action* action);
void RegisterSmoke(Command& root, Action* action);
void RegisterStatus(Command& root, Action* action);
void RegisterTag(Command& root, Action* action);
void RegisterVerify(Command& root, Action* action);
void RegisterVersion(Command& root, Action* action);
void RegisterYank(Command& root, Action* action);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_COMMAND_H_
