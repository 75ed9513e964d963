#include "client/cli/inspect_view.h"

#include <algorithm>
#include <map>
#include <vector>

#include "client/cli/text.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

// Lines of metadata shown to a person.
constexpr size_t kMetadataLinesMax = 12;
constexpr size_t kUnreadableLinesMax = 12;
constexpr size_t kValueColumnsMax = 72;
// Longer lists are shown by their count and their beginning.
constexpr size_t kListItemsMax = 16;

struct TypeSum {
  DType dtype;
  uint64_t tensors = 0;
  uint64_t elements = 0;
  uint64_t bytes = 0;
};

// By bytes, the most first. Tensors that share storage count once each.
std::vector<TypeSum> SumTypes(const InspectedContainer& container) {
  std::map<DType, TypeSum> sums;
  for (const SourceTensor& tensor : container.tensors) {
    TypeSum& sum = sums.try_emplace(tensor.dtype, TypeSum{.dtype = tensor.dtype}).first->second;
    ++sum.tensors;
    sum.elements += tensor.element_count();
    sum.bytes += tensor.size_bytes();
  }
  std::vector<TypeSum> sorted;
  for (const auto& [dtype, sum] : sums) sorted.push_back(sum);
  std::stable_sort(sorted.begin(), sorted.end(), [](const auto& a, const auto& b) { return a.bytes > b.bytes; });
  return sorted;
}

// Names of tensors that share storage, a list for each storage.
std::vector<std::vector<std::string>> SharedNames(const InspectedContainer& container) {
  std::map<uint32_t, std::vector<std::string>> groups;
  for (const SourceTensor& tensor : container.tensors) {
    if (tensor.shared_storage.has_value()) groups[*tensor.shared_storage].push_back(tensor.name);
  }
  std::vector<std::vector<std::string>> names;
  for (auto& [storage, group] : groups) names.push_back(std::move(group));
  return names;
}

template <typename T>
Json ListJson(const std::vector<T>& list) {
  Json first = Json::array();
  for (size_t i = 0; i < std::min(list.size(), kListItemsMax); ++i) first.push_back(T(list[i]));
  if (list.size() <= kListItemsMax) return first;
  return {{"count", list.size()}, {"first", std::move(first)}};
}

struct ValueJson {
  template <typename T>
  Json operator()(const std::vector<T>& list) const {
    return ListJson(list);
  }
  template <typename T>
  Json operator()(const T& value) const {
    return value;
  }
};

std::string ValueText(const MetadataValue& value) {
  Json json = std::visit(ValueJson(), value);
  if (json.is_object()) return fmt::format("list of {}: {}, ...", json["count"].dump(), DumpJson(json["first"], false));
  return json.is_string() ? json.get<std::string>() : DumpJson(json, false);
}

Json StatisticsJson(DType dtype, const TensorStatistics& statistics) {
  Json json = {{"count", statistics.count}, {"min", statistics.min},       {"max", statistics.max},
               {"mean", statistics.mean},   {"std", statistics.deviation}, {"absmax", statistics.absmax()},
               {"zeros", statistics.zeros}, {"nans", statistics.nans},     {"infinities", statistics.infinities}};
  if (IsGgmlBlockDType(dtype)) json["bad_blocks"] = statistics.bad_blocks;
  return json;
}

Json TensorJson(const InspectedContainer& container, size_t index) {
  const SourceTensor& tensor = container.tensors[index];
  Json json = {{"name", tensor.name},       {"dtype", DTypeName(tensor.dtype)}, {"shape", tensor.shape},
               {"strides", tensor.strides}, {"bytes", tensor.size_bytes()},     {"ranges", Json::array()},
               {"shared_storage", nullptr}};
  for (const StoredRange& range : tensor.ranges) {
    json["ranges"].push_back({{"file", container.files[range.file].path}, {"begin", range.begin}, {"end", range.end}});
  }
  if (tensor.shared_storage.has_value()) json["shared_storage"] = *tensor.shared_storage;
  if (container.statistics.empty()) return json;
  json["statistics"] = nullptr;
  if (container.statistics[index].has_value())
    json["statistics"] = StatisticsJson(tensor.dtype, *container.statistics[index]);
  return json;
}

