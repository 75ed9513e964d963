#include <iterator>
#include <sstream>
#include <string>
#include <vector>

#include "client/cli/command.h"
#include "client/cli/model_table.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"

namespace plumb::cli {
namespace {

struct SearchFlags {
  std::vector<std::string> words;
};

absl::Status RunSearch(Context& context, const SearchFlags& flags) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, context.Connect(""));
  std::string query = fmt::format("{}", fmt::join(flags.words, " "));
  PLUMB_ASSIGN_OR_RETURN(std::vector<v1::Model> models, SearchModels(*connection, query));
  std::istringstream stream(query);
  const std::vector<std::string> words{std::istream_iterator<std::string>(stream), {}};
  PrintModels(context.output(), models, words);
  if (models.empty()) context.output().Note(fmt::format("Nothing matches \"{}\"", query));
  return absl::OkStatus();
}

}  // namespace

void RegisterSearch(Command& root, Action* action) {
  auto flags = std::make_shared<SearchFlags>();
  Command command = AddCommand(root, action, "search", "Find models by name, card, task, library, licence, format...",
                               flags, &RunSearch);
  command.Group(kRegistryCommands);
  command.Argument("WORDS", &flags->words, "Words that must all occur; field:word looks in one field").Required();
  command.Examples(
      "  plumb search shakespeare gpt2\n"
      "  plumb search task:text-generation format:gguf license:apache\n"
      "\nFields: name, title, description, tag, language, task, library, base, license,\n"
      "kind, format, publisher.\n");
}

}  // namespace plumb::cli
