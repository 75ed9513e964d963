#include "client/cli/model_diff_view.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "client/cli/model_diff_words.h"
#include "client/cli/text.h"
#include "fmt/format.h"
#include "fmt/ranges.h"

namespace plumb::cli {
namespace {

// Columns of a name, so that a line fits 100.
constexpr size_t kNameColumnsMax = 50;
// Tensors listed that are on one side alone.
constexpr size_t kLonesMax = 20;
// Tensors that differ listed one by one; more are grouped as those that do not differ.
constexpr size_t kDifferingMax = 16;

Colour FindingColour(const DiffedPair& pair) {
  if (pair.undecided()) return Colour::kYellow;
  return pair.explained() ? Colour::kDim : Colour::kRed;
}

// Numbers between dots as `*`.
std::string PatternOf(const std::string& name) {
  std::string pattern;
  for (size_t at = 0; at < name.size();) {
    size_t end = at;
    while (end < name.size() && name[end] >= '0' && name[end] <= '9') ++end;
    const std::string_view before = std::string_view(name).substr(0, at);
    const bool starts = before.empty() || before.ends_with('.') || before.ends_with('/') || before.ends_with("._");
    const bool ends = end == name.size() || name[end] == '.' || name[end] == '/';
    if (end > at && starts && ends) {
      pattern += '*';
      at = end;
    } else {
      pattern += name[at++];
    }
  }
  return pattern;
}

// `part 3 of 8` of one expert is as that of another.
std::string LayoutText(const DiffedPair& pair, bool pattern) {
  std::string text;
  for (const std::string& word : pair.layout) {
    const bool part = pattern && word.starts_with("part ");
    text += fmt::format("{}{}", text.empty() ? "" : ", ", part ? "part" + word.substr(word.rfind(" of ")) : word);
  }
  if (pair.by_content) text += text.empty() ? "by its values" : ", by its values";
  return text;
}

// Pairs shown as one entry.
struct Group {
  const DiffedPair* pair = nullptr;
  std::string a_name;
  std::string b_name;
  std::string layout;
  uint64_t count = 0;
  double relative_l2 = 0;  // The largest of each.
  double difference_max = 0;
};

// What a line says beside names and figures.
std::string FindingText(const DiffedPair& pair) { return fmt::format("{}, {}", TypesText(pair), FindingName(pair)); }

bool ListsDiffering(const ModelDiff& diff) {
  return std::count_if(diff.pairs.begin(), diff.pairs.end(),
                       [](const DiffedPair& pair) { return !pair.explained(); }) <= ptrdiff_t{kDifferingMax};
}

std::vector<Group> GroupsOf(const ModelDiff& diff, bool each) {
  const bool list_differing = ListsDiffering(diff);
  std::vector<Group> groups;
  std::map<std::string, size_t> known;
  for (const DiffedPair& pair : diff.pairs) {
    const bool alone = each || (list_differing && !pair.explained());
    Group group{.pair = &pair, .a_name = pair.a.name, .b_name = pair.b.name, .layout = LayoutText(pair, !alone)};
    size_t at = groups.size();
    if (!alone) {
      group.a_name = PatternOf(pair.a.name);
      group.b_name = PatternOf(pair.b.name);
      const std::string key =
          fmt::format("{}\n{}\n{}\n{}", group.a_name, group.b_name, FindingText(pair), group.layout);
      at = known.emplace(key, groups.size()).first->second;
    }
    if (at == groups.size()) groups.push_back(std::move(group));
    Group& into = groups[at];
    ++into.count;
    into.relative_l2 = std::max(into.relative_l2, pair.values.relative_l2);
    into.difference_max = std::max(into.difference_max, pair.values.difference_max);
  }
  for (Group& group : groups) {
    if (group.count != 1) continue;
    group.a_name = group.pair->a.name;
    group.b_name = group.pair->b.name;
  }
  return groups;
}

std::string Number(const DiffedPair& pair, double value) {
  if (!pair.values.measured) return "-";
  return value == 0 ? "0" : fmt::format("{:.2g}", value);
}

void AddGroup(const Group& group, Table* table) {
  const DiffedPair& pair = *group.pair;
  table->AddRow({TruncateFront(Sanitise(group.a_name), kNameColumnsMax),
                 fmt::format("{}", group.count),
                 {FindingText(pair), FindingColour(pair)},
                 Number(pair, group.relative_l2),
                 Number(pair, group.difference_max)});
  if (group.a_name == group.b_name && group.layout.empty()) return;
  table->AddRow({{"  " + TruncateFront(Sanitise(group.b_name), kNameColumnsMax - 2), Colour::kDim},
                 "",
                 {"  " + group.layout, Colour::kDim},
                 "",
                 ""});
}

void PrintSides(Output& output, const ModelDiff& diff) {
  Table table({{""}, {.header = "", .fit = Fit::kMiddle}, {""}, {""}, {""}});
  for (const auto& [name, model] : {std::pair("A", &diff.a), std::pair("B", &diff.b)}) {
    std::string packed;
    for (const Convention& each : model->conventions) {
      packed +=
          fmt::format("{}{} as {}, not unpacked", packed.empty() ? "" : "; ", Count(each.weights, "weight"), each.name);
    }
    table.AddRow({{name, Colour::kBold},
                  model->path,
                  model->format + (model->family.empty() ? "" : ", " + model->family),
                  Count(model->tensor_count, "tensor"),
                  packed});
  }
  output.PrintTable(table);
  output.PrintText("");
}

void PrintLones(Output& output, const std::string& title, const std::vector<DiffedTensor>& tensors, Colour colour) {
  if (tensors.empty()) return;
  output.PrintText("");
  output.PrintText(title, colour);
  for (size_t i = 0; i < std::min(tensors.size(), kLonesMax); ++i) {
    output.PrintText(fmt::format("  {}  {}", tensors[i].name, ShapeText(tensors[i])));
  }
  if (tensors.size() > kLonesMax) {
    output.PrintText(fmt::format("  and {} more (--json has all)", tensors.size() - kLonesMax));
  }
}

void PrintUnread(Output& output, const std::string& title, const std::vector<DiffedUnreadable>& tensors) {
  if (tensors.empty()) return;
  output.PrintText("");
  output.PrintText(title, Colour::kYellow);
  for (size_t i = 0; i < std::min(tensors.size(), kLonesMax); ++i) {
    output.PrintText("  " + UnreadableText(tensors[i].tensor));
  }
  if (tensors.size() > kLonesMax) {
    output.PrintText(fmt::format("  and {} more (--json has all)", tensors.size() - kLonesMax));
  }
}

Json UnreadJson(const std::vector<DiffedUnreadable>& tensors) {
  Json json = Json::array();
  for (const DiffedUnreadable& each : tensors) {
    json.push_back({{"name", each.tensor.name}, {"why", each.tensor.why}, {"other_has", each.other_has}});
  }
  return json;
}

// What else is to say of a pair; empty for most.
std::string RemarkText(const DiffedPair& pair, bool with_place) {
  const ValueComparison& values = pair.values;
  if (pair.shapes_differ) return fmt::format("{}: {}, {}", pair.remark, ShapeText(pair.a), ShapeText(pair.b));
  if (!pair.remark.empty() || pair.explained() || !with_place || !values.measured) return pair.remark;
  const std::string beyond =
      values.beyond_bounds == 0 ? "" : fmt::format(", {} more than {} explains", values.beyond_bounds, TypesText(pair));
  return fmt::format("{} of {} elements differ{}, element {} most", values.different, values.elements, beyond,
                     values.largest_at);
}

void PrintRemarks(Output& output, const ModelDiff& diff) {
  const bool list_differing = ListsDiffering(diff);
  std::vector<std::string> lines;
  for (const DiffedPair& pair : diff.pairs) {
    const std::string remark = RemarkText(pair, list_differing);
    if (remark.empty()) continue;
    std::string line = fmt::format("{}: {}", list_differing ? pair.a.name : PatternOf(pair.a.name), remark);
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(std::move(line));
  }
  if (lines.empty()) return;
  output.PrintText("");
  for (size_t i = 0; i < std::min(lines.size(), kLonesMax); ++i) output.PrintText(lines[i]);
  if (lines.size() > kLonesMax) {
    output.PrintText(fmt::format("and {} more (--json has all)", lines.size() - kLonesMax));
  }
}

Json TensorJson(const DiffedTensor& tensor) {
  return {{"name", tensor.name}, {"dtype", DTypeName(tensor.dtype)}, {"shape", tensor.shape}};
}

Json TensorsJson(const std::vector<DiffedTensor>& tensors) {
  Json json = Json::array();
  for (const DiffedTensor& tensor : tensors) json.push_back(TensorJson(tensor));
  return json;
}

Json NumberJson(double value) { return std::isfinite(value) ? Json(value) : Json(nullptr); }

Json PairJson(const DiffedPair& pair) {
  const ValueComparison& values = pair.values;
  Json json = {{"a", TensorJson(pair.a)},       {"b", TensorJson(pair.b)},       {"role", pair.role},
               {"layout", pair.layout},         {"by_content", pair.by_content}, {"finding", FindingName(pair)},
               {"made_from_other", nullptr},    {"explained", pair.explained()}, {"elements", values.elements},
               {"different_elements", nullptr}, {"beyond_bounds", nullptr},      {"difference_l2", nullptr},
               {"relative_l2", nullptr},        {"difference_max", nullptr},     {"largest_at", nullptr},
               {"remark", pair.remark}};
  if (values.finding == Finding::kRounded || values.finding == Finding::kQuantised) {
    json["made_from_other"] = values.a_is_made ? "a" : "b";
  }
  if (!values.measured) return json;
  json["different_elements"] = values.different;
  if (pair.a.dtype != pair.b.dtype) json["beyond_bounds"] = values.beyond_bounds;
  json["difference_l2"] = NumberJson(values.difference_l2);
  json["relative_l2"] = NumberJson(values.relative_l2);
  json["difference_max"] = NumberJson(values.difference_max);
  if (values.different > 0) json["largest_at"] = values.largest_at;
  return json;
}

Json SideJson(const DiffedModel& model) {
  Json json = {{"path", model.path},
               {"format", model.format},
               {"files", model.files},
               {"family", model.family},
               {"tensor_count", model.tensor_count},
               {"packed", Json::array()}};
  for (const Convention& each : model.conventions) {
    json["packed"].push_back({{"name", each.name}, {"detail", each.detail}, {"weights", each.weights}});
  }
  return json;
}

}  // namespace

void PrintModelDiff(Output& output, const ModelDiff& diff, bool each) {
  PrintSides(output, diff);
  Table table({{.header = "NAME IN A, IN B", .fit = Fit::kFront},
               {.header = "N", .align = Align::kRight, .drop = 2},
               {.header = "TYPES, FINDING", .fit = Fit::kWrap, .min = 16},
               {"REL L2", Align::kRight},
               {.header = "MAX", .align = Align::kRight, .fit = Fit::kWhole, .drop = 1}});
  for (const Group& group : GroupsOf(diff, each)) AddGroup(group, &table);
  output.PrintTable(table);
  PrintRemarks(output, diff);
  PrintLones(output, "Only in A:", diff.only_a, Colour::kRed);
  PrintLones(output, "Only in B:", diff.only_b, Colour::kRed);
  PrintLones(output, "Only in A, not counted:", diff.computed_a, Colour::kDim);
  PrintLones(output, "Only in B, not counted:", diff.computed_b, Colour::kDim);
  PrintUnread(output, "Of A, not read:", diff.unread_a);
  PrintUnread(output, "Of B, not read:", diff.unread_b);
  output.PrintText("");
  const ModelVerdict verdict = diff.verdict();
  output.PrintText(VerdictText(diff), verdict == ModelVerdict::kSame      ? Colour::kGreen
                                      : verdict == ModelVerdict::kDiffers ? Colour::kRed
                                                                          : Colour::kYellow);
}

Json ModelDiffJson(const ModelDiff& diff) {
  Json json = {{"verdict", VerdictName(diff.verdict())},
               {"summary", VerdictText(diff)},
               {"a", SideJson(diff.a)},
               {"b", SideJson(diff.b)},
               {"pairs", Json::array()},
               {"only_a", TensorsJson(diff.only_a)},
               {"only_b", TensorsJson(diff.only_b)},
               {"computed_a", TensorsJson(diff.computed_a)},
               {"computed_b", TensorsJson(diff.computed_b)},
               {"unread_a", UnreadJson(diff.unread_a)},
               {"unread_b", UnreadJson(diff.unread_b)},
               {"identical", diff.identical},
               {"folded", diff.folded},
               {"config_changed", diff.computation.changed},
               {"config_unknown", diff.computation.unknown}};
  for (const DiffedPair& pair : diff.pairs) json["pairs"].push_back(PairJson(pair));
  return json;
}

}  // namespace plumb::cli
