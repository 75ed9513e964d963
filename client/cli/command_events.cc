#include <string>

#include "client/cli/command.h"
#include "client/cli/text.h"
#include "client/cli/views.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"

namespace plumb::cli {
namespace {

constexpr uint32_t kPageSize = 1000;

struct EventsFlags {
  uint64_t after = 0;
  bool watch = false;
};

std::string Subject(const v1::Event& event) {
  if (event.kind() == v1::EVENT_KIND_TAG) {
    return fmt::format("{}:{} -> {}", event.model(), event.tag(),
                       event.digest().empty() ? "removed" : event.version() + " " + ShortDigest(event.digest()));
  }
  std::string text = fmt::format("{}@{} {}", event.model(), event.version(), ShortDigest(event.digest()));
  return event.reason().empty() ? text : text + ": " + event.reason();
}

absl::Status Watch(Context& context, uint64_t after) {
  std::unique_ptr<Connection> connection;
  PLUMB_ASSIGN_OR_RETURN(connection, context.Connect(""));
  return WatchEvents(*connection, after, [&](const v1::Event& event) {
    if (context.output().json()) {
      context.output().PrintJsonLine(EventJson(event));
    } else {
      context.output().PrintText(fmt::format("{}  {}  {:7}  {}  {}", event.sequence(), FormatTime(event.time()),
                                             EventName(event.kind()), Sanitise(event.actor()),
                                             Sanitise(Subject(event))));
    }
    return !context.output().closed();
  });
}

absl::Status RunEvents(Context& context, const EventsFlags& flags) {
  if (flags.watch) return Watch(context, flags.after);
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, context.Connect(""));
  Json json = {{"events", Json::array()}};
  Table table({{"EVENT", Align::kRight},
               {"WHEN"},
               {"KIND"},
               {.header = "BY", .fit = Fit::kEnd, .drop = 1, .min = 8},
               {.header = "WHAT", .min = 32}});
  uint64_t after = flags.after;
  uint64_t head = 0;
  do {
    PLUMB_ASSIGN_OR_RETURN(v1::ListEventsResponse page, ListEvents(*connection, after, kPageSize));
    head = page.head_sequence();
    if (page.events().empty()) break;
    for (const v1::Event& event : page.events()) {
      if (context.output().json()) json["events"].push_back(EventJson(event));
      table.AddRow({fmt::to_string(event.sequence()), FormatTime(event.time()), EventName(event.kind()), event.actor(),
                    Subject(event)});
      after = event.sequence();
    }
  } while (after < head);
  json["head_sequence"] = head;
  if (context.output().json()) {
    context.output().PrintJson(json);
  } else {
    context.output().PrintTable(table);
    if (table.empty()) context.output().Note(fmt::format("No event after {}; the newest is {}", flags.after, head));
  }
  return absl::OkStatus();
}

}  // namespace

void RegisterEvents(Command& root, Action* action) {
  auto flags = std::make_shared<EventsFlags>();
  Command command = AddCommand(root, action, "events", "List what happened in a registry", flags, &RunEvents);
  command.Group(kRegistryCommands);
  command.Value("--after", "N", &flags->after, "Only events with a greater number");
  command.Flag("--watch", &flags->watch, "Then wait for new ones; with --json one object a line");
  command.Examples(
      "  plumb events --after 120\n"
      "  plumb events --watch --json\n");
}

}  // namespace plumb::cli
