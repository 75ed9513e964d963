#include <filesystem>
#include <string>

#include "client/cli/command.h"
#include "client/cli/inspect_view.h"
#include "client/cli/release_source.h"
#include "client/cli/text.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"
#include "plumb/client/inspect.h"

namespace plumb::cli {
namespace {

struct InspectFlags {
  std::string argument;
  bool tensors = false;
  bool statistics = false;
};

// Whether the argument is something on this machine, rather than a reference.
bool IsPath(const std::string& argument) {
  std::error_code failed;
  return IsFolder(argument) || std::filesystem::exists(argument, failed);
}

absl::StatusOr<Inspection> InspectArgument(Context& context, const InspectFlags& flags) {
  InspectOptions options{.statistics = flags.statistics};
  if (IsPath(flags.argument)) return InspectPath(flags.argument, options, context.LongOperation());
  if (flags.statistics) {
    // All bytes are needed: they are better kept.
    PLUMB_ASSIGN_OR_RETURN(std::string folder, FolderFor(context, flags.argument));
    return InspectPath(folder, options, context.LongOperation());
  }
  PLUMB_ASSIGN_OR_RETURN(Reference reference, ParseReference(flags.argument));
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, context.Connect(reference.registry));
  PLUMB_ASSIGN_OR_RETURN(v1::Release release, ResolveReference(*connection, reference));
  PLUMB_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes(release.digest()));
  PLUMB_ASSIGN_OR_RETURN(StoredManifest stored, GetManifest(*connection, digest));
  return InspectRelease(*connection, stored.manifest, context.LongOperation());
}

absl::Status RunInspect(Context& context, const InspectFlags& flags) {
  absl::StatusOr<Inspection> inspection = InspectArgument(context, flags);
  context.output().ClearProgress();
  PLUMB_RETURN_IF_ERROR(inspection.status());
  bool with_tensors = flags.tensors || flags.statistics;
  if (context.output().json()) {
    context.output().PrintJson(InspectionJson(*inspection, with_tensors));
  } else {
    PrintInspection(context.output(), *inspection, with_tensors);
  }
  uint64_t broken = 0;
  for (const InspectedContainer& container : inspection->containers) broken += container.error.ok() ? 0 : 1;
  if (broken == 0) return absl::OkStatus();
  return WithErrorClass(InvalidArgument(flags.argument + ": " + Count(broken, "container") + " could not be read"),
                        ErrorClass::kPolicy);
}

}  // namespace

void RegisterInspect(Command& root, Action* action) {
  auto flags = std::make_shared<InspectFlags>();
  Command command = AddCommand(root, action, "inspect",
                               "Describe weight containers of any format: tensors, types, "
                               "quantisation, metadata",
                               flags, &RunInspect);
  command.Group(kModelCommands);
  command
      .Argument("FILE|DIR|REF", &flags->argument,
                "A file, a folder, or a reference, of which only the headers are fetched")
      .Required();
  command.Flag("--tensors", &flags->tensors, "Name, type, shape, size and layout of every tensor");
  command.Flag(
      "--stats", &flags->statistics,
      "Also read every tensor: smallest, largest, mean, spread, zeros, NaN and Inf (a reference is pulled into "
      "the cache first)");
  command.Examples(
      "  plumb inspect model.gguf --tensors\n"
      "  plumb inspect ./checkpoint.pt --stats\n"
      "  plumb inspect acme/large@v1 --json\n");
}

}  // namespace plumb::cli
