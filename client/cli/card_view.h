// Model cards as people and programs read them.
#ifndef PLUMB_CLIENT_CLI_CARD_VIEW_H_
#define PLUMB_CLIENT_CLI_CARD_VIEW_H_

#include <optional>
#include <string>

#include "client/cli/json.h"
#include "client/cli/output.h"
#include "client/cli/table.h"
#include "plumb/document/card.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb::cli {

// A card and where it comes from.
struct CardText {
  std::string name;  // `namespace/name@version`, or a folder.
  std::string text;
  // Of the release; absent for a folder that is none.
  std::optional<v1::Manifest> manifest;
};

// `card`, with what the files say themselves where it says nothing.
v1::Card WithFacts(v1::Card card, const v1::ReleaseFacts& facts);

// Task, library, base model, languages and tags: what a card's front matter says, a row for each that is there.
void AddCardFacts(Table* table, const v1::Card& card);

// The facts, then the text.
void PrintCardText(Output& output, const CardText& card, const ModelCard& parsed);
// {"name","license","license_name","license_link","card":{...},"datasets":[...],"body"}
Json CardTextJson(const CardText& card, const ModelCard& parsed);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_CARD_VIEW_H_
