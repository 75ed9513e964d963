// NVRTC and HIPRTC: compilers that are libraries, alike but for their names.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_RUNTIME_COMPILER_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_RUNTIME_COMPILER_H_

#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "verify/inference/backends/device/dynamic_library.h"

namespace plumb::device {

// Immutable, thread-safe.
class RuntimeCompiler {
 public:
  // `prefix` of all entry points: `nvrtc` or `hiprtc`; `code`: what the result is called there, `PTX` or `Code`.
  // UNAVAILABLE says what is missing.
  static absl::StatusOr<std::unique_ptr<RuntimeCompiler>> Open(std::span<const std::string> libraries,
                                                               const std::string& prefix, const std::string& code);

  // The code of a program. INTERNAL with the compiler's words when it does not compile.
  absl::StatusOr<std::string> Compile(std::string_view name, const std::string& source,
                                      std::span<const std::string> options) const;
  // `libnvrtc.so.12 12.6`.
  const std::string& description() const { return description_; }
  const DynamicLibrary& library() const { return *library_; }

 private:
  using Program = void*;
  RuntimeCompiler() = default;
  absl::Status Check(int code, std::string_view call) const;
  absl::StatusOr<std::string> CompileProgram(Program program, std::string_view name,
                                             std::span<const std::string> options) const;

  std::unique_ptr<DynamicLibrary> library_;
  std::string prefix_;
  std::string description_;
  // Their results are enumerations, 0 for success.
  int (*version_)(int* major, int* minor) = nullptr;
  int (*create_)(Program*, const char* source, const char* name, int headers, const char* const* texts,
                 const char* const* names) = nullptr;
  int (*compile_)(Program, int count, const char* const* options) = nullptr;
  int (*log_size_)(Program, size_t*) = nullptr;
  int (*log_)(Program, char*) = nullptr;
  int (*code_size_)(Program, size_t*) = nullptr;
  int (*code_)(Program, char*) = nullptr;
  int (*destroy_)(Program*) = nullptr;
  const char* (*error_)(int) = nullptr;
};

}  // namespace plumb::device

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_RUNTIME_COMPILER_H_
