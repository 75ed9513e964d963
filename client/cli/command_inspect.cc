#include <string>

#include "client/cli/argument.h"
#include "client/cli/command.h"
#include "client/cli/inspect_view.h"
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

absl::StatusOr<Inspection> InspectArgument(Context& context, const InspectFlags& flags) {
  InspectOptions options{.statistics = flags.statistics};
  PLUMB_ASSIGN_OR_RETURN(ArgumentKind kind, KindOfArgument(flags.argument));
  if (kind != ArgumentKind::kReference || flags.statistics) {
    // With statistics all bytes are needed: they are better kept.
    PLUMB_ASSIGN_OR_RETURN(std::string path, PathFor(context, flags.argument));
    return InspectPath(path, options, context.LongOperation());
  }
  PLUMB_ASSIGN_OR_RETURN(NamedRelease named, FindNamedRelease(context, flags.argument));
  PLUMB_ASSIGN_OR_RETURN(StoredManifest stored, GetManifest(*named.connection, named.digest));
  return InspectRelease(*named.connection, stored.manifest, context.LongOperation());
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
