#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "client/cli/argument.h"
#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/publish_view.h"
#include "client/cli/reference_advice.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/publish.h"
#include "plumb/manifest/manifest.h"

namespace plumb::cli {
namespace {

struct PublishFlags {
  std::string reference;
  std::string folder;
  std::string kind;
  std::optional<uint64_t> step;
  std::optional<double> loss;
  std::string parent;
  std::string license;
  std::string recipe;
  std::string tag;
  uint64_t max_memory = PublishOptions().memory_bytes;
  uint64_t max_rate = 0;
  uint64_t streams = PublishOptions().parallel;
  std::vector<std::string> exclude;
  std::vector<std::string> include;
  bool dry_run = false;
  bool allow_incomplete = false;
  bool allow_secrets = false;
  bool no_smoke = false;
  bool no_value_check = false;
};

absl::StatusOr<PublishOptions> OptionsOf(const PublishFlags& flags) {
  PublishOptions options;
  PLUMB_ASSIGN_OR_RETURN(options.reference, ParseReferenceArgument(flags.reference));
  if (options.reference.version.empty()) {
    return UsageError(fmt::format("\"{}\" has no version; expected namespace/name@version", flags.reference));
  }
  if (!flags.kind.empty()) {
    std::optional<v1::Kind> kind = ParseKind(flags.kind);
    if (!kind.has_value()) {
      return UsageError(fmt::format("--kind is \"{}\"; expected weights, checkpoint, adapter or recipe", flags.kind));
    }
    options.kind = *kind;
  }
  if (!flags.parent.empty()) {
    PLUMB_ASSIGN_OR_RETURN(options.parent, ParseReferenceArgument(flags.parent));
  }
  options.folder = flags.folder;
  options.step = flags.step;
  options.loss = flags.loss;
  options.license = flags.license;
  options.recipe_file = flags.recipe;
  options.tag = flags.tag;
  options.exclude = flags.exclude;
  options.include = flags.include;
  options.allow_incomplete = flags.allow_incomplete;
  options.allow_secrets = flags.allow_secrets;
  options.smoke = !flags.no_smoke;
  options.watch_values = !flags.no_value_check;
  options.memory_bytes = flags.max_memory;
  options.bytes_per_second = flags.max_rate;
  options.parallel = static_cast<int>(std::clamp<uint64_t>(flags.streams, 1, 64));
  return options;
}

absl::Status WithPublishMend(const absl::Status& status, const Reference& reference, const std::string& folder) {
  if (absl::IsAlreadyExists(status)) {
    return WithMend(status, fmt::format("plumb publish {}@NEW-VERSION {}    (versions are never reused)",
                                        ModelReference(reference), folder));
  }
  return status;
}

absl::Status RunPublish(Context& context, const PublishFlags& flags) {
  PLUMB_ASSIGN_OR_RETURN(PublishOptions options, OptionsOf(flags));
  PLUMB_RETURN_IF_ERROR(RequireFolder(flags.folder, "publish"));
  if (flags.dry_run) {
    PLUMB_ASSIGN_OR_RETURN(PublishPreview preview, PreviewPublish(options, context.LongOperation()));
    PrintPreview(context.output(), preview);
    return absl::OkStatus();
  }
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, context.Connect(options.reference.registry));
  absl::StatusOr<PublishResult> result = Publish(*connection, options, context.LongOperation());
  if (!result.ok()) return WithPublishMend(result.status(), options.reference, flags.folder);
  PrintPublished(context.output(), *result);
  return absl::OkStatus();
}

}  // namespace

void RegisterPublish(Command& root, Action* action) {
  auto flags = std::make_shared<PublishFlags>();
  Command command =
      AddCommand(root, action, "publish", "Check a folder and publish it as a release", flags, &RunPublish);
  command.Alias("push");
  command.Group(kModelCommands);
  command.Argument("REF", &flags->reference, "What to call it: namespace/name@version").Required();
  command
      .Argument("DIR", &flags->folder,
                "The folder with the model's files, which may be a snapshot in a Hugging Face hub cache")
      .Required();
  command.Value("--kind", "KIND", &flags->kind,
                "weights, checkpoint, adapter or recipe (default: checkpoint "
                "with --step, else weights)");
  command.Value("--step", "N", &flags->step, "Optimizer steps taken, for a checkpoint");
  command.Value("--loss", "X", &flags->loss, "Loss at that step, nats per token (default: what the recipe says)");
  command.Value("--parent", "REF", &flags->parent, "The release this one was made from");
  command.Value("--license", "SPDX", &flags->license, "SPDX expression (default: what README.md says)");
  command.Value("--recipe", "FILE", &flags->recipe, "Recipe file (default: recipe.yaml, .yml or .json in DIR)");
  command.Value("--tag", "TAG", &flags->tag, "Tag to point to the new release");
  command.Value("--streams", "N", &flags->streams, "Streams at once (default 2); more help where round trips are long");
  command.Bytes("--max-memory", &flags->max_memory, "What buffers may take, about (default 256MiB)");
  command.Bytes("--max-rate", &flags->max_rate, "Send no faster than this a second");
  command.Value("--exclude", "GLOB", &flags->exclude,
                "Leave out files, as a line of .plumbignore does; may be given again");
  command.Value("--include", "GLOB", &flags->include, "Publish only files that match; may be given again");
  command.Flag("--dry-run", &flags->dry_run, "Check everything and show what would be published; no registry is asked");
  command.Flag("--allow-incomplete", &flags->allow_incomplete,
               "Publish pointers, cut files and sets that lack some, with a warning");
  command.Flag("--allow-secrets", &flags->allow_secrets, "Publish files that hold keys or tokens, with a warning");
  command.Flag("--no-smoke", &flags->no_smoke, "Record no smoke case and do not try the ones that are given");
  command.Flag("--no-value-check", &flags->no_value_check,
               "Do not look for NaN, Inf, zeros, duplicates and outliers in the tensors");
  command.Examples(
      "  plumb publish acme/tiny@v1 ./tiny --license Apache-2.0 --tag latest\n"
      "  plumb publish acme/tiny@step-1000 ./ckpt --kind checkpoint --step "
      "1000 --parent acme/tiny@step-500\n"
      "  plumb publish acme/tiny@v1 ./tiny --dry-run --exclude 'runs/'\n"
      "\nKilled or cut off, the same command goes on where it stopped.\n");
}

}  // namespace plumb::cli
