#include "client/cli/settings.h"

#include <algorithm>
#include <cerrno>
#include <sstream>
#include <vector>

#include "CLI/CLI.hpp"
#include "client/cli/no_color.h"
#include "client/cli/quantity.h"
#include "client/cli/suggest.h"
#include "fmt/format.h"
#include "plumb/base/errno_of.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

constexpr const char* kRegistryDefault = "127.0.0.1:7070";
constexpr const char* kPortDefault = "7070";

const std::vector<std::string>& ConfigKeys() {
  static const auto* keys =
      new std::vector<std::string>{"registry",      "token_file", "tls",   "ca_file",  "retry_for",
                                   "stall_timeout", "cache",      "quiet", "no_color", "offline"};
  return *keys;
}

absl::Status UsageError(std::string message) {
  return WithErrorClass(InvalidArgument(std::move(message)), ErrorClass::kUsage);
}

absl::StatusOr<TlsMode> ParseTls(const std::string& text) {
  if (text.empty() || text == "auto") return TlsMode::kAuto;
  if (text == "on") return TlsMode::kOn;
  if (text == "off") return TlsMode::kOff;
  return UsageError(fmt::format("tls is \"{}\"; expected auto, on or off", text));
}

absl::StatusOr<bool> ParseBool(const std::string& text, std::string_view name) {
  if (text.empty() || text == "0" || text == "false" || text == "no") return false;
  if (text == "1" || text == "true" || text == "yes") return true;
  return UsageError(fmt::format("{} is \"{}\"; expected true or false", name, text));
}

absl::StatusOr<std::optional<std::chrono::milliseconds>> ParseTime(const std::string& text, std::string_view name) {
  if (text.empty()) return std::nullopt;
  absl::StatusOr<std::chrono::milliseconds> time = ParseDuration(text);
  if (!time.ok()) return UsageError(fmt::format("{}: {}", name, Message(time.status())));
  return *time;
}

// Looks values up in the order flag, PLUMB_* variable, configuration file.
class Lookup {
 public:
  Lookup(const VariableLookup& variable, std::map<std::string, std::string> config)
      : variable_(variable), config_(std::move(config)) {}

  // An empty variable counts as not set.
  std::string Variable(const std::string& name) const { return variable_(name).value_or(""); }

  std::string Get(const std::string& flag, const std::string& variable, const std::string& key) const {
    if (!flag.empty()) return flag;
    if (std::string value = Variable(variable); !value.empty()) return value;
    auto found = config_.find(key);
    return found == config_.end() ? "" : found->second;
  }

  absl::StatusOr<bool> GetBool(bool flag, const std::string& variable, const std::string& key) const {
    if (flag) return true;
    return ParseBool(Get("", variable, key), key);
  }

  // `$xdg/plumb`, or below HOME; the specification says to ignore relative
  // paths.
  std::string Folder(const std::string& xdg, const std::string& below_home) const {
    if (std::string base = Variable(xdg); base.starts_with('/')) return base + "/plumb";
    std::string home = Variable("HOME");
    return home.empty() ? "" : home + "/" + below_home + "/plumb";
  }

 private:
  const VariableLookup& variable_;
  std::map<std::string, std::string> config_;
};

absl::StatusOr<std::map<std::string, std::string>> LoadConfig(const std::string& named, const std::string& folder,
                                                              std::vector<std::string>* warnings) {
  std::string path = named.empty() ? folder + "/config.toml" : named;
  if (named.empty() && folder.empty()) return std::map<std::string, std::string>();
  absl::StatusOr<std::string> text = ReadFile(path, limits::kConfigBytesMax);
  if (named.empty() && absl::IsNotFound(text.status())) return std::map<std::string, std::string>();
  // A container's user often has somebody else's home.
  if (named.empty() && ErrnoOf(text.status()) == EACCES) {
    warnings->push_back(fmt::format("the configuration is left out: {}", Message(text.status())));
    return std::map<std::string, std::string>();
  }
  PLUMB_RETURN_IF_ERROR(text.status());
  return ParseConfig(*text, path);
}

}  // namespace

