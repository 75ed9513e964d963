#include <string>

#include "client/cli/command.h"
#include "client/cli/release_reader.h"
#include "client/cli/views.h"
#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

struct FilesFlags {
  std::string argument;
  bool tensors = false;
};

absl::Status RunFiles(Context& context, const FilesFlags& flags) {
  PLUMB_ASSIGN_OR_RETURN(ReleaseReader reader, ReleaseReader::Open(context, flags.argument));
  const v1::Manifest& manifest = reader.stored().manifest;
  if (context.output().json()) {
    Json json = {{"model", manifest.model()},
                 {"version", manifest.version()},
                 {"digest", reader.stored().digest.ToString()},
                 {"files", Json::array()}};
    for (const v1::File& file : manifest.files()) json["files"].push_back(FileJson(file, flags.tensors));
    context.output().PrintJson(json);
    return absl::OkStatus();
  }
  context.output().PrintTable(flags.tensors ? TensorTable(manifest) : FileTable(manifest));
  return absl::OkStatus();
}

}  // namespace

void RegisterFiles(Command& root, Action* action) {
  auto flags = std::make_shared<FilesFlags>();
  Command command = AddCommand(root, action, "files", "List a release's files, or their tensors", flags, &RunFiles);
  command.Group(kModelCommands);
  command.Argument("REF|DIR", &flags->argument, "A reference, or a folder that `plumb pull` made").Required();
  command.Flag("--tensors", &flags->tensors, "Name, type and shape of every tensor");
  command.Examples(
      "  plumb files acme/tiny@v1\n"
      "  plumb files ./tiny --tensors\n");
}

}  // namespace plumb::cli
