// What a command works with.
#ifndef PLUMB_CLIENT_CLI_CONTEXT_H_
#define PLUMB_CLIENT_CLI_CONTEXT_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/environment.h"
#include "client/cli/output.h"
#include "client/cli/settings.h"
#include "plumb/base/names.h"
#include "plumb/client/cache.h"
#include "plumb/client/connection.h"
#include "plumb/client/operation.h"
#include "plumb/v1/catalogue.pb.h"

namespace plumb::cli {

// Not thread-safe.
class Context {
 public:
  // Both are borrowed.
  Context(const Environment& environment, Settings settings, Output* output)
      : environment_(environment), settings_(std::move(settings)), output_(*output) {}
  ~Context();
  Context(const Context&) = delete;
  Context& operator=(const Context&) = delete;

  const Environment& environment() const { return environment_; }
  const Settings& settings() const { return settings_; }
  Output& output() { return output_; }
  // The registry talked to last; empty before the first Connect.
  const std::string& registry() const { return registry_; }

  // Connects to `registry` (`host[:port]`), or to the configured one when it is
  // empty. PLUMB_TOKEN and token files are for the configured registry. Another
  // host, one that stands in a reference, gets only what `plumb login` keeps
  // for it: a reference must not lure a secret away.
  absl::StatusOr<std::unique_ptr<Connection>> Connect(const std::string& registry);
  // How Connect would connect.
  absl::StatusOr<ConnectionOptions> OptionsFor(const std::string& registry) const;
  absl::StatusOr<Cache> OpenCache() const;
  // Connects for asking what `reference` means and for fetching it, and lets the connection remember in the shared
  // cache. With --offline the connection asks nobody. When the registry cannot be reached, a version or a digest, which
  // mean the same for ever, are had from the cache or from `folder` (may be empty), with a warning; a tag is not.
  // Without `with_cache` no cache is opened.
  absl::StatusOr<std::unique_ptr<Connection>> ConnectFor(const Reference& reference, const std::string& folder = "",
                                                         bool with_cache = true);
  // The cache, opened at the first call; nullptr, after one warning, when there is no place for it or it cannot be
  // used.
  Cache* SharedCache();
  // A folder of its own, which is removed with all that is in it when the context ends.
  absl::StatusOr<std::string> TemporaryFolder();

  // For long work: draws the bar, prints warnings, and `cancellation` is set by
  // SIGINT and SIGTERM from the first call on.
  Operation LongOperation();
  Cancellation& cancellation() { return cancellation_; }

 private:
  const Environment& environment_;
  const Settings settings_;
  Output& output_;
  // `reference`, as it stands here, without asking anybody; says from when that is.
  std::unique_ptr<Connection> OfflineFor(const Reference& reference, const std::string& registry, const Cache* cache);

  std::string registry_;
  bool cache_opened_ = false;
  std::optional<Cache> cache_;
  std::string temporary_folder_;
  Cancellation cancellation_;
};

// The secret in a file, without the white space around it. INVALID_ARGUMENT
// when there is none.
absl::StatusOr<std::string> ReadTokenFile(const std::string& path);

// `[host/]namespace/name` of a reference.
std::string ModelReference(const Reference& reference);

// The command that lists what there is instead of a reference that means nothing: the model's
// releases when the reference names one of them, else the namespace's models.
std::string ListCommand(const Reference& reference);

// Asks what `reference` means; an unknown one gets the command that lists what
// there is.
absl::StatusOr<v1::Release> ResolveReference(Connection& connection, const Reference& reference);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_CONTEXT_H_
