#include "registry/server/flags.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <sstream>
#include <utility>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "registry/server/config_file.h"

#ifndef PLUMB_VERSION
#define PLUMB_VERSION "unknown"
#endif

namespace plumb {
namespace {

constexpr char kExamples[] = R"(Examples:
  plumbd --data /srv/plumb
      serves this machine on 127.0.0.1:7070; the admin token is in /srv/plumb/admin.token
  plumbd --data /srv/plumb --listen 0.0.0.0:7070 --tls-cert fullchain.pem --tls-key key.pem
      serves everybody, encrypted
  plumbd --config /etc/plumb/plumbd.toml
      takes its flags from a file: data = "/srv/plumb", listen = "0.0.0.0:7070", ...
)";

// Flags whose form is not the options' own.
struct RawFlags {
  uint64_t max_memory_mib = 128;
  uint64_t reserve_mib = 64;
  uint64_t stop_grace_seconds = 10;
  uint64_t pack_mib = 256;
  bool no_anonymous_read = false;
};

// Reads TOML as CLI11 does, which takes no notice of keys that it does not know.
class StrictConfig : public CLI::ConfigTOML {
 public:
  explicit StrictConfig(const CLI::App* app) : app_(*app) {}

  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    std::ostringstream text;
    text << input.rdbuf();
    std::vector<std::string> keys;
    for (const CLI::Option* option : app_.get_options()) {
      for (const std::string& name : option->get_lnames()) keys.push_back(name);
    }
    for (const char* other : {"config", "help", "version"}) std::erase(keys, other);
    absl::Status checked = CheckConfigKeys(text.str(), "the configuration file", keys);
    if (!checked.ok()) throw CLI::ConfigError(std::string(Message(checked)), CLI::ExitCodes::ConfigError);
    std::istringstream again(text.str());
    return CLI::ConfigTOML::from_config(again);
  }

 private:
  const CLI::App& app_;
};

void Declare(CLI::App* app, Flags* flags, RawFlags* raw) {
  ServerOptions& options = flags->options;
  app->config_formatter(std::make_shared<StrictConfig>(app));
  app->set_config("--config", "", "Read flags from this TOML file");
  app->add_option("--data", options.data_dir, "Folder that holds everything; made when missing")->required();
  app->add_option("--listen", options.listen, "HOST:PORT to serve on; port 0 picks a free one")->capture_default_str();
  app->add_option("--tls-cert", options.tls_cert_file, "PEM file with the certificate and its chain");
  app->add_option("--tls-key", options.tls_key_file, "PEM file with the private key");
  app->add_flag("--no-anonymous-read", raw->no_anonymous_read, "Reading needs a token too");
  app->add_option("--max-memory", raw->max_memory_mib, "MiB for messages in flight")
      ->check(CLI::Range(64, 1 << 20))
      ->capture_default_str();
  app->add_option("--reserve", raw->reserve_mib, "MiB of the disk that uploads leave free, at most 5 % of it")
      ->check(CLI::Range(0, 1 << 30))
      ->capture_default_str();
  app->add_option("--pack-size", raw->pack_mib, "MiB that a pack file grows to")
      ->check(CLI::Range(1, 2048))
      ->capture_default_str();
  app->add_option("--max-uploads", options.limits.uploads_max, "Upload streams at the same time")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  app->add_option("--max-downloads", options.limits.reads_max, "Download streams at the same time")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  app->add_option("--max-watchers", options.limits.watchers_max, "Watching callers at the same time")
      ->check(CLI::Range(1, 4096))
      ->capture_default_str();
  app->add_option("--stop-grace", raw->stop_grace_seconds, "Seconds that running calls get when the server stops")
      ->check(CLI::Range(0, 3600))
      ->capture_default_str();
  app->add_option("--log-level", flags->log_level, "What goes to the log on standard error")
      ->check(CLI::IsMember({"debug", "info", "warn", "error", "off"}))
      ->capture_default_str();
  app->set_version_flag("--version", std::string("plumbd ") + PLUMB_VERSION);
  app->footer(kExamples);
}

}  // namespace

absl::StatusOr<Flags> ParseFlags(std::vector<std::string> arguments) {
  Flags flags;
  RawFlags raw;
  CLI::App app("plumbd: a registry for open model weights", "plumbd");
  Declare(&app, &flags, &raw);
  std::reverse(arguments.begin(), arguments.end());  // As CLI11 wants them.
  try {
    app.parse(std::move(arguments));
  } catch (const CLI::CallForHelp&) {
    flags.text = app.help();
    return flags;
  } catch (const CLI::CallForVersion& version) {
    flags.text = std::string(version.what()) + "\n";
    return flags;
  } catch (const std::exception& error) {
    return WithErrorClass(InvalidArgument(fmt::format("{}; see plumbd --help", error.what())), ErrorClass::kUsage);
  }
  flags.options.log_requests = flags.log_level == "debug";
  flags.options.anonymous_read = !raw.no_anonymous_read;
  flags.options.message_memory_bytes = raw.max_memory_mib << 20;
  flags.options.reserve_bytes = raw.reserve_mib << 20;
  flags.options.pack_bytes = raw.pack_mib << 20;
  flags.options.stop_grace = std::chrono::seconds(raw.stop_grace_seconds);
  return flags;
}

}  // namespace plumb
