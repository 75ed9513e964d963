#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/release_reader.h"
#include "client/cli/text.h"
#include "client/cli/views.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"
#include "plumb/manifest/manifest.h"

namespace plumb::cli {
namespace {

// Text in a JSON object.
constexpr uint64_t kJsonTextBytesMax = 1u << 20;
constexpr std::string_view kTab = "    ";

struct CatFlags {
  std::string argument;
  std::string path;
  bool force = false;
};

// For a terminal: whole lines, what could steer it escaped.
class TerminalText {
 public:
  explicit TerminalText(Output* output) : output_(*output) {}

  absl::Status Take(std::span<const uint8_t> bytes) {
    if (std::find(bytes.begin(), bytes.end(), 0) != bytes.end()) {
      return UsageError(
          "the file is not text, and a terminal would show nothing of use; send it to a file, or add "
          "--force");
    }
    rest_.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    const size_t end = rest_.rfind('\n');
    if (end == rest_.npos) return absl::OkStatus();
    Print(rest_.substr(0, end));
    rest_.erase(0, end + 1);
    return absl::OkStatus();
  }
  // What has no line feed at its end.
  void Finish() {
    if (!rest_.empty()) Print(rest_);
  }

 private:
  void Print(std::string text) {
    std::erase(text, '\r');
    for (size_t at = text.find('\t'); at != text.npos; at = text.find('\t', at)) text.replace(at, 1, kTab);
    output_.PrintVerbatim(text);
  }

  Output& output_;
  std::string rest_;
};

absl::Status PrintAsJson(Context& context, const ReleaseReader& reader, const std::string& path) {
  const v1::Manifest& manifest = reader.stored().manifest;
  const v1::File* file = FindFile(manifest, path);
  Json json = {{"model", manifest.model()},
               {"version", manifest.version()},
               {"digest", reader.stored().digest.ToString()},
               {"path", path},
               {"bytes", nullptr},
               {"sha256", nullptr},
               {"text", nullptr}};
  const bool small = file == nullptr || file->size_bytes() <= kJsonTextBytesMax;
  if (small) {
    PLUMB_ASSIGN_OR_RETURN(std::string text, reader.ReadText(context, path, kJsonTextBytesMax));
    if (IsValidUtf8(text) && text.find('\0') == text.npos) json["text"] = std::move(text);
  }
  if (file != nullptr) {
    json["bytes"] = file->size_bytes();
    json["sha256"] = DigestText(file->sha256());
  }
  context.output().PrintJson(json);
  return absl::OkStatus();
}

absl::Status RunCat(Context& context, const CatFlags& flags) {
  PLUMB_ASSIGN_OR_RETURN(ReleaseReader reader, ReleaseReader::Open(context, flags.argument));
  Output& output = context.output();
  if (output.json()) return PrintAsJson(context, reader, flags.path);
  if (output.out_is_terminal() && !flags.force) {
    TerminalText text(&output);
    PLUMB_RETURN_IF_ERROR(
        reader.Read(context, flags.path, [&](std::span<const uint8_t> bytes) { return text.Take(bytes); }));
    text.Finish();
    return absl::OkStatus();
  }
  const absl::Status status = reader.Read(context, flags.path, [&](std::span<const uint8_t> bytes) {
    output.PrintBytes(bytes);
    return output.closed() ? absl::CancelledError("nobody reads standard output any more") : absl::OkStatus();
  });
  return output.closed() ? absl::OkStatus() : status;
}

}  // namespace

void RegisterCat(Command& root, Action* action) {
  auto flags = std::make_shared<CatFlags>();
  Command command =
      AddCommand(root, action, "cat", "Print one file of a release, verified, without pulling it", flags, &RunCat);
  command.Group(kModelCommands);
  command.Argument("REF|DIR", &flags->argument, "A reference, or a folder that `plumb pull` made").Required();
  command.Argument("PATH", &flags->path, "The file, as `plumb files` names it").Required();
  command.Flag("--force", &flags->force, "Print bytes that are no text on a terminal too");
  command.Examples(
      "  plumb cat acme/tiny config.json\n"
      "  plumb cat acme/tiny@v1 tokenizer.json | jq .model.type\n"
      "  plumb cat acme/tiny model.gguf > model.gguf\n"
      "\nEvery chunk is verified before it is printed. When one is wrong the command ends there with exit code 6: what "
      "was\nprinted before it is right. --json prints an object with the text of a small file.\n");
}

}  // namespace plumb::cli
