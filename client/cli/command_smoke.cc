#include <string>
#include <vector>

#include "client/cli/argument.h"
#include "client/cli/command.h"
#include "client/cli/smoke_variants.h"
#include "client/cli/smoke_view.h"
#include "plumb/base/status.h"
#include "plumb/client/smoke.h"

namespace plumb::cli {
namespace {

struct SmokeFlags {
  std::string argument;
  SmokeRequest request;
  bool explain = false;
};

absl::Status RunSmoke(Context& context, const SmokeFlags& flags) {
  PLUMB_ASSIGN_OR_RETURN(std::string folder, PathFor(context, flags.argument));
  SmokeRequest request = flags.request;
  const bool all = std::erase(request.backends, "all") > 0;
  if (all && !request.backends.empty()) {
    return WithErrorClass(InvalidArgument("--backend takes `all` or names, not both"), ErrorClass::kUsage);
  }
  PLUMB_ASSIGN_OR_RETURN(SmokeReport report, SmokeWithVariants(context, folder, request));
  if (context.output().json()) {
    context.output().PrintJson(SmokeJson(report));
  } else {
    PrintSmoke(context.output(), report, flags.explain);
  }
  return SmokeOutcome(context.output(), report, flags.argument);
}

}  // namespace

void RegisterSmoke(Command& root, Action* action) {
  auto flags = std::make_shared<SmokeFlags>();
  Command command =
      AddCommand(root, action, "smoke", "Check that a model computes what its publisher recorded", flags, &RunSmoke);
  command.Group(kModelCommands);
  command
      .Argument("REF|DIR|FILE", &flags->argument,
                "A folder, a .gguf, .onnx or .safetensors file, or a reference, which is pulled into the cache first")

      .Required();
  command
      .Value("--backend", "LIST", &flags->request.backends,
             "Ways to compute, divided by commas (default: all there are, without torch and variants such as "
             "onednn:bf16); "
             "`plumb backends` lists them")
      .DividedByCommas();
  command.Value("--positions", "N", &flags->request.positions,
                "Compare backends on so many tokens (default 128, or as many as the model has)");
  command.Value("--prompt", "TEXT", &flags->request.prompt,
                "Compare backends on this text, by the tokenizer beside the config or in the GGUF file");
  command.Flag("--explain", &flags->explain, "Print every gate with what was measured and what was allowed");
  command.Examples(
      "  plumb smoke ./tiny\n"
      "  plumb smoke acme/tiny@v1 --backend reference,onednn --json\n"
      "  plumb smoke ./tiny-q4_0.gguf --prompt 'Once upon a time'\n"
      "  plumb smoke ./tiny --backend onednn,onednn:bf16,onednn:avx2\n"
      "  plumb smoke ./tiny --backend reference,torch\n"
      "  plumb smoke ./tiny --explain --positions 256\n"
      "  plumb smoke ./tiny --prompt 'To be, or not to be'\n"
      "\nExit code 7 when a model computes something else than was recorded, and only then. Inconclusive (nothing\n"
      "was recorded, or the model is not understood) is a warning and exit code 0; a file that is missing is exit\n"
      "code 3, one that is not what it must be 9.\n");
}

}  // namespace plumb::cli
