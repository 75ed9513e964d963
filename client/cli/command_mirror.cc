#include <string>
#include <vector>

#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/text.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/mirror.h"

namespace plumb::cli {
namespace {

struct SyncFlags {
  std::string upstream;
  std::vector<std::string> select;
};

absl::Status RunSync(Context& context, const SyncFlags& flags) {
  Output& output = context.output();
  std::string registry = NormaliseRegistry(flags.upstream);
  if (registry == context.settings().registry) {
    return WithMend(UsageError(fmt::format("upstream and target are both {}", registry)),
                    "Name the target with --registry HOST:PORT.");
  }
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> upstream, context.Connect(registry));
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> target, context.Connect(""));
  MirrorOptions options;
  options.select = flags.select;
  PLUMB_ASSIGN_OR_RETURN(MirrorResult result, SyncMirror(*upstream, *target, options, context.LongOperation()));
  if (output.json()) {
    Json failed = Json::array();
    for (const MirrorFailure& failure : result.failed) {
      failed.push_back({{"sequence", failure.event.sequence()},
                        {"model", failure.event.model()},
                        {"version", failure.event.version()},
                        {"error", std::string(Message(failure.status))}});
    }
    output.PrintJson({{"upstream", upstream->registry()},
                      {"registry", target->registry()},
                      {"events", result.events},
                      {"releases", result.releases},
                      {"tags", result.tags},
                      {"yanks", result.yanks},
                      {"copied_chunks", result.copied_chunks},
                      {"copied_bytes", result.copied_bytes},
                      {"sequence", result.sequence},
                      {"failed", failed}});
    return MirrorOutcome(result);
  }
  Table table({{""}, {""}});
  table.AddRow({"Mirrored", {fmt::format("{} -> {}", upstream->registry(), target->registry()), Colour::kBold}});
  table.AddRow({"Copied", fmt::format("{}, {}, {}", Count(result.releases, "release"), Count(result.tags, "tag move"),
                                      Count(result.yanks, "yank"))});
  table.AddRow({"Fetched", fmt::format("{} in {}, all verified", FormatBytes(result.copied_bytes),
                                       Count(result.copied_chunks, "chunk"))});
  table.AddRow({"Up to", fmt::format("event {} of {}", result.sequence, upstream->registry())});
  output.PrintTable(table);
  return MirrorOutcome(result);
}

}  // namespace

void RegisterMirror(Command& root, Action* action) {
  Command group = root.AddGroup("mirror", "Copy another registry into this one");
  group.Group(kRegistryCommands);
  group.Examples("  plumb mirror sync models.example.org --select 'acme/*'\n");
  auto flags = std::make_shared<SyncFlags>();
  Command sync =
      AddCommand(group, action, "sync", "Copy what is new upstream: releases, tags and yanks", flags, &RunSync);
  sync.Group(kCommands);
  sync.Argument("UPSTREAM", &flags->upstream, "Registry to copy from, host[:port]").Required();
  sync.Value("--select", "GLOB", &flags->select, "Only models that match, namespace/name; may be given more than once");
  sync.Examples(
      "  plumb mirror sync models.example.org --registry localhost:7070\n"
      "  plumb mirror sync models.example.org --select 'acme/*'\n"
      "\nThe target is the configured registry; it needs a token with the "
      "scope publish:*. Killed or cut off,\n"
      "the same command goes on where it stopped. A release that cannot be copied is named at the\n"
      "end, with an exit code that is not 0; all others are copied, and the next sync tries it again.\n");
}

}  // namespace plumb::cli
