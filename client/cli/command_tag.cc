#include <optional>
#include <string>
#include <vector>

#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/reference_advice.h"
#include "client/cli/text.h"
#include "client/cli/views.h"
#include "fmt/format.h"
#include "plumb/base/names.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"

namespace plumb::cli {
namespace {

struct TagFlags {
  std::string reference;
  std::string tag;
  bool remove = false;
  bool history = false;
  std::optional<uint64_t> expect;
};

absl::Status PrintHistory(Output& output, Connection& connection, const std::string& model, const std::string& tag) {
  PLUMB_ASSIGN_OR_RETURN(std::vector<v1::TagMove> moves, ListTagHistory(connection, model, tag));
  Json json = {{"model", model}, {"tag", tag}, {"moves", Json::array()}};
  Table table({{"REVISION", Align::kRight}, {"WHEN"}, {.header = "BY", .fit = Fit::kEnd, .min = 8}, {"FROM"}, {"TO"}});
  for (const v1::TagMove& move : moves) {
    json["moves"].push_back({{"revision", move.revision()},
                             {"old_digest", DigestText(move.old_digest())},
                             {"new_digest", DigestText(move.new_digest())},
                             {"moved_at", FormatTimeRfc3339(move.moved_at())},
                             {"moved_by", move.moved_by()},
                             {"sequence", move.sequence()}});
    table.AddRow({fmt::to_string(move.revision()), FormatTime(move.moved_at()), move.moved_by(),
                  move.old_digest().empty() ? "-" : ShortDigest(move.old_digest()),
                  move.new_digest().empty() ? "removed" : ShortDigest(move.new_digest())});
  }
  if (output.json()) {
    output.PrintJson(json);
  } else {
    output.PrintTable(table);
    if (moves.empty()) output.Note(fmt::format("{} never had a tag {}", model, tag));
  }
  return absl::OkStatus();
}

absl::Status RunTag(Context& context, const TagFlags& flags) {
  Output& output = context.output();
  PLUMB_ASSIGN_OR_RETURN(Reference reference, ParseReferenceArgument(flags.reference));
  if (absl::Status status = ValidateVersion(flags.tag); !status.ok()) return UsageError(std::string(Message(status)));
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, context.Connect(reference.registry));
  if (flags.history) return PrintHistory(output, *connection, reference.model, flags.tag);
  std::optional<Digest> digest;
  if (!flags.remove) {
    PLUMB_ASSIGN_OR_RETURN(v1::Release release, ResolveReference(*connection, reference));
    PLUMB_ASSIGN_OR_RETURN(digest, Digest::FromBytes(release.digest()));
  }
  absl::StatusOr<v1::Tag> tag = SetTag(*connection, reference.model, flags.tag, digest, flags.expect);
  if (absl::IsAborted(tag.status())) {
    return WithMend(tag.status(), fmt::format("plumb tag --history {} {}", ModelReference(reference), flags.tag));
  }
  if (absl::IsNotFound(tag.status())) {
    return WithMend(tag.status(), fmt::format("plumb list {} --tags", ModelReference(reference)));
  }
  PLUMB_RETURN_IF_ERROR(tag.status());
  if (output.json()) {
    Json json = TagJson(*tag);
    json["model"] = reference.model;
    output.PrintJson(json);
  } else if (flags.remove) {
    output.PrintText(
        fmt::format("Removed the tag {} of {} (revision {})", flags.tag, reference.model, tag->revision()));
  } else {
    output.PrintText(fmt::format("{}:{} is now {} ({}, revision {})", reference.model, flags.tag, tag->version(),
                                 ShortDigest(tag->digest()), tag->revision()));
  }
  return absl::OkStatus();
}

}  // namespace

void RegisterTag(Command& root, Action* action) {
  auto flags = std::make_shared<TagFlags>();
  Command command =
      AddCommand(root, action, "tag", "Point a tag to a release, remove it, or see where it pointed", flags, &RunTag);
  command.Group(kRegistryCommands);
  command.Argument("REF", &flags->reference, "The release; namespace/name with --remove and --history").Required();
  command.Argument("TAG", &flags->tag, "The tag's name").Required();
  Option remove = command.Flag("--remove", &flags->remove, "Remove the tag");
  command.Flag("--history", &flags->history, "Every move of the tag, oldest first").Excludes(remove);
  command.Value("--expect", "REVISION", &flags->expect,
                "Only if the tag is still at this revision (0: does not exist)");
  command.Examples(
      "  plumb tag acme/tiny@v2 latest\n"
      "  plumb tag acme/tiny@v2 stable --expect 3\n"
      "  plumb tag --history acme/tiny latest\n"
      "  plumb tag --remove acme/tiny stable\n");
}

}  // namespace plumb::cli
