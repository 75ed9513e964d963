#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "client/cli/argument.h"
#include "client/cli/command.h"
#include "client/cli/config_view.h"
#include "client/cli/model_diff_view.h"
#include "client/cli/text.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/config_diff.h"
#include "plumb/client/diff.h"
#include "plumb/client/model_diff.h"

namespace plumb::cli {
namespace {

struct DiffFlags {
  std::string a;
  std::string b;
  bool tensors = false;
};

const char* KindText(DiffKind kind) {
  switch (kind) {
    case DiffKind::kAdded:
      return "added";
    case DiffKind::kRemoved:
      return "removed";
    case DiffKind::kChanged:
      return "changed";
  }
  return "";
}

Colour KindColour(DiffKind kind) {
  switch (kind) {
    case DiffKind::kAdded:
      return Colour::kGreen;
    case DiffKind::kRemoved:
      return Colour::kRed;
    case DiffKind::kChanged:
      return Colour::kYellow;
  }
  return Colour::kNone;
}

// Of two folders; of anything else there is no configuration.
absl::StatusOr<std::vector<ConfigChange>> ChangesOfConfigs(const std::string& a_path, const std::string& b_path) {
  std::error_code failed;
  for (const std::string& path : {a_path, b_path}) {
    if (!std::filesystem::is_directory(path, failed)) return std::vector<ConfigChange>();
  }
  PLUMB_ASSIGN_OR_RETURN(TextReader a, FolderTextReader(a_path));
  PLUMB_ASSIGN_OR_RETURN(TextReader b, FolderTextReader(b_path));
  return DiffConfigs(a, b);
}

Json ResultJson(const DiffResult& result, const std::vector<ConfigChange>& configs) {
  Json json = {{"same_files", result.same_files},
               {"same_tensors", result.same_tensors},
               {"config", ConfigJson(configs)},
               {"files", Json::array()},
               {"tensors", Json::array()}};
  for (const FileDiff& file : result.files) {
    json["files"].push_back(
        {{"path", file.path}, {"kind", KindText(file.kind)}, {"a_bytes", file.a_bytes}, {"b_bytes", file.b_bytes}});
  }
  for (const TensorDiff& tensor : result.tensors) {
    Json entry = {{"path", tensor.path},      {"name", tensor.name},     {"kind", KindText(tensor.kind)},
                  {"a_type", tensor.a_type},  {"b_type", tensor.b_type}, {"bytes", tensor.bytes},
                  {"difference_l2", nullptr}, {"relative_l2", nullptr},  {"difference_max", nullptr}};
    if (tensor.has_norm) {
      entry["difference_l2"] = tensor.difference_l2;
      entry["relative_l2"] = tensor.relative_l2;
      entry["difference_max"] = tensor.difference_max;
    }
    json["tensors"].push_back(entry);
  }
  return json;
}

std::string Norm(const TensorDiff& tensor, double value) {
  return tensor.has_norm ? fmt::format("{:.3g}", value) : "-";
}

// Files that are on one side only: their tensors need no lines of their own.
std::set<std::string> OneSided(const DiffResult& result) {
  std::set<std::string> paths;
  for (const FileDiff& file : result.files) {
    if (file.kind != DiffKind::kChanged) paths.insert(file.path);
  }
  return paths;
}

void PrintConfigs(Output& output, const std::vector<ConfigChange>& configs) {
  if (configs.empty()) return;
  output.PrintTable(ConfigTable(configs, "A", "B"));
  output.PrintText("");
}

void Print(Output& output, const DiffResult& result, const std::vector<ConfigChange>& configs) {
  Table files(
      {{"FILES"}, {"SIZE OF A", Align::kRight}, {"SIZE OF B", Align::kRight}, {.header = "", .fit = Fit::kMiddle}});
  for (const FileDiff& file : result.files) {
    files.AddRow({{KindText(file.kind), KindColour(file.kind)},
                  file.kind == DiffKind::kAdded ? "" : FormatBytes(file.a_bytes),
                  file.kind == DiffKind::kRemoved ? "" : FormatBytes(file.b_bytes),
                  file.path});
  }
  output.PrintTable(files);
  Table tensors({{"TENSORS"},
                 {.header = "SIZE", .align = Align::kRight, .drop = 4},
                 {.header = "|B-A|", .align = Align::kRight, .drop = 3},
                 {"|B-A|/|A|", Align::kRight},
                 {.header = "MAX", .align = Align::kRight, .drop = 1},
                 {.header = "TYPE", .drop = 2},
                 {.header = "", .fit = Fit::kFront, .min = 32},
                 {.header = "", .fit = Fit::kMiddle, .drop = 5, .min = 16}});
  std::set<std::string> one_sided = OneSided(result);
  for (const TensorDiff& tensor : result.tensors) {
    if (one_sided.contains(tensor.path)) continue;
    std::string type = tensor.a_type.empty() ? tensor.b_type : tensor.a_type;
    if (tensor.kind == DiffKind::kChanged && tensor.a_type != tensor.b_type) type += " -> " + tensor.b_type;
    tensors.AddRow({{KindText(tensor.kind), KindColour(tensor.kind)},
                    FormatBytes(tensor.bytes),
                    Norm(tensor, tensor.difference_l2),
                    Norm(tensor, tensor.relative_l2),
                    Norm(tensor, tensor.difference_max),
                    type,
                    tensor.name,
                    tensor.path});
  }
  if (!tensors.empty()) output.PrintText("");
  output.PrintTable(tensors);
  if (!result.files.empty()) output.PrintText("");
  PrintConfigs(output, configs);
  output.PrintText(fmt::format("{} and {} differ; {} and {} are the same", Count(result.files.size(), "file"),
                               Count(result.tensors.size(), "tensor"), Count(result.same_files, "file"),
                               Count(result.same_tensors, "tensor")));
}

// Both sides as releases, where they are such and lay their weights out alike.
absl::StatusOr<std::optional<std::pair<ReleaseFolder, ReleaseFolder>>> AsReleases(const std::string& a_path,
                                                                                  const std::string& b_path) {
  std::vector<ReleaseFolder> folders;
  for (const std::string& path : {a_path, b_path}) {
    std::error_code failed;
    if (!std::filesystem::is_directory(path, failed) && std::filesystem::exists(path, failed)) return std::nullopt;
    absl::StatusOr<ReleaseFolder> folder = ReleaseFolder::Open(path);
    // A folder that no pull made.
    if (absl::IsNotFound(folder.status()) && std::filesystem::is_directory(path, failed)) return std::nullopt;
    PLUMB_RETURN_IF_ERROR(folder.status());
    folders.push_back(*std::move(folder));
  }
  if (!HaveSameLayout(folders[0], folders[1])) return std::nullopt;
  return std::pair(std::move(folders[0]), std::move(folders[1]));
}

absl::Status RunDiff(Context& context, const DiffFlags& flags) {
  PLUMB_ASSIGN_OR_RETURN(std::string a_path, PathFor(context, flags.a));
  PLUMB_ASSIGN_OR_RETURN(std::string b_path, PathFor(context, flags.b));
  PLUMB_ASSIGN_OR_RETURN(auto releases, AsReleases(a_path, b_path));
  PLUMB_ASSIGN_OR_RETURN(std::vector<ConfigChange> configs, ChangesOfConfigs(a_path, b_path));
  Output& output = context.output();
  if (releases) {
    PLUMB_ASSIGN_OR_RETURN(DiffResult result, DiffFolders(releases->first, releases->second, context.LongOperation()));
    output.json() ? output.PrintJson(ResultJson(result, configs)) : Print(output, result, configs);
    return absl::OkStatus();
  }
  absl::StatusOr<ModelDiff> diff = DiffModels(a_path, b_path, context.LongOperation());
  output.ClearProgress();
  PLUMB_RETURN_IF_ERROR(diff.status());
  if (output.json()) {
    Json json = ModelDiffJson(*diff);
    json["config"] = ConfigJson(configs);
    output.PrintJson(json);
    return absl::OkStatus();
  }
  PrintConfigs(output, configs);
  PrintModelDiff(output, *diff, flags.tensors);
  return absl::OkStatus();
}

}  // namespace

void RegisterDiff(Command& root, Action* action) {
  auto flags = std::make_shared<DiffFlags>();
  Command command = AddCommand(root, action, "diff",
                               "Say which files and tensors of two releases differ, and how much; whether two models "
                               "of any formats are the same",
                               flags, &RunDiff);
  command.Group(kModelCommands);
  command.Argument("A", &flags->a, "A file, a folder, or a reference").Required();
  command.Argument("B", &flags->b, "The same").Required();
  command.Flag("--tensors", &flags->tensors, "Between formats: a line for every tensor, not for every kind of tensor");
  command.Examples(
      "  plumb diff acme/tiny@step-500 acme/tiny@step-1000\n"
      "  plumb diff ./tiny/model.safetensors tiny-q8_0.gguf\n"
      "  plumb diff ./tiny acme/tiny:latest --json\n"
      "\nReleases named by a reference are pulled into the cache first. Two releases whose weights lie in files of the "
      "same names\nare compared file by file; everything else tensor by tensor, by what the tensors are for. A "
      "difference is a result, not a\nfailure.\n");
}

}  // namespace plumb::cli
