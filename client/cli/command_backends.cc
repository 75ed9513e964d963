#include <string>
#include <utility>
#include <vector>

#include "client/cli/child_program.h"
#include "client/cli/command.h"
#include "client/cli/json.h"
#include "client/cli/smoke_variants.h"
#include "client/cli/table.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "plumb/inference/self_test.h"

namespace plumb::cli {
namespace {

struct BackendsFlags {
  bool quick = false;
  std::vector<std::string> names;
};

Json RowJson(const Backend& backend, bool quick) {
  const absl::Status available = backend.Available();
  Json json = {{"name", backend.name()},
               {"description", available.ok() ? backend.description() : ""},
               {"available", available.ok()},
               {"detail", std::string(Message(available))},
               {"dtypes", {backend.precision() == Precision::kBF16 ? "bf16" : "f32"}},
               {"variants", Json::array()},
               {"self_test", nullptr},
               {"matmul_gflops", nullptr},
               {"gemv_gflops", nullptr}};
  for (const std::string& variant : backend.variants()) {
    json["variants"].push_back(fmt::format("{}:{}", backend.name(), variant));
  }
  if (!available.ok()) return json;
  const Gate& self_test = SelfTest(backend);
  json["detail"] = self_test.detail;
  json["self_test"] = VerdictName(self_test.verdict);
  if (quick) return json;
  if (absl::StatusOr<Speed> speed = MeasureSpeed(backend); speed.ok()) {
    json["matmul_gflops"] = speed->matmul_gflops;
    json["gemv_gflops"] = speed->gemv_gflops;
  }
  return json;
}

// The row of a backend that wants a process of its own, as such a process prints it.
absl::StatusOr<Json> RowOfChild(Context& context, const Backend& backend, bool quick) {
  std::vector<std::string> arguments = {"backends", "--json", "--backend", std::string(backend.name())};
  if (quick) arguments.emplace_back("--quick");
  PLUMB_ASSIGN_OR_RETURN(ChildOutcome outcome,
                         RunThisProgram(arguments, backend.environment(), context.cancellation()));
  Json printed = Json::parse(outcome.out, nullptr, /*allow_exceptions=*/false);
  if (outcome.signal == 0 && printed.is_object() && printed.contains("backends") && printed["backends"].size() == 1) {
    return printed["backends"][0];
  }
  Json json = RowJson(backend, quick);
  json["self_test"] = VerdictName(Verdict::kFail);
  json["detail"] = fmt::format("the process that tested it was ended by {}", outcome.Ending());
  return json;
}

// All of this build with their variants, or those named.
absl::StatusOr<std::vector<const Backend*>> ChooseBackends(const std::vector<std::string>& names) {
  std::vector<const Backend*> chosen;
  for (const std::string& name : names) {
    PLUMB_ASSIGN_OR_RETURN(chosen.emplace_back(), FindBackend(name));
  }
  if (!names.empty()) return chosen;
  for (const Backend* backend : Backends()) {
    chosen.push_back(backend);
    for (const std::string& variant : backend->variants()) {
      PLUMB_ASSIGN_OR_RETURN(chosen.emplace_back(), backend->Variant(variant));
    }
  }
  return chosen;
}

void AddRow(const Json& row, Table& table) {
  const auto text = [&](const char* key) { return row[key].get<std::string>(); };
  if (row["self_test"].is_null()) {
    table.AddRow({text("name"), "", {"not available", Colour::kYellow}, "", "", text("detail")});
    return;
  }
  const auto speed = [&](const char* key) {
    return row[key].is_number() ? fmt::format("{:.3g} GFLOP/s", row[key].get<double>()) : std::string();
  };
  const bool passed = text("self_test") == VerdictName(Verdict::kPass);
  table.AddRow({text("name"),
                fmt::format("{}", fmt::join(row["dtypes"].get<std::vector<std::string>>(), ", ")),
                {text("self_test"), passed ? Colour::kGreen : Colour::kRed},
                speed("matmul_gflops"),
                speed("gemv_gflops"),
                text("description")});
}

absl::Status RunBackends(Context& context, const BackendsFlags& flags) {
  Output& output = context.output();
  Json json = {{"backends", Json::array()}};
  Table table({{"BACKEND"},
               {.header = "DTYPES", .drop = 2},
               {"SELF-TEST"},
               {"MATMUL", Align::kRight},
               {.header = "GEMV", .align = Align::kRight, .drop = 1},
               {"RUNS ON"}});
  PLUMB_ASSIGN_OR_RETURN(std::vector<const Backend*> chosen, ChooseBackends(flags.names));
  for (const Backend* backend : chosen) {
    Json row;
    if (WantsOwnProcess(*backend)) {
      PLUMB_ASSIGN_OR_RETURN(row, RowOfChild(context, *backend, flags.quick));
    } else {
      row = RowJson(*backend, flags.quick);
    }
    AddRow(row, table);
    if (!row["self_test"].is_null() && !row["detail"].get<std::string>().empty()) {
      output.Warn(fmt::format("{}: {}", backend->name(), row["detail"].get<std::string>()));
    }
    json["backends"].push_back(std::move(row));
  }
  if (output.json()) {
    output.PrintJson(json);
  } else {
    output.PrintTable(table);
  }
  return absl::OkStatus();
}

}  // namespace

void RegisterBackends(Command& root, Action* action) {
  auto flags = std::make_shared<BackendsFlags>();
  Command command = AddCommand(root, action, "backends", "List this machine's ways to compute, tested and measured",
                               flags, &RunBackends);
  command.Group(kMachineCommands);
  command
      .Value("--backend", "LIST", &flags->names,
             "Only these, divided by commas (default: all of this build, with their variants)")
      .DividedByCommas();
  command.Flag("--quick", &flags->quick, "Test them, but do not measure how fast they are");
  command.Examples(
      "  plumb backends\n"
      "  plumb backends --quick --json\n"
      "  plumb backends --backend onednn,onednn:avx2\n"
      "\nDTYPES is what products are computed in. MATMUL is a product of 1024 x 1024 matrices, GEMV one row times a "
      "4096 x 4096 matrix.\n");
}

}  // namespace plumb::cli
