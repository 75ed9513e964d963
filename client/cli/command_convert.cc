#include <algorithm>
#include <string>
#include <vector>

#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/text.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "plumb/containers/find_model.h"
#include "plumb/convert/convert.h"
#include "plumb/gguf_export/gguf_export.h"

namespace plumb::cli {
namespace {

constexpr const char* kUsage = "plumb convert [flags] SRC DST";
constexpr size_t kNamedMax = 5;

struct ConvertFlags {
  std::string source;
  std::string destination;
  std::string dtype;
  std::string format;
  bool force = false;
  bool keep_names = false;
  bool skip = false;
};

struct Converted {
  std::string path;
  std::string source_format;
  ConvertTarget target;
  bool runnable = false;  // A GGUF file made for llama.cpp.
  ConvertReport report;
  double seconds = 0;
};

absl::StatusOr<ConvertTarget> TargetFor(const ConvertFlags& flags) {
  const std::optional<ConvertTarget> target =
      flags.format.empty() ? ConvertTargetOf(flags.destination) : ParseConvertTarget(flags.format);
  if (target) return *target;
  if (!flags.format.empty()) {
    return UsageError(fmt::format("unknown format \"{}\", expected safetensors, gguf, npz or pytorch", flags.format),
                      kUsage);
  }
  return UsageError(fmt::format("the name \"{}\" does not say which format to write: end it with .safetensors, .gguf, "
                                ".npz, .pt, .pth or .bin, or give --format",
                                flags.destination),
                    kUsage);
}

absl::StatusOr<std::optional<DType>> TypeFor(const ConvertFlags& flags) {
  if (flags.dtype.empty()) return std::nullopt;
  std::string name = flags.dtype;
  std::transform(name.begin(), name.end(), name.begin(), [](char c) { return c >= 'a' && c <= 'z' ? c - 32 : c; });
  std::optional<DType> dtype = ParseDType(name);
  if (dtype) return dtype;
  return UsageError(fmt::format("unknown type \"{}\", expected f32, f16, bf16, q8_0, q4_0, q4_k, ...", flags.dtype),
                    kUsage);
}

// The first few of many names.
std::string Some(const std::vector<std::string>& names) {
  const std::vector<std::string> some(names.begin(),
                                      names.begin() + static_cast<ptrdiff_t>(std::min(names.size(), kNamedMax)));
  return fmt::format("{}{}", fmt::join(some, ", "), names.size() > kNamedMax ? ", ..." : "");
}

void WarnOf(Output& output, const ConvertReport& report, const std::string& dtype) {
  uint64_t values = 0;
  std::vector<std::string> names;
  for (const auto& [name, count] : report.overflowed) {
    values += count;
    names.push_back(name);
  }
  if (values > 0) {
    output.Warn(fmt::format("{} in {} too large for the new type, now infinite or not a number: {}",
                            Count(values, "value"), Count(names.size(), "tensor"), Some(names)));
  }
  if (report.requantised > 0) {
    output.Warn(fmt::format("{} quantised a second time: better convert from the original",
                            Count(report.requantised, "tensor")));
  }
  if (!report.fallbacks.empty()) {
    std::vector<std::string> types;
    for (const auto& [type, count] : report.fallbacks) types.push_back(fmt::format("{} {}", count, DTypeName(type)));
    output.Warn(fmt::format("tensors whose rows do not fit {} became another type, as llama.cpp has it: {}", dtype,
                            fmt::join(types, ", ")));
  }
  for (size_t i = 0; i < std::min(report.skipped.size(), kNamedMax); ++i) {
    output.Warn(fmt::format("left out: {}", UnreadableText(report.skipped[i])));
  }
  if (report.skipped.size() > kNamedMax) {
    output.Warn(fmt::format("left out: {} more (--json has all)", report.skipped.size() - kNamedMax));
  }
  if (report.tensors == 0) output.Warn("the source holds no tensors, and so does what was written");
  if (!report.dropped_keys.empty()) {
    output.Warn(fmt::format("metadata that the format cannot hold is left out: {}", Some(report.dropped_keys)));
  }
}

Json ResultJson(const Converted& converted) {
  const ConvertReport& report = converted.report;
  Json json = {{"path", converted.path},
               {"format", ConvertTargetName(converted.target)},
               {"source_format", converted.source_format},
               {"runnable", converted.runnable},
               {"bytes", report.file_bytes},
               {"tensor_count", report.tensors},
               {"converted", report.converted},
               {"left_f32", report.not_asked},
               {"requantised", report.requantised},
               {"unshared", report.unshared},
               {"types", Json::array()},
               {"fallbacks", Json::array()},
               {"skipped", Json::array()},
               {"dropped_metadata", report.dropped_keys},
               {"overflowed", Json::array()},
               {"seconds", converted.seconds}};
  for (const auto& [dtype, count] : report.types) {
    json["types"].push_back({{"dtype", DTypeName(dtype)}, {"tensor_count", count}});
  }
  for (const auto& [dtype, count] : report.fallbacks) {
    json["fallbacks"].push_back({{"dtype", DTypeName(dtype)}, {"tensor_count", count}});
  }
  for (const UnreadableTensor& tensor : report.skipped) {
    json["skipped"].push_back({{"name", tensor.name}, {"why", tensor.why}});
  }
  for (const auto& [name, count] : report.overflowed) {
    json["overflowed"].push_back({{"tensor", name}, {"values", count}});
  }
  return json;
}

void Print(Output& output, const Converted& converted, const std::string& dtype) {
  const ConvertReport& report = converted.report;
  output.PrintText(fmt::format("{}: {}, {}, {} in {}", converted.path, ConvertTargetName(converted.target),
                               Count(report.tensors, "tensor"), FormatBytes(report.file_bytes),
                               FormatSeconds(converted.seconds)));
  std::vector<std::string> types;
  for (const auto& [type, count] : report.types) types.push_back(fmt::format("{} {}", count, DTypeName(type)));
  if (report.converted > 0) {
    output.PrintText(fmt::format("{} of another type than before: now {}", Count(report.converted, "tensor"),
                                 fmt::join(types, ", ")));
  }
  if (report.not_asked > 0) {
    output.PrintText(
        fmt::format("{} not {} but F32: vectors, and what programs want so", Count(report.not_asked, "tensor"), dtype));
  }
  if (report.unshared > 0) {
    output.PrintText(
        fmt::format("{} shared bytes with others before, and have their own now", Count(report.unshared, "tensor")));
  }
}

// The model as llama.cpp wants it; nullopt when its tensors are written under their own names.
absl::StatusOr<std::optional<GgufExport>> ExportFor(Output& output, const ConvertFlags& flags, const FoundModel& found,
                                                    const ConvertOptions& options) {
  if (options.target != ConvertTarget::kGguf || flags.keep_names || found.source->format() == "gguf") {
    return std::nullopt;
  }
  absl::StatusOr<GgufExport> made = ExportToGguf(found.folder, found.path, *found.source, options.dtype);
  if (absl::IsNotFound(made.status()) || absl::IsUnimplemented(made.status())) {
    const std::string why = absl::IsNotFound(made.status()) ? "there is no config.json beside the weights"
                                                            : std::string(made.status().message());
    output.Warn(
        fmt::format("the tensors keep their names, so that llama.cpp and Ollama will not run the file: {}", why));
    return std::nullopt;
  }
  if (!made.ok()) {
    return WithMend(made.status(), fmt::format("plumb convert {} {} --keep-names (tensors alone: nothing runs them)",
                                               flags.source, flags.destination));
  }
  for (const std::string& remark : made->remarks) output.Warn(remark);
  return *std::move(made);
}

absl::Status RunConvert(Context& context, const ConvertFlags& flags) {
  const double begin = context.environment().seconds();
  ConvertOptions options;
  PLUMB_ASSIGN_OR_RETURN(options.target, TargetFor(flags));
  PLUMB_ASSIGN_OR_RETURN(options.dtype, TypeFor(flags));
  options.replace = flags.force;
  options.skip = flags.skip;
  const Operation operation = context.LongOperation();
  options.progress = [&](uint64_t done_bytes, uint64_t total_bytes) {
    operation.Report(
        {.phase = "convert", .item = flags.destination, .done_bytes = done_bytes, .total_bytes = total_bytes});
    return operation.Check();
  };
  PLUMB_ASSIGN_OR_RETURN(FoundModel found, FindModel(flags.source, [&operation] { return operation.Check(); }));
  PLUMB_ASSIGN_OR_RETURN(const std::optional<GgufExport> exported, ExportFor(context.output(), flags, found, options));
  const TensorSource& source = exported ? *exported->source : *found.source;
  if (exported) options.float32 = exported->float32;
  absl::StatusOr<ConvertReport> report = ConvertTensors(source, flags.destination, options);
  context.output().ClearProgress();
  if (absl::IsAlreadyExists(report.status())) {
    return WithMend(report.status(), fmt::format("plumb convert {} {} --force", flags.source, flags.destination));
  }
  if (absl::IsFailedPrecondition(report.status()) && !flags.skip) {
    return WithMend(report.status(),
                    fmt::format("plumb convert {} {} --skip (leaves them out)", flags.source, flags.destination));
  }
  PLUMB_RETURN_IF_ERROR(report.status());
  Converted converted = {.path = flags.destination,
                         .source_format = std::string(source.format()),
                         .target = options.target,
                         .runnable = exported.has_value(),
                         .report = *std::move(report)};
  converted.seconds = context.environment().seconds() - begin;
  WarnOf(context.output(), converted.report, flags.dtype);
  if (context.output().json()) {
    context.output().PrintJson(ResultJson(converted));
  } else {
    Print(context.output(), converted, flags.dtype);
  }
  return absl::OkStatus();
}

}  // namespace

void RegisterConvert(Command& root, Action* action) {
  auto flags = std::make_shared<ConvertFlags>();
  Command command =
      AddCommand(root, action, "convert",
                 "Write weights as safetensors, GGUF, npz or a PyTorch checkpoint, losslessly or with other types",
                 flags, &RunConvert);
  command.Group(kModelCommands);
  command
      .Argument("SRC", &flags->source,
                "A container of any format that is read (with its shards), or a folder that holds one model")
      .Required();
  command.Argument("DST", &flags->destination, "The file to write; its ending says the format").Required();
  command.Value("--dtype", "TYPE", &flags->dtype,
                "What floats and quantised tensors become: f32, f16, bf16; in GGUF also q8_0, q4_0, q4_1, q5_0, q5_1, "
                "q4_k, mxfp4, tq1_0, tq2_0 (default: every tensor keeps its type)");
  command.Value("--format", "FORMAT", &flags->format, "safetensors, gguf, npz or pytorch, whatever DST is called");
  command.Flag("--force", &flags->force, "Replace DST if it is there");
  command.Flag("--skip", &flags->skip,
               "Leave out tensors that cannot be read (sparse, of unknown types) or that the format cannot hold; they "
               "are named");
  command.Flag("--keep-names", &flags->keep_names,
               "In GGUF: write the tensors under their own names, without making a model that llama.cpp runs of them");
  command.Examples(
      "  plumb convert pytorch_model.bin model.safetensors\n"
      "  plumb convert ./llama-3 llama-3.gguf --dtype q8_0\n"
      "  plumb convert model.gguf model.npz --dtype f32 --json\n"
      "  plumb convert checkpoint.pt model.safetensors --skip\n"
      "\nNothing in SRC is run. DST appears when it is whole. Names of tensors stay as they are, but in a GGUF file "
      "made\n"
      "of a model with a config.json: that is a model which llama.cpp and Ollama run, with llama.cpp's names and "
      "layouts,\n"
      "the config as key-values and the vocabulary. A family that is not known keeps its names, with a warning.\n");
}

}  // namespace plumb::cli
