#include <algorithm>
#include <string>

#include "client/cli/argument.h"
#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/text.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/release_folder.h"

namespace plumb::cli {
namespace {

constexpr size_t kRangesShown = 8;
constexpr size_t kExtraShown = 10;

struct VerifyFlags {
  std::string folder;
  bool sha256 = false;
};

Json ResultJson(const VerifyResult& result) {
  Json json = {{"ok", result.ok}, {"files", Json::array()}, {"extra", result.extra}};
  for (const FileVerdict& file : result.files) {
    Json ranges = Json::array();
    for (const auto& [begin, end] : file.bad_ranges) ranges.push_back(Json::array({begin, end}));
    json["files"].push_back({{"path", file.path}, {"ok", file.ok}, {"bad_ranges", ranges}});
  }
  return json;
}

// The ranges say more than the message, where there are any.
std::string Detail(const FileVerdict& file) {
  if (!file.present) return "";
  if (file.bad_ranges.empty()) return file.message;
  std::string ranges;
  for (size_t i = 0; i < file.bad_ranges.size() && i < kRangesShown; ++i) {
    ranges += fmt::format("{}{}-{}", i == 0 ? "" : ", ", file.bad_ranges[i].first, file.bad_ranges[i].second);
  }
  if (file.bad_ranges.size() > kRangesShown) ranges += fmt::format(", {} more", file.bad_ranges.size() - kRangesShown);
  return "bytes " + ranges;
}

void Print(Output& output, const VerifyResult& result) {
  Table table({{""}, {.header = "FILE", .fit = Fit::kMiddle, .min = 32}, {result.ok ? "" : "WRONG"}});
  for (const FileVerdict& file : result.files) {
    Cell verdict = file.ok ? Cell("ok", Colour::kGreen) : Cell(file.present ? "bad" : "missing", Colour::kRed);
    table.AddRow({verdict, file.path, Detail(file)});
  }
  output.PrintTable(table);
  if (!result.extra.empty()) {
    std::string names;
    for (size_t i = 0; i < std::min(result.extra.size(), kExtraShown); ++i) {
      names += (i == 0 ? "" : ", ") + result.extra[i];
    }
    if (result.extra.size() > kExtraShown) names += fmt::format(", and {} more", result.extra.size() - kExtraShown);
    output.PrintText(fmt::format("{} beside the release: {}", Count(result.extra.size(), "file"), names));
  }
  if (result.ok) {
    output.PrintText(fmt::format("{}@{} is intact: {} in {} checked, digest {}", result.model, result.version,
                                 FormatBytes(result.checked_bytes), Count(result.files.size(), "file"),
                                 result.digest.ToString()));
  }
}

absl::Status RunVerify(Context& context, const VerifyFlags& flags) {
  PLUMB_RETURN_IF_ERROR(RequireFolder(flags.folder, "verify"));
  absl::StatusOr<VerifyResult> result =
      VerifyFolder(flags.folder, context.LongOperation(), {.whole_sha256 = flags.sha256});
  if (absl::IsNotFound(result.status())) {
    return WithMend(result.status(), fmt::format("plumb pull REF {}", flags.folder));
  }
  PLUMB_RETURN_IF_ERROR(result.status());
  if (context.output().json()) {
    context.output().PrintJson(ResultJson(*result));
  } else {
    Print(context.output(), *result);
  }
  if (result->ok) return absl::OkStatus();
  size_t bad = 0;
  for (const FileVerdict& file : result->files) bad += file.ok ? 0 : 1;
  absl::Status status = DataLoss(fmt::format("{}: {} of {} not what {}@{} says", flags.folder, bad,
                                             Count(result->files.size(), "file"), result->model, result->version));
  return WithMend(WithErrorClass(status, ErrorClass::kVerification),
                  fmt::format("plumb pull {}@{} {}", result->model, result->version, flags.folder));
}

}  // namespace

void RegisterVerify(Command& root, Action* action) {
  auto flags = std::make_shared<VerifyFlags>();
  Command command = AddCommand(root, action, "verify",
                               "Say for each file of a folder whether it is what the release says", flags, &RunVerify);
  command.Group(kModelCommands);
  command.Argument("DIR", &flags->folder, "A folder that `plumb pull` made").Required();
  command.Flag("--sha256", &flags->sha256,
               "Also compare each whole file's SHA-256, on one core; the chunks prove as much");
  command.Examples(
      "  plumb verify ./tiny\n"
      "  plumb verify ./tiny --json | jq '.files[] | select(.ok | not)'\n"
      "\nExit code 6 when something is wrong; `plumb pull REF DIR` mends "
      "it.\n");
}

}  // namespace plumb::cli