Json ContainerJson(const InspectedContainer& container, bool with_tensors) {
  Json json = {{"path", container.path},
               {"format", container.format},
               {"bytes", container.size_bytes()},
               {"tensor_count", container.tensors.size()},
               {"parameters", container.conventions.parameters},
               {"types", Json::array()},
               {"conventions", Json::array()},
               {"shared", SharedNames(container)},
               {"metadata", Json::object()},
               {"notes", container.notes},
               {"unreadable", Json::array()},
               {"from_manifest", container.from_manifest},
               {"foreign", container.foreign},
               {"error", std::string(Message(container.error))},
               {"files", Json::array()}};
  for (const TypeSum& sum : SumTypes(container)) {
    json["types"].push_back({{"dtype", DTypeName(sum.dtype)},
                             {"tensor_count", sum.tensors},
                             {"elements", sum.elements},
                             {"bytes", sum.bytes}});
  }
  for (const Convention& convention : container.conventions.conventions) {
    json["conventions"].push_back({{"name", convention.name},
                                   {"detail", convention.detail},
                                   {"weights", convention.weights},
                                   {"parameters", convention.parameters}});
  }
  for (const MetadataEntry& entry : container.metadata) {
    json["metadata"][entry.key] = std::visit(ValueJson(), entry.value);
  }
  for (const UnreadableTensor& tensor : container.unreadable) {
    json["unreadable"].push_back({{"name", tensor.name}, {"why", tensor.why}});
  }
  for (const InspectedFile& file : container.files) {
    json["files"].push_back({{"path", file.path}, {"bytes", file.size_bytes}});
  }
  if (!with_tensors) return json;
  json["tensors"] = Json::array();
  for (size_t i = 0; i < container.tensors.size(); ++i) json["tensors"].push_back(TensorJson(container, i));
  return json;
}

void AddMetadata(const InspectedContainer& container, Table* table) {
  const std::vector<MetadataEntry>& entries = container.metadata;
  for (size_t i = 0; i < std::min(entries.size(), kMetadataLinesMax); ++i) {
    std::string value = Truncate(Sanitise(ValueText(entries[i].value)), kValueColumnsMax);
    table->AddRow({i == 0 ? "  Metadata" : "", fmt::format("{} = {}", entries[i].key, value)});
  }
  if (entries.size() > kMetadataLinesMax) {
    table->AddRow(
        {"", {fmt::format("and {} more (--json has all)", entries.size() - kMetadataLinesMax), Colour::kDim}});
  }
}

// `shared 0`, `strides [1, 3]`, both, or nothing.
std::string LayoutText(const SourceTensor& tensor) {
  std::string text;
  if (tensor.shared_storage.has_value()) text = fmt::format("shared {}", *tensor.shared_storage);
  if (!tensor.strides.empty()) {
    text += fmt::format("{}strides [{}]", text.empty() ? "" : ", ", fmt::join(tensor.strides, ", "));
  }
  if (tensor.big_endian) text += text.empty() ? "big-endian" : ", big-endian";
  return text;
}

std::string Figure(double value) { return fmt::format("{:.4g}", value); }

// Zero, when most people do not want to see it.
Cell Rare(uint64_t count) { return count == 0 ? Cell("0", Colour::kDim) : Cell(fmt::to_string(count), Colour::kRed); }

std::vector<Cell> StatisticsCells(const std::optional<TensorStatistics>& statistics) {
  if (!statistics.has_value()) return {"", "", "", "", "", "", "", ""};
  double zeros = statistics->count == 0 ? 0 : 100.0 * statistics->zeros / statistics->count;
  return {Figure(statistics->min),      Figure(statistics->max),
          Figure(statistics->mean),     Figure(statistics->deviation),
          Figure(statistics->absmax()), zeros == 0 ? Cell("0", Colour::kDim) : Cell(fmt::format("{:.3g}%", zeros)),
          Rare(statistics->nans),       Rare(statistics->infinities)};
}

}  // namespace

std::string FormatCount(uint64_t count) {
  if (count < 1'000'000) {
    std::string digits = fmt::to_string(count);
    if (count >= 1000) digits.insert(digits.size() - 3, 1, ',');
    return digits;
  }
  static constexpr const char* kUnits[] = {"M", "B", "T"};
  double value = count / 1e6;
  size_t unit = 0;
  for (; value >= 999.5 && unit < 2; ++unit) value /= 1000;
  return fmt::format("{:.{}f} {}", value, value < 9.995 ? 2 : value < 99.95 ? 1 : 0, kUnits[unit]);
}

