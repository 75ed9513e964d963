// The kernels that cannot run here are compiled here: by NVRTC ($PLUMB_NVRTC or the loader's) and by HIPRTC. In a
// program of its own: Debian's HIPRTC and PoCL each bring an LLVM, and both in one process end it.
#include <gmock/gmock.h>

#include <map>

#include "plumb/base/status.h"
#include "verify/inference/backends/cuda/cuda_compiler.h"
#include "verify/inference/backends/device/kernel_sources.h"
#include "verify/inference/backends/hip/hip_device.h"

namespace plumb {
namespace {

using testing::HasSubstr;

// A kernel of each source.
const std::map<std::string_view, std::string> kKernels = {{"elementwise", "unary_gelu_erf"},
                                                          {"movement", "copy_u32"},
                                                          {"products", "matmul"},
                                                          {"rows", "softmax"},
                                                          {"windows", "convolve"}};

TEST(DeviceCompileTest, NvrtcCompilesEveryKernel) {
  auto compiler = cuda::OpenCompiler();
  if (!compiler.ok()) GTEST_SKIP() << Message(compiler.status());
  for (int capability : {75, 90}) {
    for (std::string_view source : device::KernelSourceNames()) {
      absl::StatusOr<std::string> code =
          cuda::CompileKernels(**compiler, source, cuda::TargetOf(**compiler, capability));
      ASSERT_TRUE(code.ok()) << source << " for " << capability << ": " << code.status();
      EXPECT_THAT(*code, HasSubstr(".entry " + kKernels.at(source) + "(")) << source;
      EXPECT_THAT(*code, HasSubstr(".target sm_" + std::to_string(capability))) << source;
      if (source == "rows") {
        EXPECT_THAT(*code, testing::AllOf(HasSubstr("div.rn.f32"), HasSubstr("sqrt.rn.f32"))) << "fast mathematics";
      }
    }
  }
}

TEST(DeviceCompileTest, NvrtcSaysWhatDoesNotCompile) {
  auto compiler = cuda::OpenCompiler();
  if (!compiler.ok()) GTEST_SKIP() << Message(compiler.status());
  const absl::Status status = (*compiler)->Compile("broken", "extern \"C\" int f( {", {}).status();
  EXPECT_THAT(std::string(Message(status)), testing::AllOf(HasSubstr("error"), HasSubstr("broken")));
}

TEST(DeviceCompileTest, HiprtcCompilesEveryKernel) {
  auto compiler = hip::OpenCompiler();
  if (!compiler.ok()) GTEST_SKIP() << Message(compiler.status());
  for (const char* architecture : {"gfx90a", "gfx1030"}) {
    for (std::string_view source : device::KernelSourceNames()) {
      absl::StatusOr<std::string> code = hip::CompileKernels(**compiler, source, architecture);
      ASSERT_TRUE(code.ok()) << source << " for " << architecture << ": " << code.status();
      EXPECT_THAT(*code, HasSubstr(kKernels.at(source))) << source;
    }
  }
}

TEST(DeviceCompileTest, ALibraryThatIsMissingIsNamed) {
  const std::vector<std::string> names = {"libplumb-absent.so.1"};
  const absl::Status status = device::RuntimeCompiler::Open(names, "nvrtc", "PTX").status();
  EXPECT_TRUE(absl::IsUnavailable(status));
  EXPECT_THAT(std::string(Message(status)), testing::AllOf(HasSubstr("nvrtc"), HasSubstr("libplumb-absent.so.1")));
}

}  // namespace
}  // namespace plumb
