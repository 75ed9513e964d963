#include <optional>
#include <string>

#include "client/cli/command.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/inference/self_test.h"

namespace plumb::cli {
namespace {

struct BackendsFlags {
  bool quick = false;
};

struct Row {
  const Backend* backend = nullptr;
  absl::Status available;
  std::optional<Gate> self_test;
  std::optional<Speed> speed;
};

Row Examine(const Backend& backend, bool quick) {
  Row row = {.backend = &backend, .available = backend.Available(), .self_test = {}, .speed = {}};
  if (!row.available.ok()) return row;
  row.self_test = SelfTest(backend);
  if (quick) return row;
  if (absl::StatusOr<Speed> speed = MeasureSpeed(backend); speed.ok()) row.speed = *speed;
  return row;
}

Json RowJson(const Row& row) {
  Json json = {{"name", row.backend->name()},
               {"description", row.available.ok() ? row.backend->description() : ""},
               {"available", row.available.ok()},
               {"detail", row.available.ok() ? row.self_test->detail : std::string(Message(row.available))},
               {"dtypes", {"f32"}},
               {"self_test", nullptr},
               {"matmul_gflops", nullptr},
               {"gemv_gflops", nullptr}};
  if (row.self_test) json["self_test"] = VerdictName(row.self_test->verdict);
  if (row.speed) {
    json["matmul_gflops"] = row.speed->matmul_gflops;
    json["gemv_gflops"] = row.speed->gemv_gflops;
  }
  return json;
}

absl::Status RunBackends(Context& context, const BackendsFlags& flags) {
  Output& output = context.output();
  Json json = {{"backends", Json::array()}};
  Table table(
      {{"BACKEND"}, {"DTYPES"}, {"SELF-TEST"}, {"MATMUL", Align::kRight}, {"GEMV", Align::kRight}, {"RUNS ON"}});
  for (const Backend* backend : Backends()) {
    const Row row = Examine(*backend, flags.quick);
    json["backends"].push_back(RowJson(row));
    if (!row.available.ok()) {
      table.AddRow({std::string(backend->name()),
                    "",
                    {"not available", Colour::kYellow},
                    "",
                    "",
                    std::string(Message(row.available))});
      continue;
    }
    auto speed = [&](double gflops) { return row.speed ? fmt::format("{:.3g} GFLOP/s", gflops) : std::string(); };
    const bool passed = row.self_test->verdict == Verdict::kPass;
    table.AddRow({std::string(backend->name()),
                  "f32",
                  {std::string(VerdictName(row.self_test->verdict)), passed ? Colour::kGreen : Colour::kRed},
                  speed(row.speed ? row.speed->matmul_gflops : 0),
                  speed(row.speed ? row.speed->gemv_gflops : 0),
                  row.backend->description()});
    if (!row.self_test->detail.empty()) output.Warn(fmt::format("{}: {}", backend->name(), row.self_test->detail));
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
  command.Flag("--quick", &flags->quick, "Test them, but do not measure how fast they are");
  command.Examples(
      "  plumb backends\n"
      "  plumb backends --quick --json\n"
      "\nMATMUL is a product of 1024 x 1024 matrices, GEMV one row times a 4096 x 4096 matrix.\n");
}

}  // namespace plumb::cli