Table ContainerTable(const InspectedContainer& container) {
  Table table({{""}, {""}});
  if (!container.error.ok()) {
    table.AddRow({"  Error", {std::string(Message(container.error)), Colour::kRed}});
    return table;
  }
  std::string size = FormatBytes(container.size_bytes());
  if (!container.foreign.empty()) {
    table.AddRow({"  Size", size});
    table.AddRow({"  Not read", {container.foreign, Colour::kYellow}});
    return table;
  }
  const auto stored = std::count_if(container.files.begin(), container.files.end(),
                                    [](const InspectedFile& file) { return !file.unpacked; });
  if (stored > 1) size += fmt::format(" in {}", Count(static_cast<uint64_t>(stored), "file"));
  table.AddRow({"  Size", size});
  std::string tensors = fmt::format("{}, {} parameters", FormatCount(container.tensors.size()),
                                    FormatCount(container.conventions.parameters));
  if (!container.unreadable.empty()) tensors += fmt::format("; {} not read", container.unreadable.size());
  table.AddRow({"  Tensors", tensors});
  std::vector<std::string> types;
  for (const TypeSum& sum : SumTypes(container)) {
    types.push_back(
        fmt::format("{} {} ({})", DTypeName(sum.dtype), FormatBytes(sum.bytes), Count(sum.tensors, "tensor")));
  }
  if (!types.empty()) table.AddRow({"  Types", fmt::format("{}", fmt::join(types, ", "))});
  for (const Convention& convention : container.conventions.conventions) {
    table.AddRow({"  Quantised", fmt::format("{}{}{}: {}, {} parameters", convention.name,
                                             convention.detail.empty() ? "" : ", ", convention.detail,
                                             Count(convention.weights, "weight"), FormatCount(convention.parameters))});
  }
  for (const std::vector<std::string>& names : SharedNames(container)) {
    table.AddRow({"  Shared", fmt::format("{}", fmt::join(names, " = "))});
  }
  AddMetadata(container, &table);
  const size_t named = std::min(container.unreadable.size(), kUnreadableLinesMax);
  for (size_t i = 0; i < named; ++i) {
    table.AddRow({i == 0 ? "  Not read" : "", {UnreadableText(container.unreadable[i]), Colour::kYellow}});
  }
  if (container.unreadable.size() > named) {
    table.AddRow(
        {"", {fmt::format("and {} more (--json has all)", container.unreadable.size() - named), Colour::kDim}});
  }
  for (const std::string& note : container.notes) table.AddRow({"  Note", {note, Colour::kYellow}});
  return table;
}

Table InspectedTensorTable(const InspectedContainer& container) {
  bool layouts = std::any_of(container.tensors.begin(), container.tensors.end(),
                             [](const SourceTensor& tensor) { return !LayoutText(tensor).empty(); });
  bool statistics = !container.statistics.empty();
  std::vector<Column> columns = {{"  TYPE"},
                                 {.header = "SHAPE", .drop = statistics ? 1 : 0},
                                 {.header = "SIZE", .align = Align::kRight, .drop = statistics ? 7 : 0}};
  if (layouts) columns.push_back({.header = "LAYOUT", .drop = 6});
  if (statistics) {
    const std::pair<const char*, int> figures[] = {{"MIN", 0},    {"MAX", 0},   {"MEAN", 3}, {"STD", 2},
                                                   {"ABSMAX", 5}, {"ZEROS", 4}, {"NAN", 0},  {"INF", 0}};
    for (const auto& [name, drop] : figures) {
      columns.push_back({.header = name, .align = Align::kRight, .drop = drop});
    }
  }
  columns.push_back({.header = "TENSOR", .fit = Fit::kFront, .min = 28});
  Table table(columns);
  for (size_t i = 0; i < container.tensors.size(); ++i) {
    const SourceTensor& tensor = container.tensors[i];
    std::vector<Cell> cells = {fmt::format("  {}", DTypeName(tensor.dtype)),
                               fmt::format("[{}]", fmt::join(tensor.shape, ", ")), FormatBytes(tensor.size_bytes())};
    if (layouts) cells.push_back(LayoutText(tensor));
    if (statistics) {
      for (Cell& cell : StatisticsCells(container.statistics[i])) cells.push_back(std::move(cell));
    }
    cells.push_back(tensor.name);
    table.AddRow(std::move(cells));
  }
  return table;
}

Json InspectionJson(const Inspection& inspection, bool with_tensors) {
  Json json = {{"containers", Json::array()},
               {"bytes", inspection.size_bytes},
               {"other_files", inspection.other_files},
               {"received_bytes", inspection.received_bytes}};
  for (const InspectedContainer& container : inspection.containers) {
    json["containers"].push_back(ContainerJson(container, with_tensors));
  }
  return json;
}

void PrintInspection(Output& output, const Inspection& inspection, bool with_tensors) {
  uint64_t parameters = 0;
  for (const InspectedContainer& container : inspection.containers) {
    if (&container != &inspection.containers.front()) output.PrintText("");
    Table title({{""}, {""}});
    title.AddRow({{container.path, Colour::kBold}, {container.format, Colour::kDim}});
    output.PrintTable(title);
    output.PrintTable(ContainerTable(container));
    parameters += container.conventions.parameters;
    if (!with_tensors || container.tensors.empty()) continue;
    output.PrintText("");
    output.PrintTable(InspectedTensorTable(container));
  }
  if (inspection.containers.size() == 1 && inspection.other_files == 0 && inspection.received_bytes == 0) return;
  std::string line =
      inspection.containers.empty()
          ? "No weight containers"
          : fmt::format("{}, {} parameters", Count(inspection.containers.size(), "container"), FormatCount(parameters));
  if (inspection.other_files > 0) line += fmt::format("; {}", Count(inspection.other_files, "other file"));
  if (inspection.received_bytes > 0) {
    line += fmt::format("; read {} of {}", FormatBytes(inspection.received_bytes), FormatBytes(inspection.size_bytes));
  }
  output.Note((inspection.containers.empty() ? "" : "\n") + line + ".");
}

}  // namespace plumb::cli
