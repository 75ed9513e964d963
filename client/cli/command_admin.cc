#include <optional>
#include <string>
#include <vector>

#include "client/cli/command.h"
#include "client/cli/command_admin_token.h"
#include "client/cli/error_report.h"
#include "client/cli/text.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "plumb/client/administration.h"

namespace plumb::cli {
namespace {

struct NoFlags {};

struct GcFlags {
  std::optional<uint64_t> grace_seconds;
  bool dry_run = false;
};

struct FsckFlags {
  bool quarantine = false;
};

absl::Status RunStats(Context& context, const NoFlags& /*flags*/) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, context.Connect(""));
  PLUMB_ASSIGN_OR_RETURN(v1::Stats stats, GetStats(*connection));
  if (context.output().json()) {
    context.output().PrintJson({{"releases", stats.releases()},
                                {"files", stats.files()},
                                {"logical_bytes", stats.logical_bytes()},
                                {"stored_bytes", stats.stored_bytes()},
                                {"chunks", stats.chunks()},
                                {"packs", stats.packs()},
                                {"pack_bytes", stats.pack_bytes()}});
    return absl::OkStatus();
  }
  Table table({{""}, {"", Align::kRight}});
  table.AddRow({"Releases", fmt::to_string(stats.releases())});
  table.AddRow({"Files", fmt::to_string(stats.files())});
  table.AddRow({"Published", FormatBytes(stats.logical_bytes())});
  table.AddRow({"Stored", FormatBytes(stats.stored_bytes())});
  table.AddRow({"Chunks", fmt::to_string(stats.chunks())});
  table.AddRow({"Packs", fmt::to_string(stats.packs())});
  table.AddRow({"On disk", FormatBytes(stats.pack_bytes())});
  context.output().PrintTable(table);
  return absl::OkStatus();
}

absl::Status RunGc(Context& context, const GcFlags& flags) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, context.Connect(""));
  v1::CollectGarbageRequest request;
  if (flags.grace_seconds.has_value()) request.set_grace_seconds(*flags.grace_seconds);
  request.set_dry_run(flags.dry_run);
  PLUMB_ASSIGN_OR_RETURN(v1::CollectGarbageResponse result,
                         CollectGarbage(*connection, request, context.LongOperation()));
  if (context.output().json()) {
    context.output().PrintJson({{"dry_run", flags.dry_run},
                                {"examined_chunks", result.examined_chunks()},
                                {"deleted_chunks", result.deleted_chunks()},
                                {"deleted_bytes", result.deleted_bytes()},
                                {"deleted_chunk_lists", result.deleted_chunk_lists()},
                                {"deleted_packs", result.deleted_packs()},
                                {"rewritten_bytes", result.rewritten_bytes()}});
  } else {
    context.output().PrintText(
        fmt::format("{} {} of {} and {}, {}; {}, {} written again", flags.dry_run ? "Would delete" : "Deleted",
                    result.deleted_chunks(), Count(result.examined_chunks(), "chunk"),
                    Count(result.deleted_chunk_lists(), "chunk list"), FormatBytes(result.deleted_bytes()),
                    Count(result.deleted_packs(), "pack"), FormatBytes(result.rewritten_bytes())));
  }
  return absl::OkStatus();
}

absl::Status RunRebuildIndex(Context& context, const NoFlags& /*flags*/) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, context.Connect(""));
  PLUMB_ASSIGN_OR_RETURN(v1::RebuildIndexResponse result, RebuildIndex(*connection, context.LongOperation()));
  if (context.output().json()) {
    context.output().PrintJson({{"read_packs", result.read_packs()},
                                {"added_chunks", result.added_chunks()},
                                {"removed_chunks", result.removed_chunks()}});
  } else {
    context.output().PrintText(fmt::format("Read {}: added {}, removed {}", Count(result.read_packs(), "pack"),
                                           Count(result.added_chunks(), "chunk"),
                                           Count(result.removed_chunks(), "chunk")));
  }
  return absl::OkStatus();
}

