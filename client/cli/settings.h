// Flags, environment and configuration file, put together.
#ifndef PLUMB_CLIENT_CLI_SETTINGS_H_
#define PLUMB_CLIENT_CLI_SETTINGS_H_

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/client/connection.h"

namespace plumb::cli {

using VariableLookup = std::function<std::optional<std::string>(const std::string& name)>;

// The flags every command takes, as given; empty or false when not.
struct GlobalFlags {
  std::string registry;
  std::string token_file;
  std::string tls;
  std::string ca_file;
  std::string retry_for;
  std::string config;
  bool json = false;
  bool quiet = false;
  bool no_color = false;
  bool offline = false;
};

// What holds for this run. Flags win over PLUMB_*, which win over the
// configuration file.
struct Settings {
  std::string registry;    // `host:port`.
  std::string token_file;  // Empty when none was named.
  std::string token;       // PLUMB_TOKEN; for `registry` only.
  TlsMode tls = TlsMode::kAuto;
  std::string ca_file;
  // How long to wait for a registry that does not answer; absent when nobody said so.
  std::optional<std::chrono::milliseconds> retry_for;
  std::optional<std::chrono::milliseconds> stall_timeout;
  bool json = false;
  bool quiet = false;
  bool no_color = false;
  // No registry is asked: what is here must do.
  bool offline = false;
  // What the user should know about the settings themselves.
  std::vector<std::string> warnings;
  // Empty when the variables that say where they are, HOME included, are not
  // set.
  std::string credentials_file;
  std::string cache_folder;
  std::string state_folder;
};

// `host:port` with the default port put in and `localhost` written as its
// address, so that names can be compared.
std::string NormaliseRegistry(std::string_view registry);

// The keys of a configuration file with their values. INVALID_ARGUMENT
// (ErrorClass::kUsage) for text that is not TOML, a section, or a key that does
// not exist; `name` is for messages.
absl::StatusOr<std::map<std::string, std::string>> ParseConfig(const std::string& text, const std::string& name);

// Puts everything together, reading the configuration file: the one named, else
// `$XDG_CONFIG_HOME/plumb/config.toml` when it exists. ErrorClass::kUsage for a
// value that makes no sense.
absl::StatusOr<Settings> ResolveSettings(const GlobalFlags& flags, const VariableLookup& variable);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_SETTINGS_H_
