#include "plumb/document/card.h"

#include <initializer_list>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "formats/document/markdown.h"
#include "formats/document/tree.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

struct Split {
  std::optional<std::string_view> front_matter;
  std::string_view body;
};

// `line` without what is not seen at its end.
std::string_view WithoutEnd(std::string_view line) {
  while (!line.empty() && (line.back() == ' ' || line.back() == '\t')) line.remove_suffix(1);
  return line;
}

// Front matter is what stands between a line `---`, before which only blank lines may stand, and the next line `---` or
// `...`. A file that opens with `---` and never closes it has none: the line is Markdown's horizontal rule.
Split SplitFrontMatter(std::string_view text) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  std::string_view rest = text;
  std::string_view first;
  while (!rest.empty() && first.empty()) first = Trim(TakeLine(&rest));
  if (first != "---") return {std::nullopt, text};
  const char* begin = rest.data();
  while (!rest.empty()) {
    const char* line_begin = rest.data();
    const std::string_view line = WithoutEnd(TakeLine(&rest));
    if (line == "---" || line == "...") return {std::string_view(begin, line_begin - begin), rest};
  }
  return {std::nullopt, text};
}

// The text, or texts, under `key`; none when it is absent or null.
absl::StatusOr<std::vector<std::string>> Texts(const Tree& front_matter, std::string_view key, std::string_view name) {
  std::vector<std::string> texts;
  const Tree* value = front_matter.Find(key);
  if (value == nullptr || value->kind == Tree::Kind::kNull) return texts;
  if (value->kind == Tree::Kind::kScalar) return std::vector<std::string>{value->scalar};
  const bool is_list = value->kind == Tree::Kind::kList;
  for (const Tree& item : value->items) {
    if (!is_list || item.kind != Tree::Kind::kScalar) break;
    texts.push_back(item.scalar);
  }
  if (!is_list || texts.size() != value->items.size()) {
    return InvalidArgument(fmt::format("{}: `{}` must be text or a list of text", name, key));
  }
  return texts;
}

// Reads one key into one string, several texts joined by `separator`.
absl::Status ReadJoined(const Tree& front_matter, std::string_view key, std::string_view separator,
                        std::string_view name, std::string* out) {
  PLUMB_ASSIGN_OR_RETURN(const std::vector<std::string> texts, Texts(front_matter, key, name));
  *out = fmt::format("{}", fmt::join(texts, separator));
  return absl::OkStatus();
}

// Spellings of `license` that no hub reads.
void NoteMisspelling(const Tree& tree, std::string_view name, ModelCard* out) {
  if (!out->license.empty()) return;
  for (const char* spelling : {"licence", "License", "Licence", "LICENSE", "licenses"}) {
    if (tree.Find(spelling) == nullptr) continue;
    out->notes.push_back(fmt::format("{} says `{}`, which is not read; write `license`", name, spelling));
  }
}

absl::Status ReadFrontMatter(const Tree& tree, std::string_view name, ModelCard* out) {
  const struct {
    std::string_view key, separator;
    std::string* target;
  } joined[] = {
      {"license", " AND ", &out->license},
      {"license_name", ", ", &out->license_name},
      {"license_link", ", ", &out->license_link},
      {"library_name", ", ", out->card.mutable_library()},
      {"pipeline_tag", ", ", out->card.mutable_pipeline()},
      {"base_model", ", ", out->card.mutable_base_model()},
  };
  for (const auto& row : joined) PLUMB_RETURN_IF_ERROR(ReadJoined(tree, row.key, row.separator, name, row.target));
  PLUMB_ASSIGN_OR_RETURN(out->base_models, Texts(tree, "base_model", name));
  PLUMB_RETURN_IF_ERROR(ReadJoined(tree, "base_model_relation", ", ", name, &out->base_model_relation));
  PLUMB_ASSIGN_OR_RETURN(out->datasets, Texts(tree, "datasets", name));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<std::string> tags, Texts(tree, "tags", name));
  PLUMB_ASSIGN_OR_RETURN(const std::vector<std::string> languages, Texts(tree, "language", name));
  NoteMisspelling(tree, name, out);
  for (const char* key : {"dataset_info", "task_categories", "size_categories", "annotations_creators", "configs"}) {
    if (tree.Find(key) != nullptr) out->describes_dataset = true;
  }
  out->card.mutable_tags()->Assign(tags.begin(), tags.end());
  out->card.mutable_languages()->Assign(languages.begin(), languages.end());
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<ModelCard> ParseModelCard(std::string_view text, std::string_view name) {
  if (text.size() > limits::kCardBytesMax) {
    return InvalidArgument(
        fmt::format("{} has {} bytes; expected at most {}", name, text.size(), limits::kCardBytesMax));
  }
  if (!IsValidUtf8(text)) return InvalidArgument(fmt::format("{} is not valid UTF-8", name));
  ModelCard card;
  const Split split = SplitFrontMatter(text);
  if (split.front_matter.has_value()) {
    if (split.front_matter->size() > limits::kFrontMatterBytesMax) {
      return InvalidArgument(fmt::format("{}: the front matter has {} bytes; expected at most {}", name,
                                         split.front_matter->size(), limits::kFrontMatterBytesMax));
    }
    PLUMB_ASSIGN_OR_RETURN(
        const Tree tree,
        ParseYamlTree(*split.front_matter, fmt::format("{}: the front matter", name), YamlAliases::kToText));
    if (tree.kind != Tree::Kind::kMap && tree.kind != Tree::Kind::kNull) {
      return InvalidArgument(fmt::format("{}: the front matter must be a map of keys to values", name));
    }
    PLUMB_RETURN_IF_ERROR(ReadFrontMatter(tree, name, &card));
    card.has_front_matter = true;
  }
  card.body = std::string(split.body);
  MarkdownSummary summary = SummariseMarkdown(split.body, kCardDescriptionBytes);
  card.card.set_title(std::move(summary.title));
  card.card.set_description(std::move(summary.description));
  return card;
}

}  // namespace plumb
