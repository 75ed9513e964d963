#include <string>

#include "client/cli/argument.h"
#include "client/cli/card_view.h"
#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/release_reader.h"
#include "fmt/format.h"
#include "plumb/base/directory.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/client/config_diff.h"
#include "plumb/client/release_folder.h"
#include "plumb/document/card.h"

namespace plumb::cli {
namespace {

constexpr const char* kCardName = "README.md";

struct CardFlags {
  std::string argument;
};

// A folder that was not pulled: its publisher looks at what people will read.
absl::StatusOr<CardText> LocalCard(const std::string& folder) {
  CardText card;
  card.name = folder;
  PLUMB_ASSIGN_OR_RETURN(Directory directory, Directory::OpenFollowingLinks(folder));
  absl::StatusOr<std::string> text = ReadFolderText(directory, kCardName, limits::kCardBytesMax);
  if (absl::IsNotFound(text.status())) return NotFound(fmt::format("{} has no {}", folder, kCardName));
  PLUMB_RETURN_IF_ERROR(text.status());
  card.text = *std::move(text);
  return card;
}

absl::StatusOr<CardText> ReadCard(Context& context, const std::string& argument) {
  PLUMB_ASSIGN_OR_RETURN(ArgumentKind kind, KindOfArgument(argument));
  if (kind == ArgumentKind::kFolder && absl::IsNotFound(ReleaseFolder::Open(argument).status())) {
    return LocalCard(argument);
  }
  PLUMB_ASSIGN_OR_RETURN(ReleaseReader reader, ReleaseReader::Open(context, argument));
  const v1::Manifest& manifest = reader.stored().manifest;
  CardText card;
  card.name = fmt::format("{}@{}", manifest.model(), manifest.version());
  card.manifest = manifest;
  if (FindFile(manifest, kCardName) == nullptr) {
    return WithMend(NotFound(fmt::format("{} has no {}", card.name, kCardName)), "plumb show " + argument);
  }
  PLUMB_ASSIGN_OR_RETURN(card.text, reader.ReadText(context, kCardName, limits::kCardBytesMax));
  return card;
}

absl::Status RunCard(Context& context, const CardFlags& flags) {
  PLUMB_ASSIGN_OR_RETURN(CardText card, ReadCard(context, flags.argument));
  absl::StatusOr<ModelCard> parsed = ParseModelCard(card.text, card.name + "/" + kCardName);
  Output& output = context.output();
  if (!parsed.ok()) {
    // Its facts cannot be told; its text can.
    output.Warn(std::string(Message(parsed.status())));
    parsed = ModelCard();
    parsed->body = card.text;
  }
  if (output.json()) {
    output.PrintJson(CardTextJson(card, *parsed));
  } else {
    PrintCardText(output, card, *parsed);
  }
  return absl::OkStatus();
}

}  // namespace

void RegisterCard(Command& root, Action* action) {
  auto flags = std::make_shared<CardFlags>();
  Command command =
      AddCommand(root, action, "card", "Print a model's card: what its publisher says of it", flags, &RunCard);
  command.Group(kModelCommands);
  command.Argument("REF|DIR", &flags->argument, "A reference, or a folder with a README.md").Required();
  command.Examples(
      "  plumb card acme/tiny\n"
      "  plumb card ./tiny\n"
      "\nThe facts of the front matter come first, then the text, laid out for the terminal. `plumb cat REF README.md` "
      "prints it as it was written.\n");
}

}  // namespace plumb::cli
