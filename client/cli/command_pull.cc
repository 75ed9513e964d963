#include <algorithm>
#include <string>
#include <vector>

#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/pull_view.h"
#include "client/cli/reference_advice.h"
#include "client/cli/smoke_view.h"
#include "client/cli/text.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/pull.h"
#include "plumb/client/pull_smoke.h"
#include "plumb/client/smoke.h"

namespace plumb::cli {
namespace {

struct PullFlags {
  std::string reference;
  std::string folder;
  std::vector<std::string> files;
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  std::vector<std::string> mirrors;
  uint64_t max_memory = PullOptions().memory_bytes;
  uint64_t max_rate = 0;
  uint64_t streams = PullOptions().parallel;
  bool smoke = false;
  bool no_cache = false;
  bool into = false;
  bool dry_run = false;
};

// Connects to the mirrors that can be reached.
absl::Status ConnectMirrors(Context& context, const PullFlags& flags, std::vector<std::unique_ptr<Connection>>* mirrors,
                            PullOptions* options) {
  for (const std::string& host : flags.mirrors) {
    PLUMB_ASSIGN_OR_RETURN(ConnectionOptions connection_options, context.OptionsFor(host));
    absl::StatusOr<std::unique_ptr<Connection>> mirror = Connection::Connect(connection_options);
    if (!mirror.ok()) {
      context.output().Warn(fmt::format("the mirror {} is left out: {}", host, Message(mirror.status())));
      continue;
    }
    options->mirrors.push_back(mirror->get());
    mirrors->push_back(*std::move(mirror));
  }
  return absl::OkStatus();
}

PullOptions OptionsOf(Context& context, const PullFlags& flags, const Reference& reference) {
  PullOptions options;
  options.reference = reference;
  const std::string& model = reference.model;
  options.folder = flags.folder.empty() ? "./" + model.substr(model.find('/') + 1) : flags.folder;
  options.files = flags.files;
  options.include = flags.include;
  options.exclude = flags.exclude;
  options.replace_foreign = flags.into;
  if (!flags.no_cache) options.cache = context.SharedCache();
  options.memory_bytes = flags.max_memory;
  options.bytes_per_second = flags.max_rate;
  options.parallel = static_cast<int>(std::clamp<uint64_t>(flags.streams, 1, 64));
  return options;
}

// `status`, of a pull, with what helps.
absl::Status WithPullAdvice(const absl::Status& status, const PullFlags& flags, const PullOptions& options,
                            Connection& connection, bool offline) {
  const std::string reference = RenderReference(options.reference);
  if (absl::IsAlreadyExists(status) && ErrorClassOf(status) == ErrorClass::kPolicy) {
    return WithMend(status, fmt::format("plumb pull {} {} --into    (replaces those files), or name an empty folder",
                                        reference, options.folder));
  }
  if (!absl::IsNotFound(status) || ErrorClassOf(status) != ErrorClass::kNone) return status;
  if (connection.offline()) {
    absl::Status missing = WithMend(status, "plumb cache list    says what is here; without --offline it is fetched");
    // It was the network that failed, not the person that asked for too much.
    return offline ? missing : WithMend(Unavailable(std::string(Message(status))), "Try again with a network.");
  }
  if (!flags.include.empty() || !flags.exclude.empty() || !flags.files.empty()) {
    return WithMend(status, "plumb files " + reference);
  }
  return ExplainUnknown(connection, options.reference, status);
}

// Checks the pulled folder, where the check that ran along did not settle it.
absl::Status CheckPulled(Context& context, const PullFlags& flags, const std::string& folder,
                         std::optional<SmokeReport> checked, Json* json) {
  Output& output = context.output();
  if (!checked.has_value()) {
    absl::StatusOr<SmokeReport> report = SmokeFolder(folder, {}, context.LongOperation());
    if (absl::IsNotFound(report.status())) {  // A release with nothing to run was pulled all the same.
      output.Warn(fmt::format("{}: nothing was checked: {}", flags.reference, Message(report.status())));
      (*json)["smoke"] = SmokeJson(SmokeReport());
      return absl::OkStatus();
    }
    PLUMB_RETURN_IF_ERROR(report.status());
    checked = *std::move(report);
  }
  if (!output.json()) {
    output.PrintText("");
    PrintSmoke(output, *checked, /*explain=*/false);
  }
  (*json)["smoke"] = SmokeJson(*checked);
  return SmokeOutcome(output, *checked, flags.reference);
}

absl::Status RunForecast(Context& context, const PullFlags& flags, Connection& connection, const PullOptions& options) {
  absl::StatusOr<PullForecast> forecast = ForecastPull(connection, options, context.LongOperation());
  context.output().ClearProgress();
  if (!forecast.ok()) {
    return WithPullAdvice(forecast.status(), flags, options, connection, context.settings().offline);
  }
  if (context.output().json()) {
    context.output().PrintJson(ForecastJson(*forecast));
  } else {
    PrintForecast(context.output(), *forecast, options.folder);
  }
  return absl::OkStatus();
}

absl::Status RunPull(Context& context, const PullFlags& flags) {
  Output& output = context.output();
  PLUMB_ASSIGN_OR_RETURN(Reference reference, ParseReferenceArgument(flags.reference));
  PullOptions options = OptionsOf(context, flags, reference);
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection,
                         context.ConnectFor(reference, options.folder, !flags.no_cache));
  if (flags.dry_run) return RunForecast(context, flags, *connection, options);
  std::vector<std::unique_ptr<Connection>> mirrors;
  if (!connection->offline()) PLUMB_RETURN_IF_ERROR(ConnectMirrors(context, flags, &mirrors, &options));
  double begin = context.environment().seconds();
  std::optional<PullSmoke> smoke;
  if (flags.smoke) options.observer = &smoke.emplace(options.folder);
  absl::StatusOr<PullResult> result = Pull(*connection, options, context.LongOperation());
  std::optional<SmokeReport> checked;
  if (smoke.has_value()) checked = smoke->Finish(result.status());
  if (!result.ok()) {
    return WithPullAdvice(result.status(), flags, options, *connection, context.settings().offline);
  }
  double seconds = context.environment().seconds() - begin;
  if (!output.json()) PrintPull(output, *result, options.folder, seconds);
  RemarkOnPull(output, *result);
  Json json = PullJson(*result, seconds);
  absl::Status outcome;
  if (flags.smoke) outcome = CheckPulled(context, flags, options.folder, std::move(checked), &json);
  if (output.json()) output.PrintJson(json);
  return outcome;
}

}  // namespace

