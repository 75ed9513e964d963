#include <algorithm>
#include <string>
#include <vector>

#include "client/cli/command.h"
#include "client/cli/error_report.h"
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
  std::vector<std::string> include;
  std::vector<std::string> exclude;
  std::vector<std::string> mirrors;
  uint64_t max_memory = PullOptions().memory_bytes;
  uint64_t max_rate = 0;
  uint64_t streams = PullOptions().parallel;
  bool smoke = false;
  bool no_cache = false;
};

Json PullJson(const PullResult& result, double seconds) {
  return {{"digest", result.digest.ToString()},
          {"bytes", result.bytes},
          {"downloaded_bytes", result.downloaded_bytes},
          {"reused_bytes", result.reused_bytes},
          {"seconds", seconds}};
}

void Print(Output& output, const PullResult& result, const std::string& folder, double seconds) {
  Table table({{""}, {""}});
  table.AddRow({"Pulled", {fmt::format("{}@{}", result.model, result.version), Colour::kBold}});
  table.AddRow({"Into", folder});
  table.AddRow({"Digest", result.digest.ToString()});
  table.AddRow({"Size", fmt::format("{} in {}", FormatBytes(result.bytes), Count(result.files, "file"))});
  table.AddRow(
      {"Downloaded", fmt::format("{}, {} were here already, all verified, in {}", FormatBytes(result.downloaded_bytes),
                                 FormatBytes(result.reused_bytes), FormatSeconds(seconds))});
  output.PrintTable(table);
}

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

absl::Status RunPull(Context& context, const PullFlags& flags) {
  Output& output = context.output();
  PullOptions options;
  PLUMB_ASSIGN_OR_RETURN(options.reference, ParseReferenceArgument(flags.reference));
  const std::string& model = options.reference.model;
  options.folder = flags.folder.empty() ? "./" + model.substr(model.find('/') + 1) : flags.folder;
  options.include = flags.include;
  options.exclude = flags.exclude;
  std::optional<Cache> cache;
  if (!flags.no_cache) {
    PLUMB_ASSIGN_OR_RETURN(cache, context.OpenCache());
    options.cache = &*cache;
  }
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, context.Connect(options.reference.registry));
  options.memory_bytes = flags.max_memory;
  options.bytes_per_second = flags.max_rate;
  options.parallel = static_cast<int>(std::clamp<uint64_t>(flags.streams, 1, 64));
  std::vector<std::unique_ptr<Connection>> mirrors;
  PLUMB_RETURN_IF_ERROR(ConnectMirrors(context, flags, &mirrors, &options));
  double begin = context.environment().seconds();
  std::optional<PullSmoke> smoke;
  if (flags.smoke) options.observer = &smoke.emplace(options.folder);
  absl::StatusOr<PullResult> result = Pull(*connection, options, context.LongOperation());
  std::optional<SmokeReport> checked;
  if (smoke.has_value()) checked = smoke->Finish(result.status());
  if (absl::IsNotFound(result.status())) {
    return ExplainUnknown(*connection, options.reference, result.status());
  }
  PLUMB_RETURN_IF_ERROR(result.status());
  double seconds = context.environment().seconds() - begin;
  if (!output.json()) Print(output, *result, options.folder, seconds);
  if (result->yanked) {
    output.Warn(fmt::format("{}@{} was yanked: {}", result->model, result->version, result->yank_reason));
  }
  Json json = PullJson(*result, seconds);
  absl::Status outcome;
  if (flags.smoke) {
    if (!checked.has_value()) {
      PLUMB_ASSIGN_OR_RETURN(checked, SmokeFolder(options.folder, {}, context.LongOperation()));
    }
    const SmokeReport& report = *checked;
    if (!output.json()) {
      output.PrintText("");
      PrintSmoke(output, report, /*explain=*/false);
    }
    json["smoke"] = SmokeJson(report);
    outcome = SmokeOutcome(output, report, flags.reference);
  }
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
  command.Examples(
      "  plumb pull acme/tiny\n"
      "  plumb pull acme/tiny@step-1000 ./ckpt --include "
      "'*.safetensors' --include config.json\n"
      "  plumb pull models.example.org/acme/tiny:latest --smoke\n"
      "  plumb pull acme/tiny --mirror mirror.example.net --max-rate 20MB\n"
      "\nKilled or cut off, the same command goes on where it "
      "stopped. On a damaged folder it fetches\n"
      "what is damaged, and nothing else.\n");
}

}  // namespace plumb::cli
