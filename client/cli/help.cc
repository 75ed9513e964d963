#include "client/cli/help.h"

#include <algorithm>
#include <utility>

#include "client/cli/table_layout.h"
#include "client/cli/text.h"
#include "client/cli/wrap.h"
#include "fmt/format.h"

namespace plumb::cli {
namespace {

// Where descriptions begin, at most; a longer name has them on the line below.
constexpr size_t kTextColumnMax = 26;
constexpr size_t kNameIndent = 2;
// Longer lines are no pleasure to read.
constexpr size_t kHelpColumnsMax = 100;
constexpr size_t kUsageColumns = 7;  // Of `Usage: `.

constexpr const char* kReferences =
    R"(A reference is [host[:port]/]namespace/name[@version | :tag | @sha256:...]. Of a digest its first 12 digits are enough.

Learn more: plumb COMMAND --help)";

using Rows = std::vector<std::pair<std::string, std::string>>;

std::string FullName(const CLI::App& command) {
  return command.get_parent() == nullptr ? command.get_name()
                                         : FullName(*command.get_parent()) + " " + command.get_name();
}

const Rows& EnvironmentRows() {
  static const auto* rows =
      new Rows{{"PLUMB_REGISTRY", "registry a reference without a host means (default 127.0.0.1:7070)"},
               {"PLUMB_TOKEN", "token for that registry"},
               {"PLUMB_TOKEN_FILE, PLUMB_TLS, PLUMB_CA_FILE, PLUMB_CONFIG, PLUMB_QUIET", "as the global flags"},
               {"PLUMB_CACHE", "folder of the cache (default $XDG_CACHE_HOME/plumb)"},
               {"NO_COLOR", "no colours"},
               {"COLUMNS", "width to lay text out for, instead of the terminal's"}};
  return *rows;
}

// Names on the left, descriptions (of one line) from one column on; that of a long name begins on the line below it.
std::string Section(const std::string& title, const Rows& rows, size_t width) {
  if (rows.empty()) return "";
  size_t longest = 0;
  for (const auto& [name, description] : rows) {
    const size_t columns = DisplayWidth(name) + kNameIndent + kColumnGap;
    if (columns <= kTextColumnMax) longest = std::max(longest, columns);
  }
  const size_t column = longest == 0 ? kTextColumnMax / 2 : longest;
  std::string text = "\n" + title + ":\n";
  for (const auto& [name, description] : rows) {
    const size_t taken = DisplayWidth(name) + kNameIndent;
    const bool below = taken + kColumnGap > column;
    const std::string label =
        below ? WrapText(std::string(kNameIndent, ' ') + name, width) + "\n" : std::string(kNameIndent, ' ') + name;
    const std::string words = WrapText(std::string(column, ' ') + description, width, 0);
    text += label + (below ? words : words.substr(taken)) + "\n";
  }
  return text;
}

// Examples stand as they are, as far as the width allows; the words after them are paragraphs.
std::string Footer(const std::string& footer, size_t width) {
  std::string text;
  std::string paragraph;
  const auto end_paragraph = [&] {
    if (!paragraph.empty()) text += WrapText(paragraph, width, 0) + "\n";
    paragraph.clear();
  };
  for (size_t begin = 0; begin < footer.size();) {
    const size_t end = std::min(footer.find('\n', begin), footer.size());
    const std::string line = footer.substr(begin, end - begin);
    begin = end + 1;
    if (line.empty() || line.starts_with(' ')) {
      end_paragraph();
      text += line.empty() ? "\n" : "  " + WrapCommand(line.substr(std::min<size_t>(2, line.size())), width, 2) + "\n";
    } else {
      paragraph += (paragraph.empty() ? "" : " ") + line;
    }
  }
  end_paragraph();
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

std::string CommandSections(const CLI::App& command, size_t width) {
  std::vector<std::pair<std::string, Rows>> groups;
  for (const CLI::App* child : command.get_subcommands(nullptr)) {
    if (child->get_group().empty()) continue;
    auto same = [&](const auto& group) { return group.first == child->get_group(); };
    auto group = std::find_if(groups.begin(), groups.end(), same);
    if (group == groups.end()) group = groups.insert(groups.end(), {child->get_group(), {}});
    group->second.emplace_back(child->get_display_name(true), child->get_description());
  }
  std::string text;
  for (const auto& [title, rows] : groups) text += Section(title, rows, width);
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

std::string HelpText(const CLI::App& command, size_t width) {
  const CLI::App* root = &command;
  while (root->get_parent() != nullptr) root = root->get_parent();
  width = std::min(width, kHelpColumnsMax);
  std::string text = WrapText(command.get_description(), width, 0) + "\n\nUsage: ";
  text += WrapText(UsageLine(command), width, kUsageColumns, kUsageColumns) + "\n";
  text += CommandSections(command, width);
  text += Section("Arguments", ArgumentRows(command), width);
  if (&command != root) text += Section("Flags", FlagRows(command, /*with_help=*/true), width);
  text += Section("Global flags", FlagRows(*root, /*with_help=*/&command == root), width);
  if (std::string examples = command.get_footer(); !examples.empty()) text += "\nExamples:\n" + Footer(examples, width);
  text += Section("Environment", EnvironmentRows(), width);
  if (&command == root) text += "\n" + WrapText(kReferences, width, 0) + "\n";
  text.pop_back();
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