Json ProblemJson(const v1::FsckProblem& problem) {
  Json needed_by = Json::array();
  for (const std::string& release : problem.needed_by()) needed_by.push_back(release);
  return {{"kind", problem.kind()},
          {"subject", problem.subject()},
          {"message", problem.message()},
          {"needed_by", needed_by}};
}

absl::Status RunFsck(Context& context, const FsckFlags& flags) {
  Output& output = context.output();
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, context.Connect(""));
  Json problems = Json::array();
  auto on_problem = [&](const v1::FsckProblem& problem) {
    if (output.json()) {
      problems.push_back(ProblemJson(problem));
      return;
    }
    output.PrintText(Sanitise(fmt::format("{} {}: {}", problem.kind(), problem.subject(), problem.message())));
    for (const std::string& release : problem.needed_by()) output.PrintText("  needed by " + Sanitise(release));
  };
  PLUMB_ASSIGN_OR_RETURN(v1::FsckResponse result,
                         Fsck(*connection, flags.quarantine, context.LongOperation(), on_problem));
  if (output.json()) {
    output.PrintJson({{"ok", result.problem_count() == 0},
                      {"checked_chunks", result.checked_chunks()},
                      {"checked_bytes", result.checked_bytes()},
                      {"problems", problems}});
  } else {
    output.PrintText(
        fmt::format("Checked {}, {}: {}", Count(result.checked_chunks(), "chunk"), FormatBytes(result.checked_bytes()),
                    result.problem_count() == 0 ? "all is well" : Count(result.problem_count(), "problem")));
  }
  if (result.problem_count() == 0) return absl::OkStatus();
  absl::Status status = WithErrorClass(
      DataLoss(fmt::format("{}: {} found", connection->registry(), Count(result.problem_count(), "problem"))),
      ErrorClass::kVerification);
  return WithMend(status, flags.quarantine ? "Publish or mirror the releases named above "
                                             "again: only what is missing is sent."
                                           : "plumb admin fsck --quarantine    (then "
                                             "publish or mirror what needs it again)");
}

}  // namespace

void RegisterAdmin(Command& root, Action* action) {
  Command admin = root.AddGroup("admin", "Run a registry: figures, garbage, checks, tokens");
  admin.Group(kRegistryCommands);
  AddCommand(admin, action, "stats", "How much the registry holds", std::make_shared<NoFlags>(), &RunStats)
      .Group(kCommands);
  auto gc_flags = std::make_shared<GcFlags>();
  Command gc = AddCommand(admin, action, "gc", "Delete what no release names", gc_flags, &RunGc);
  gc.Group(kCommands);
  gc.Value("--grace", "SECONDS", &gc_flags->grace_seconds,
           "Spare what was written or asked for within this time (default 1 day)");
  gc.Flag("--dry-run", &gc_flags->dry_run, "Say what would go, and delete nothing");
  auto fsck_flags = std::make_shared<FsckFlags>();
  Command fsck = AddCommand(admin, action, "fsck", "Read and hash everything again", fsck_flags, &RunFsck);
  fsck.Group(kCommands);
  fsck.Flag("--quarantine", &fsck_flags->quarantine, "Move what is damaged aside, so that it can be sent again");
  AddCommand(admin, action, "rebuild-index", "Make the index of chunks anew from the packs",
             std::make_shared<NoFlags>(), &RunRebuildIndex)
      .Group(kCommands);
  RegisterAdminToken(admin, action);
  admin.Examples(
      "  plumb admin stats --json\n"
      "  plumb admin gc --dry-run\n"
      "  plumb admin fsck\n"
      "  plumb admin token create ci --scope publish:acme --lifetime 90\n"
      "\nThe server writes its first admin token to DIR/admin.token: plumb "
      "login --token-file DIR/admin.token\n");
}

}  // namespace plumb::cli
