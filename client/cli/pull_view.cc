#include "client/cli/pull_view.h"

#include <algorithm>
#include <vector>

#include "client/cli/table.h"
#include "client/cli/text.h"
#include "fmt/format.h"
#include "plumb/policy/licence_summary.h"

namespace plumb::cli {
namespace {

// Files named in one remark.
constexpr size_t kNamedFilesMax = 10;

std::string Names(const std::vector<std::string>& paths) {
  std::string names;
  for (size_t i = 0; i < std::min(paths.size(), kNamedFilesMax); ++i) names += (i == 0 ? "" : ", ") + paths[i];
  if (paths.size() > kNamedFilesMax) names += fmt::format(", and {} more", paths.size() - kNamedFilesMax);
  return names;
}

const char* SourceName(PullForecast::Source source) {
  switch (source) {
    case PullForecast::Source::kHere:
      return "here";
    case PullForecast::Source::kLocal:
      return "local";
    case PullForecast::Source::kFetch:
      return "fetch";
  }
  return "";
}

}  // namespace

Json PullJson(const PullResult& result, double seconds) {
  return {{"model", result.model},
          {"version", result.version},
          {"digest", result.digest.ToString()},
          {"license", result.license},
          {"bytes", result.bytes},
          {"downloaded_bytes", result.downloaded_bytes},
          {"reused_bytes", result.reused_bytes},
          {"files", result.files},
          {"removed", result.removed},
          {"kept", result.kept},
          {"seconds", seconds}};
}

void PrintPull(Output& output, const PullResult& result, const std::string& folder, double seconds) {
  Table table({{""}, {""}});
  table.AddRow({"Pulled", {fmt::format("{}@{}", result.model, result.version), Colour::kBold}});
  table.AddRow({"Into", folder});
  table.AddRow({"Digest", result.digest.ToString()});
  table.AddRow({"Licence", LicenceSummary(result.license)});
  table.AddRow({"Size", fmt::format("{} in {}", FormatBytes(result.bytes), Count(result.files, "file"))});
  table.AddRow(
      {"Downloaded", fmt::format("{}, {} were here already, all verified, in {}", FormatBytes(result.downloaded_bytes),
                                 FormatBytes(result.reused_bytes), FormatSeconds(seconds))});
  output.PrintTable(table);
}

Json ForecastJson(const PullForecast& forecast) {
  Json json = {{"dry_run", true},
               {"model", forecast.model},
               {"version", forecast.version},
               {"digest", forecast.digest.ToString()},
               {"license", forecast.license},
               {"bytes", forecast.bytes},
               {"fetch_bytes", forecast.fetch_bytes},
               {"reused_bytes", forecast.bytes - forecast.fetch_bytes},
               {"disk_bytes", forecast.disk_bytes},
               {"free_bytes", nullptr},
               {"files", Json::array()},
               {"would_remove", forecast.would_remove},
               {"in_the_way", forecast.in_the_way},
               {"yanked", forecast.yanked}};
  if (forecast.free_bytes.has_value()) json["free_bytes"] = *forecast.free_bytes;
  for (const PullForecast::File& file : forecast.files) {
    json["files"].push_back({{"path", file.path},
                             {"bytes", file.bytes},
                             {"fetch_bytes", file.fetch_bytes},
                             {"source", SourceName(file.source)}});
  }
  return json;
}

void PrintForecast(Output& output, const PullForecast& forecast, const std::string& folder) {
  Table files({{""}, {"SIZE", Align::kRight}, {"FETCH", Align::kRight}, {.header = "FILE", .fit = Fit::kMiddle}});
  for (const PullForecast::File& file : forecast.files) {
    files.AddRow({SourceName(file.source), FormatBytes(file.bytes),
                  file.fetch_bytes > 0 ? FormatBytes(file.fetch_bytes) : "", file.path});
  }
  output.PrintTable(files);
  output.PrintText("");
  Table table({{""}, {""}});
  table.AddRow({"Would pull", {fmt::format("{}@{}", forecast.model, forecast.version), Colour::kBold}});
  table.AddRow({"Into", folder});
  table.AddRow({"Digest", forecast.digest.ToString()});
  table.AddRow({"Licence", LicenceSummary(forecast.license)});
  table.AddRow({"Size", fmt::format("{} in {}", FormatBytes(forecast.bytes), Count(forecast.files.size(), "file"))});
  table.AddRow({"To fetch", fmt::format("{}, or less: it comes compressed", FormatBytes(forecast.fetch_bytes))});
  table.AddRow({"Disk", forecast.free_bytes.has_value()
                            ? fmt::format("{} needed, {} free", FormatBytes(forecast.disk_bytes),
                                          FormatBytes(*forecast.free_bytes))
                            : fmt::format("{} needed", FormatBytes(forecast.disk_bytes))});
  output.PrintTable(table);
  if (forecast.free_bytes.has_value() && *forecast.free_bytes < forecast.disk_bytes) {
    output.Warn(fmt::format("there is no room for it in {}", folder));
  }
  if (!forecast.in_the_way.empty()) {
    output.Warn(
        fmt::format("in the way, so that the pull would be refused without --into: {}", Names(forecast.in_the_way)));
  }
  if (!forecast.would_remove.empty()) {
    output.Note(fmt::format("Files of the release that stands there would be removed, if nobody changed them: {}",
                            Names(forecast.would_remove)));
  }
  if (forecast.yanked) {
    output.Warn(fmt::format("{}@{} was yanked: {}", forecast.model, forecast.version, forecast.yank_reason));
  }
}

void RemarkOnPull(Output& output, const PullResult& result) {
  if (result.yanked) {
    output.Warn(fmt::format("{}@{} was yanked: {}", result.model, result.version, result.yank_reason));
  }
  if (!result.removed.empty()) {
    output.Note(fmt::format("Removed {} of the release that stood there before: {}",
                            Count(result.removed.size(), "file"), Names(result.removed)));
  }
  if (!result.kept.empty()) {
    output.Warn(fmt::format("{} of the release that stood there before changed since and stayed: {}",
                            Count(result.kept.size(), "file"), Names(result.kept)));
  }
}

}  // namespace plumb::cli
