#include "verify/inference/backends/device/runtime_compiler.h"

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb::device {

absl::StatusOr<std::unique_ptr<RuntimeCompiler>> RuntimeCompiler::Open(std::span<const std::string> libraries,
                                                                       const std::string& prefix,
                                                                       const std::string& code) {
  absl::StatusOr<std::unique_ptr<DynamicLibrary>> library = DynamicLibrary::Open(libraries);
  if (!library.ok()) return Annotate(library.status(), fmt::format("no {}", prefix));
  std::unique_ptr<RuntimeCompiler> compiler(new RuntimeCompiler());
  compiler->library_ = std::move(*library);
  compiler->prefix_ = prefix;
  const DynamicLibrary& from = *compiler->library_;
  auto find = [&](const std::string& name, auto*& function) { return from.Find((prefix + name).c_str(), function); };
  PLUMB_RETURN_IF_ERROR(find("Version", compiler->version_));
  PLUMB_RETURN_IF_ERROR(find("CreateProgram", compiler->create_));
  PLUMB_RETURN_IF_ERROR(find("CompileProgram", compiler->compile_));
  PLUMB_RETURN_IF_ERROR(find("GetProgramLogSize", compiler->log_size_));
  PLUMB_RETURN_IF_ERROR(find("GetProgramLog", compiler->log_));
  PLUMB_RETURN_IF_ERROR(find(fmt::format("Get{}Size", code), compiler->code_size_));
  PLUMB_RETURN_IF_ERROR(find(fmt::format("Get{}", code), compiler->code_));
  PLUMB_RETURN_IF_ERROR(find("DestroyProgram", compiler->destroy_));
  PLUMB_RETURN_IF_ERROR(find("GetErrorString", compiler->error_));
  int major = 0;
  int minor = 0;
  PLUMB_RETURN_IF_ERROR(compiler->Check(compiler->version_(&major, &minor), "Version"));
  compiler->description_ = fmt::format("{} {}.{}", prefix, major, minor);
  return compiler;
}

absl::StatusOr<std::string> RuntimeCompiler::Compile(std::string_view name, const std::string& source,
                                                     std::span<const std::string> options) const {
  Program program = nullptr;
  PLUMB_RETURN_IF_ERROR(
      Check(create_(&program, source.c_str(), std::string(name).c_str(), 0, nullptr, nullptr), "CreateProgram"));
  absl::StatusOr<std::string> code = CompileProgram(program, name, options);
  const absl::Status destroyed = Check(destroy_(&program), "DestroyProgram");
  if (code.ok() && !destroyed.ok()) return destroyed;
  return code;
}

absl::StatusOr<std::string> RuntimeCompiler::CompileProgram(Program program, std::string_view name,
                                                            std::span<const std::string> options) const {
  constexpr size_t kLogBytesMax = 4096;
  std::vector<const char*> arguments;
  for (const std::string& option : options) arguments.push_back(option.c_str());
  const int compiled = compile_(program, static_cast<int>(arguments.size()), arguments.data());
  if (compiled != 0) {
    size_t size = 0;
    PLUMB_RETURN_IF_ERROR(Check(log_size_(program, &size), "GetProgramLogSize"));
    std::string log(size + 1, '\0');
    PLUMB_RETURN_IF_ERROR(Check(log_(program, log.data()), "GetProgramLog"));
    log.resize(std::min(log.find('\0'), kLogBytesMax));
    return Annotate(Check(compiled, fmt::format("CompileProgram({})", name)), log);
  }
  size_t size = 0;
  PLUMB_RETURN_IF_ERROR(Check(code_size_(program, &size), "code size"));
  std::string code(size, '\0');
  PLUMB_RETURN_IF_ERROR(Check(code_(program, code.data()), "code"));
  return code;
}

absl::Status RuntimeCompiler::Check(int code, std::string_view call) const {
  if (code == 0) return absl::OkStatus();
  return Internal(fmt::format("{}: {} failed: {}", prefix_, call, error_(code)));
}

}  // namespace plumb::device
