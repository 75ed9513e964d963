#include "client/cli/context.h"

#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <utility>

#include "client/cli/error_report.h"
#include "client/cli/interrupt.h"
#include "client/cli/reference_advice.h"
#include "fmt/format.h"
#include "plumb/base/errno_of.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"
#include "plumb/client/cached_releases.h"
#include "plumb/client/catalogue.h"
#include "plumb/client/credentials.h"
#include "plumb/client/release_folder.h"

namespace plumb::cli {
namespace {

constexpr uint64_t kTokenFileBytesMax = 64 << 10;

}  // namespace

absl::StatusOr<std::string> ReadTokenFile(const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(std::string text, ReadFile(path, kTokenFileBytesMax));
  size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == text.npos) return UsageError(fmt::format("{}: the token file is empty", path));
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

Context::~Context() {
  InterruptCancels(nullptr);
  std::error_code ignored;
  if (!temporary_folder_.empty()) std::filesystem::remove_all(temporary_folder_, ignored);
}

absl::StatusOr<ConnectionOptions> Context::OptionsFor(const std::string& registry) const {
  ConnectionOptions options;
  options.registry = registry.empty() ? settings_.registry : NormaliseRegistry(registry);
  options.tls = settings_.tls;
  options.ca_file = settings_.ca_file;
  if (settings_.retry_for.has_value()) {
    options.retry_for = *settings_.retry_for;
    // Who says so waits for a registry that is about to start, too.
    options.connect_for = *settings_.retry_for;
  }
  if (settings_.stall_timeout.has_value()) options.stall_max = *settings_.stall_timeout;
  options.cancellation = &cancellation_;
  options.waiting = [this](const std::string& what) { output_.ShowWaiting(what); };
  if (options.registry == settings_.registry) {
    options.token = settings_.token;
    if (!settings_.token_file.empty()) {
      PLUMB_ASSIGN_OR_RETURN(options.token, ReadTokenFile(settings_.token_file));
    }
  }
  if (options.token.empty() && !settings_.credentials_file.empty()) {
    absl::StatusOr<std::string> token = LoadCredential(settings_.credentials_file, options.registry);
    if (ErrnoOf(token.status()) == EACCES) {
      output_.Warn(fmt::format("going on without a token: {}", Message(token.status())));
    } else {
      PLUMB_ASSIGN_OR_RETURN(options.token, std::move(token));
    }
  }
  return options;
}

absl::StatusOr<std::unique_ptr<Connection>> Context::Connect(const std::string& registry) {
  PLUMB_ASSIGN_OR_RETURN(ConnectionOptions options, OptionsFor(registry));
  registry_ = options.registry;
  if (settings_.offline) {
    return WithMend(Unavailable(fmt::format("the registry at {} would have to be asked, and plumb is told to stay "
                                            "offline",
                                            registry_)),
                    "Leave out --offline, PLUMB_OFFLINE and `offline` in the configuration.");
  }
  // From here on every wait can be ended.
  InterruptCancels(&cancellation_);
  return Connection::Connect(options);
}

std::unique_ptr<Connection> Context::OfflineFor(const Reference& reference, const std::string& registry,
                                                const Cache* cache) {
  std::unique_ptr<Connection> connection = Connection::Offline(registry);
  connection->RememberIn(cache);
  absl::StatusOr<KnownRelease> known = RecallRelease(*connection, reference);
  const bool moves = reference.version.empty() && reference.digest_hex.empty();
  if (known.ok() && moves) {
    output_.Note(fmt::format("Offline: {} is {}@{}, as {} said on {}", RenderReference(reference),
                             known->release.model(), known->release.version(), registry, known->known_at));
  }
  return connection;
}

absl::StatusOr<std::unique_ptr<Connection>> Context::ConnectFor(const Reference& reference, const std::string& folder,
                                                                bool with_cache) {
  PLUMB_ASSIGN_OR_RETURN(ConnectionOptions options, OptionsFor(reference.registry));
  registry_ = options.registry;
  const Cache* cache = with_cache ? SharedCache() : nullptr;
  if (settings_.offline) return OfflineFor(reference, registry_, cache);
  InterruptCancels(&cancellation_);
  absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Connect(options);
  if (connection.ok()) {
    (*connection)->RememberIn(cache);
    return connection;
  }
  if (!absl::IsUnavailable(connection.status())) return connection.status();
  std::unique_ptr<Connection> offline = Connection::Offline(registry_);
  offline->RememberIn(cache);
  const bool known = RecallRelease(*offline, reference).ok() || IsReleaseIn(folder, registry_, reference);
  if (!known) return connection.status();
  if (reference.version.empty() && reference.digest_hex.empty()) {
    return WithMend(connection.status(), fmt::format("Use what {} meant when the registry was last asked: --offline",
                                                     RenderReference(reference)));
  }
  output_.Warn(
      fmt::format("{}; {} is taken from what is here", Message(connection.status()), RenderReference(reference)));
  return offline;
}

Cache* Context::SharedCache() {
  if (!cache_opened_) {
    cache_opened_ = true;
    absl::StatusOr<Cache> opened = OpenCache();
    if (opened.ok()) {
      cache_ = *std::move(opened);
    } else {
      output_.Warn(fmt::format("going on without the cache: {}", Message(opened.status())));
    }
  }
  return cache_.has_value() ? &*cache_ : nullptr;
}

absl::StatusOr<std::string> Context::TemporaryFolder() {
  if (!temporary_folder_.empty()) return temporary_folder_;
  std::error_code error;
  std::string name = (std::filesystem::temp_directory_path(error) / "plumb-XXXXXX").string();
  if (error || ::mkdtemp(name.data()) == nullptr) {
    return AsLocalStorage(ErrnoStatus(error ? error.value() : errno, "make a temporary folder " + name));
  }
  temporary_folder_ = name;
  return name;
}

absl::StatusOr<Cache> Context::OpenCache() const {
  if (settings_.cache_folder.empty()) {
    return UsageError(
        "no place for the cache is known; set HOME, "
        "XDG_CACHE_HOME or PLUMB_CACHE");
  }
  absl::StatusOr<Cache> opened = Cache::Open(settings_.cache_folder);
  if (!opened.ok()) return AsLocalStorage(opened.status());
  return opened;
}

Operation Context::LongOperation() {
  InterruptCancels(&cancellation_);
  Operation operation;
  operation.progress = [this](const Progress& progress) { output_.ShowProgress(progress); };
  operation.warning = [this](const std::string& message) { output_.Warn(message); };
  operation.cancellation = &cancellation_;
  return operation;
}

std::string ModelReference(const Reference& reference) {
  return RenderReference({.registry = reference.registry, .model = reference.model});
}

std::string ListCommand(const Reference& reference) {
  bool has_selector = !reference.version.empty() || !reference.tag.empty() || !reference.digest_hex.empty();
  if (has_selector || !reference.registry.empty()) return "plumb list " + ModelReference(reference);
  return fmt::format("plumb list {}/", NamespaceOf(reference.model));
}

absl::StatusOr<v1::Release> ResolveReference(Connection& connection, const Reference& reference) {
  absl::StatusOr<v1::Release> release = Resolve(connection, reference);
  if (absl::IsNotFound(release.status()) && connection.offline()) {
    return WithMend(release.status(), "plumb cache list    says what is here; without --offline the registry is asked");
  }
  if (absl::IsNotFound(release.status())) return ExplainUnknown(connection, reference, release.status());
  return release;
}

}  // namespace plumb::cli
