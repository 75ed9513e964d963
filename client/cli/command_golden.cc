#include <string>
#include <vector>

#include "client/cli/command.h"
#include "client/cli/text.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/smoke.h"

namespace plumb::cli {
namespace {

struct RecordFlags {
  std::string folder;
  SmokeRequest request;
  bool replace = false;
};

absl::Status RunRecord(Context& context, const RecordFlags& flags) {
  PLUMB_ASSIGN_OR_RETURN(std::vector<RecordedGolden> goldens,
                         RecordGoldens(flags.folder, flags.request, flags.replace, context.LongOperation()));
  Output& output = context.output();
  if (output.json()) {
    Json json = {{"goldens", Json::array()}};
    for (const RecordedGolden& golden : goldens) {
      json["goldens"].push_back(
          {{"weights_path", golden.weights_path}, {"golden_path", golden.golden_path}, {"bytes", golden.bytes}});
    }
    output.PrintJson(json);
    return absl::OkStatus();
  }
  Table table({{"SIZE", Align::kRight},
               {.header = "GOLDEN", .fit = Fit::kMiddle},
               {.header = "OF", .fit = Fit::kMiddle, .drop = 1}});
  for (const RecordedGolden& golden : goldens) {
    table.AddRow({FormatBytes(golden.bytes), golden.golden_path, golden.weights_path});
  }
  if (table.empty()) {
    output.PrintText("Every model has a golden already; --replace records them anew");
  } else {
    output.PrintTable(table);
  }
  return absl::OkStatus();
}

}  // namespace

void RegisterGolden(Command& root, Action* action) {
  Command group = root.AddGroup("golden", "Record what a model computes");
  group.Group(kModelCommands);
  group.Examples(
      "  plumb golden record ./tiny\n"
      "  plumb golden record ./tiny --prompt 'To be, or not to be'\n");
  auto flags = std::make_shared<RecordFlags>();
  Command record = AddCommand(group, action, "record",
                              "Compute a golden for every model in a folder, and write it there", flags, &RunRecord);
  record.Group(kCommands);
  record
      .Argument("DIR|FILE", &flags->folder,
                "A folder with config.json beside model.safetensors, or with .gguf or .onnx files; or one such file")
      .Required();
  Option positions = record.Value("--positions", "N", &flags->request.positions,
                                  "Record so many tokens (default 128, or as many as the model has)");
  record
      .Value("--prompt", "TEXT", &flags->request.prompt,
             "Record this text, by the tokenizer beside the config or in the GGUF file, instead of tokens made up")
      .Excludes(positions);
  record.Flag("--replace", &flags->replace, "Replace goldens that are there");
  record.Examples(
      "  plumb golden record ./tiny\n"
      "  plumb golden record ./tiny --prompt 'To be, or not to be' --replace\n"
      "  plumb golden record ./tiny-q4_0.gguf\n"
      "\nThe plain backend `reference` computes them, in double precision. `plumb publish` records what is missing.\n");
}

}  // namespace plumb::cli
