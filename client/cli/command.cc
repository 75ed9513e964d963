#include "client/cli/command.h"

#include <utility>

#include "CLI/CLI.hpp"
#include "client/cli/quantity.h"
#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

template <typename T>
Option AddValue(CLI::App* app, const std::string& name, const std::string& kind, T* value,
                const std::string& description) {
  CLI::Option* option = app->add_option(name, *value, description);
  // Without this a repeated flag would swallow the arguments that follow it.
  option->type_name(kind)->allow_extra_args(false);
  return Option(option);
}

// The same with a way to read the value of our own: CLI11's takes -1 for a huge number.
template <typename T>
Option AddParsed(CLI::App* app, const std::string& name, const std::string& kind, T* value,
                 absl::StatusOr<uint64_t> (*parse)(std::string_view), const std::string& description) {
  auto take = [name, value, parse](const std::string& text) {
    absl::StatusOr<uint64_t> parsed = parse(text);
    if (!parsed.ok()) throw CLI::ValidationError(name, std::string(Message(parsed.status())));
    *value = *parsed;
  };
  CLI::Option* option = app->add_option_function<std::string>(name, take, description);
  option->type_name(kind)->allow_extra_args(false);
  return Option(option);
}

}  // namespace

Option& Option::Required() {
  option_->required();
  return *this;
}

Option& Option::Excludes(const Option& other) {
  option_->excludes(other.option_);
  return *this;
}

Option& Option::DividedByCommas() {
  option_->delimiter(',');
  return *this;
}

Command Command::Add(const std::string& name, const std::string& description, Action* chosen, Action action) {
  CLI::App* command = app_->add_subcommand(name, description);
  command->fallthrough();
  command->require_subcommand(0, 1);
  command->callback([command, chosen, action = std::move(action)] {
    // The command below has set it already.
    if (command->get_subcommands().empty()) *chosen = action;
  });
  return Command(command);
}

Command Command::AddGroup(const std::string& name, const std::string& description) {
  CLI::App* group = app_->add_subcommand(name, description);
  group->fallthrough();
  group->require_subcommand(1);
  return Command(group);
}

Command& Command::Group(const std::string& heading) {
  app_->group(heading);
  return *this;
}

Command& Command::Alias(const std::string& name) {
  app_->alias(name);
  return *this;
}

Command& Command::Examples(const std::string& text) {
  app_->footer(text);
  return *this;
}

Option Command::Argument(const std::string& name, std::string* value, const std::string& description) {
  return Option(app_->add_option(name, *value, description));
}

Option Command::Argument(const std::string& name, std::vector<std::string>* values, const std::string& description) {
  return Option(app_->add_option(name, *values, description));
}

Option Command::Flag(const std::string& names, bool* value, const std::string& description) {
  return Option(app_->add_flag(names, *value, description));
}

Option Command::Value(const std::string& name, const std::string& kind, std::string* value,
                      const std::string& description) {
  return AddValue(app_, name, kind, value, description);
}

Option Command::Value(const std::string& name, const std::string& kind, std::vector<std::string>* values,
                      const std::string& description) {
  return AddValue(app_, name, kind, values, description);
}

Option Command::Value(const std::string& name, const std::string& kind, uint64_t* value,
                      const std::string& description) {
  return AddParsed(app_, name, kind, value, &ParseCount, description);
}

Option Command::Value(const std::string& name, const std::string& kind, std::optional<uint64_t>* value,
                      const std::string& description) {
  return AddParsed(app_, name, kind, value, &ParseCount, description);
}

Option Command::Value(const std::string& name, const std::string& kind, std::optional<double>* value,
                      const std::string& description) {
  return AddValue(app_, name, kind, value, description);
}

Option Command::Bytes(const std::string& name, uint64_t* value, const std::string& description) {
  return AddParsed(app_, name, "BYTES", value, &ParseBytes, description);
}

}  // namespace plumb::cli