void RegisterPull(Command& root, Action* action) {
  auto flags = std::make_shared<PullFlags>();
  Command command =
      AddCommand(root, action, "pull", "Fetch a release into a folder, verifying every byte", flags, &RunPull);
  command.Group(kModelCommands);
  command.Argument("REF", &flags->reference, "What to pull; without a version, the tag latest or the newest")
      .Required();
  command.Argument("DIR", &flags->folder, "Where to (default: ./ and the model's name)");
  command.Value("--file", "PATH", &flags->files, "Only this file, by its path; may be given more than once");
  command.Value("--include", "GLOB", &flags->include, "Only files that match; may be given more than once");
  command.Value("--exclude", "GLOB", &flags->exclude, "No files that match; may be given more than once");
  command.Value(
      "--mirror", "HOST", &flags->mirrors,
      "Fetch from this registry as well; may be given more than once. What it sends is verified all the same");
  command.Value("--streams", "N", &flags->streams,
                "Streams at once to each registry (default 2); more help where round trips are long");
  command.Bytes("--max-memory", &flags->max_memory, "What buffers may take, about (default 256MiB)");
  command.Bytes("--max-rate", &flags->max_rate, "Fetch no faster than this a second");
  command.Flag("--smoke", &flags->smoke,
               "Check, as the weights arrive, that the model computes what its publisher recorded");
  command.Flag("--no-cache", &flags->no_cache, "Share nothing with other folders");
  command.Flag("--into,--force", &flags->into, "Replace files in DIR that no pull put there");
  command.Flag("--dry-run", &flags->dry_run, "Say what would be fetched, and change nothing");
  command.Examples(
      "  plumb pull acme/tiny\n"
      "  plumb pull acme/tiny --file config.json\n"
      "  plumb pull acme/large ./large --dry-run\n"
      "  plumb pull acme/tiny@v1 --offline\n"
      "  plumb pull acme/tiny@step-1000 ./ckpt --include "
      "'*.safetensors' --include config.json\n"
      "  plumb pull models.example.org/acme/tiny:latest --smoke\n"
      "  plumb pull acme/tiny --mirror mirror.example.net --max-rate 20MB\n"
      "\nKilled or cut off, the same command goes on where it "
      "stopped. On a damaged folder it fetches\n"
      "what is damaged, and nothing else. Files that no pull put there are not replaced without --into; those of\n"
      "another release that was pulled there before are removed when nobody changed them.\n");
}

}  // namespace plumb::cli
