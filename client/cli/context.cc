#include "client/cli/context.h"

#include "client/cli/error_report.h"
#include "client/cli/interrupt.h"
#include "client/cli/reference_advice.h"
#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"
#include "plumb/client/credentials.h"

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

Context::~Context() { InterruptCancels(nullptr); }

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
    PLUMB_ASSIGN_OR_RETURN(options.token, LoadCredential(settings_.credentials_file, options.registry));
  }
  return options;
}

absl::StatusOr<std::unique_ptr<Connection>> Context::Connect(const std::string& registry) {
  PLUMB_ASSIGN_OR_RETURN(ConnectionOptions options, OptionsFor(registry));
  registry_ = options.registry;
  // From here on every wait can be ended.
  InterruptCancels(&cancellation_);
  return Connection::Connect(options);
}

absl::StatusOr<Cache> Context::OpenCache() const {
  if (settings_.cache_folder.empty()) {
    return UsageError(
        "no place for the cache is known; set HOME, "
        "XDG_CACHE_HOME or PLUMB_CACHE");
  }
  return Cache::Open(settings_.cache_folder);
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
  if (absl::IsNotFound(release.status())) return ExplainUnknown(connection, reference, release.status());
  return release;
}

}  // namespace plumb::cli
