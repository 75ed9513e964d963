#include "client/cli/publish_view.h"

#include <algorithm>
#include <string>
#include <vector>

#include "client/cli/text.h"
#include "client/cli/views.h"
#include "fmt/format.h"
#include "plumb/manifest/manifest.h"

namespace plumb::cli {
namespace {

// Paths in the one line that says what was left out.
constexpr size_t kLeftOutMax = 5;

std::string LeftOutLine(const std::vector<std::string>& left_out) {
  std::string line = "Left out: ";
  for (size_t i = 0; i < std::min(left_out.size(), kLeftOutMax); ++i) {
    line += fmt::format("{}{}", i == 0 ? "" : ", ", Sanitise(left_out[i]));
  }
  if (left_out.size() > kLeftOutMax) line += fmt::format(" and {} more", left_out.size() - kLeftOutMax);
  return line;
}

std::string Title(const std::string& model, const std::string& version) { return fmt::format("{}@{}", model, version); }

}  // namespace

void PrintPublished(Output& output, const PublishResult& result) {
  if (output.json()) {
    output.PrintJson({{"model", result.model},
                      {"version", result.version},
                      {"digest", result.digest.ToString()},
                      {"bytes", result.bytes},
                      {"new_chunks", result.new_chunks},
                      {"uploaded_bytes", result.uploaded_bytes},
                      {"kind", KindName(result.manifest.kind())},
                      {"facts", FactsJson(result.manifest.facts())},
                      {"left_out", result.left_out}});
    return;
  }
  Table table({{""}, {""}});
  table.AddRow({result.existed ? "Unchanged" : "Published", {Title(result.model, result.version), Colour::kBold}});
  table.AddRow({"Kind", DescribeKind(result.manifest)});
  table.AddRow({"Digest", result.digest.ToString()});
  table.AddRow({"Size", FormatBytes(result.bytes)});
  table.AddRow(
      {"Uploaded", fmt::format("{} in {}", FormatBytes(result.uploaded_bytes), Count(result.new_chunks, "new chunk"))});
  output.PrintTable(table);
  if (!result.left_out.empty()) output.Note(LeftOutLine(result.left_out));
  if (result.existed) output.Note("This very release was there already.");
}

void PrintPreview(Output& output, const PublishPreview& preview) {
  const v1::Manifest& manifest = preview.manifest;
  if (output.json()) {
    Json files = Json::array();
    for (const v1::File& file : manifest.files()) {
      files.push_back({{"path", file.path()},
                       {"bytes", file.size_bytes()},
                       {"tensor_count", file.tensors_size()},
                       {"generated", file.generated()}});
    }
    output.PrintJson({{"dry_run", true},
                      {"model", manifest.model()},
                      {"version", manifest.version()},
                      {"kind", KindName(manifest.kind())},
                      {"facts", FactsJson(manifest.facts())},
                      {"license", manifest.license()},
                      {"bytes", TotalBytes(manifest)},
                      {"files", std::move(files)},
                      {"left_out", preview.left_out}});
    return;
  }
  Table files({{"SIZE", Align::kRight}, {.header = "FILE", .fit = Fit::kMiddle}, {.header = "", .drop = 1}});
  for (const v1::File& file : manifest.files()) {
    files.AddRow({FormatBytes(file.size_bytes()), file.path(), file.generated() ? "(made by plumb)" : ""});
  }
  output.PrintTable(files);
  Table table({{""}, {""}});
  table.AddRow({"Would be", {Title(manifest.model(), manifest.version()), Colour::kBold}});
  table.AddRow({"Kind", DescribeKind(manifest)});
  table.AddRow({"Licence", manifest.license().empty() ? "none stated" : manifest.license()});
  table.AddRow({"Size", fmt::format("{} in {}", FormatBytes(TotalBytes(manifest)),
                                    Count(static_cast<uint64_t>(manifest.files_size()), "file"))});
  output.PrintTable(table);
  for (const std::string& path : preview.left_out) output.PrintText(fmt::format("left out: {}", path));
  output.Note("Nothing was published.");
}

}  // namespace plumb::cli
