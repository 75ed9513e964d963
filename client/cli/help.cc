#include "client/cli/help.h"

#include <algorithm>
#include <utility>

#include "client/cli/text.h"
#include "fmt/format.h"

namespace plumb::cli {
namespace {

constexpr const char* kEnvironment = R"(Environment:
  PLUMB_REGISTRY   registry a reference without a host means (default 127.0.0.1:7070)
  PLUMB_TOKEN      token for that registry
  PLUMB_TOKEN_FILE, PLUMB_TLS, PLUMB_CA_FILE, PLUMB_CONFIG, PLUMB_QUIET   as the global flags
  PLUMB_CACHE      folder of the cache (default $XDG_CACHE_HOME/plumb)
  NO_COLOR         no colours)";

constexpr const char* kReferences =
    R"(A reference is [host[:port]/]namespace/name[@version | :tag | @sha256:...].

Learn more: plumb COMMAND --help)";

using Rows = std::vector<std::pair<std::string, std::string>>;

std::string FullName(const CLI::App& command) {
  return command.get_parent() == nullptr ? command.get_name()
                                         : FullName(*command.get_parent()) + " " + command.get_name();
}

// Aligns names; every line of a description starts in the same column.
std::string Section(const std::string& title, const Rows& rows) {
  if (rows.empty()) return "";
  size_t width = 0;
  for (const auto& [name, description] : rows) width = std::max(width, DisplayWidth(name));
  std::string text = "\n" + title + ":\n";
  for (const auto& [name, description] : rows) {
    text += "  " + name + std::string(width - DisplayWidth(name) + 2, ' ');
    for (char c : description) text += c == '\n' ? "\n" + std::string(width + 4, ' ') : std::string(1, c);
    text += "\n";
  }
  return text;
}

std::string FlagLabel(const CLI::Option& option) {
  std::string label;
  for (const std::string& name : option.get_snames()) label += (label.empty() ? "-" : ", -") + name;
  for (const std::string& name : option.get_lnames()) label += (label.empty() ? "--" : ", --") + name;
  if (option.get_expected_max() > 0 && option.get_type_size() != 0) label += " " + option.get_type_name();
  return label;
}

// Without --help when `with_help` is false.
Rows FlagRows(const CLI::App& command, bool with_help) {
  Rows rows;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional() || option->get_group().empty()) continue;
    if (option == command.get_help_ptr() && !with_help) continue;
    rows.emplace_back(FlagLabel(*option), option->get_description());
  }
  return rows;
}

Rows ArgumentRows(const CLI::App& command) {
  Rows rows;
  for (const CLI::Option* option : command.get_options()) {
    if (option->get_positional()) rows.emplace_back(option->get_name(true), option->get_description());
  }
  return rows;
}

std::string CommandSections(const CLI::App& command) {
  std::vector<std::pair<std::string, Rows>> groups;
  for (const CLI::App* child : command.get_subcommands(nullptr)) {
    if (child->get_group().empty()) continue;
    auto same = [&](const auto& group) { return group.first == child->get_group(); };
    auto group = std::find_if(groups.begin(), groups.end(), same);
    if (group == groups.end()) group = groups.insert(groups.end(), {child->get_group(), {}});
    group->second.emplace_back(child->get_display_name(true), child->get_description());
  }
  std::string text;
  for (const auto& [title, rows] : groups) text += Section(title, rows);
  return text;
}

}  // namespace

std::string UsageLine(const CLI::App& command) {
  std::string line = FullName(command) + " [flags]";
  if (!command.get_subcommands(nullptr).empty()) {
    line += command.get_require_subcommand_min() == 0 && command.get_parent() != nullptr ? " [COMMAND]" : " COMMAND";
  }
  for (const CLI::Option* option : command.get_options()) {
    if (!option->get_positional()) continue;
    std::string name = option->get_name(true);
    if (option->get_expected_max() > 1) name += "...";
    line += option->get_required() ? " " + name : " [" + name + "]";
  }
  return line;
}

std::string HelpCommand(const CLI::App& command) { return FullName(command) + " --help"; }

std::string HelpText(const CLI::App& command) {
  const CLI::App* root = &command;
  while (root->get_parent() != nullptr) root = root->get_parent();
  std::string text = command.get_description() + "\n\nUsage: " + UsageLine(command) + "\n";
  text += CommandSections(command);
  text += Section("Arguments", ArgumentRows(command));
  if (&command != root) text += Section("Flags", FlagRows(command, /*with_help=*/true));
  text += Section("Global flags", FlagRows(*root, /*with_help=*/&command == root));
  if (std::string examples = command.get_footer(); !examples.empty()) text += "\nExamples:\n" + examples;
  text += std::string("\n") + kEnvironment;
  if (&command == root) text += std::string("\n\n") + kReferences;
  return text;
}

const CLI::App& DeepestParsed(const CLI::App& root) {
  const CLI::App* command = &root;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().front();
  return *command;
}

std::vector<std::string> CommandNames(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* child : command.get_subcommands(nullptr)) {
    names.push_back(child->get_name());
    for (const std::string& alias : child->get_aliases()) names.push_back(alias);
  }
  return names;
}

std::vector<std::string> FlagNames(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* app = &command; app != nullptr; app = app->get_parent()) {
    for (const CLI::Option* option : app->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        if (std::find(names.begin(), names.end(), "--" + name) == names.end()) names.push_back("--" + name);
      }
    }
  }
  return names;
}

}  // namespace plumb::cli
