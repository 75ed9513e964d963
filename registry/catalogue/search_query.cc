#include "registry/catalogue/search_query.h"

#include <algorithm>
#include <map>
#include <sstream>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr size_t kQueryBytesMax = 1024;
constexpr size_t kQueryWordsMax = 32;

// Other names that people have for the fields below.
constexpr std::pair<std::string_view, std::string_view> kAliases[] = {
    {"pipeline", "task"},      {"pipeline_tag", "task"},  {"library_name", "library"},
    {"base_model", "base"},    {"licence", "license"},    {"tags", "tag"},
    {"label", "tag"},          {"languages", "language"}, {"lang", "language"},
    {"family", "trait"},       {"form", "trait"},         {"by", "publisher"},
    {"quantisation", "trait"}, {"quantization", "trait"}};

// Text in the form in which words are compared. FoldPath is Unicode case folding with
// compatibility forms made one; nothing in it is special to paths.
std::string Fold(std::string_view text) { return FoldPath(text); }

// The folded text of each field of a model.
std::map<std::string, std::string, std::less<>> FieldsOf(const v1::Model& model) {
  const v1::Card& card = model.card();
  auto lines = [](const auto& words) { return Fold(fmt::format("{}", fmt::join(words, "\n"))); };
  // What the card says, and what the files do.
  auto both = [&](const std::string& stated, const auto& found) { return Fold(stated) + "\n" + lines(found); };
  return {{"name", Fold(model.name())},
          {"title", Fold(card.title())},
          {"description", Fold(card.description())},
          {"tag", lines(card.tags())},
          {"language", lines(card.languages())},
          {"task", both(card.pipeline(), model.tasks())},
          {"library", both(card.library(), model.libraries())},
          {"base", both(card.base_model(), model.base_models())},
          {"trait", lines(model.traits())},
          {"license", Fold(model.license())},
          {"kind", lines(model.kinds())},
          {"format", lines(model.formats())},
          {"publisher", lines(model.publishers())}};
}

// The field's own name; empty when there is none.
std::string FieldNamed(std::string_view name) {
  for (const auto& [alias, field] : kAliases) {
    if (alias == name) return std::string(field);
  }
  static const auto* fields = new std::map<std::string, std::string, std::less<>>(FieldsOf(v1::Model()));
  return fields->contains(name) ? std::string(name) : "";
}

}  // namespace

absl::StatusOr<SearchQuery> SearchQuery::Parse(std::string_view text) {
  if (text.size() > kQueryBytesMax) {
    return InvalidArgument(fmt::format("a query has at most {} bytes", kQueryBytesMax));
  }
  SearchQuery query;
  std::istringstream stream{Fold(text)};
  for (std::string word; stream >> word;) {
    Term term{.field = {}, .text = word};
    if (size_t colon = word.find(':'); colon != word.npos && colon + 1 < word.size()) {
      term.field = FieldNamed(word.substr(0, colon));
      if (!term.field.empty()) term.text = word.substr(colon + 1);
    }
    query.terms_.push_back(std::move(term));
  }
  if (query.terms_.empty() || query.terms_.size() > kQueryWordsMax) {
    return InvalidArgument(fmt::format("a query has 1 to {} words, found {}", kQueryWordsMax, query.terms_.size()));
  }
  return query;
}

bool SearchQuery::Matches(const v1::Model& model) const {
  const auto fields = FieldsOf(model);
  return std::all_of(terms_.begin(), terms_.end(), [&](const Term& term) {
    if (!term.field.empty()) return fields.find(term.field)->second.find(term.text) != std::string::npos;
    return std::any_of(fields.begin(), fields.end(),
                       [&](const auto& field) { return field.second.find(term.text) != std::string::npos; });
  });
}

}  // namespace plumb