std::string NormaliseRegistry(std::string_view registry) {
  std::string text(registry);
  size_t bracket = text.rfind(']');
  size_t colon = text.rfind(':');
  bool has_port = colon != text.npos && (bracket == text.npos || colon > bracket);
  std::string host = has_port ? text.substr(0, colon) : text;
  std::string port = has_port ? text.substr(colon + 1) : kPortDefault;
  return (host == "localhost" ? "127.0.0.1" : host) + ":" + port;
}

absl::StatusOr<std::map<std::string, std::string>> ParseConfig(const std::string& text, const std::string& name) {
  std::vector<CLI::ConfigItem> items;
  try {
    std::istringstream stream(text);
    items = CLI::ConfigTOML().from_config(stream);
  } catch (const std::exception& error) {
    return UsageError(fmt::format("{}: not TOML: {}", name, error.what()));
  }
  std::map<std::string, std::string> values;
  for (const CLI::ConfigItem& item : items) {
    const std::vector<std::string>& keys = ConfigKeys();
    std::string key = item.fullname();
    if (std::find(keys.begin(), keys.end(), key) == keys.end()) {
      std::string nearest = Nearest(key, keys);
      return UsageError(fmt::format("{}: unknown key \"{}\"{}; expected one of {}", name, key,
                                    nearest.empty() ? "" : ", did you mean " + nearest + "?", fmt::join(keys, ", ")));
    }
    if (item.inputs.size() != 1) {
      return UsageError(fmt::format("{}: {} has {} values; expected one", name, key, item.inputs.size()));
    }
    if (!values.emplace(key, item.inputs[0]).second) {
      return UsageError(fmt::format("{}: {} is set twice", name, key));
    }
  }
  return values;
}

absl::StatusOr<Settings> ResolveSettings(const GlobalFlags& flags, const VariableLookup& variable) {
  Lookup outside(variable, {});
  std::string config_folder = outside.Folder("XDG_CONFIG_HOME", ".config");
  Settings settings;
  PLUMB_ASSIGN_OR_RETURN(auto config,
                         LoadConfig(outside.Get(flags.config, "PLUMB_CONFIG", ""), config_folder, &settings.warnings));
  Lookup lookup(variable, std::move(config));

  std::string registry = lookup.Get(flags.registry, "PLUMB_REGISTRY", "registry");
  settings.registry = NormaliseRegistry(registry.empty() ? kRegistryDefault : registry);
  settings.token_file = flags.token_file;
  settings.token = lookup.Variable("PLUMB_TOKEN");
  // A file named outside the call is weaker than PLUMB_TOKEN.
  if (settings.token_file.empty() && settings.token.empty()) {
    settings.token_file = lookup.Get("", "PLUMB_TOKEN_FILE", "token_file");
  }
  PLUMB_ASSIGN_OR_RETURN(settings.tls, ParseTls(lookup.Get(flags.tls, "PLUMB_TLS", "tls")));
  settings.ca_file = lookup.Get(flags.ca_file, "PLUMB_CA_FILE", "ca_file");
  PLUMB_ASSIGN_OR_RETURN(settings.retry_for,
                         ParseTime(lookup.Get(flags.retry_for, "PLUMB_RETRY_FOR", "retry_for"), "retry_for"));
  PLUMB_ASSIGN_OR_RETURN(settings.stall_timeout,
                         ParseTime(lookup.Get("", "PLUMB_STALL_TIMEOUT", "stall_timeout"), "stall_timeout"));
  settings.json = flags.json;
  PLUMB_ASSIGN_OR_RETURN(settings.quiet, lookup.GetBool(flags.quiet, "PLUMB_QUIET", "quiet"));
  PLUMB_ASSIGN_OR_RETURN(settings.no_color, lookup.GetBool(flags.no_color, "PLUMB_NO_COLOR", "no_color"));
  PLUMB_ASSIGN_OR_RETURN(settings.offline, lookup.GetBool(flags.offline, "PLUMB_OFFLINE", "offline"));
  if (NoColourWanted(variable)) settings.no_color = true;

  settings.credentials_file = config_folder.empty() ? "" : config_folder + "/credentials.json";
  settings.cache_folder = lookup.Get("", "PLUMB_CACHE", "cache");
  if (settings.cache_folder.empty()) settings.cache_folder = lookup.Folder("XDG_CACHE_HOME", ".cache");
  settings.state_folder = lookup.Folder("XDG_STATE_HOME", ".local/state");
  return settings;
}

}  // namespace plumb::cli
