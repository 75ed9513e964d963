// The text of the kernels, which every device compiles at run time.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_KERNEL_SOURCES_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_KERNEL_SOURCES_H_

#include <span>
#include <string>
#include <string_view>

namespace plumb::device {

enum class Language { kOpenclC, kCudaCpp };

// Names of the sources: `elementwise`, `movement`, ...
std::span<const std::string_view> KernelSourceNames();

// A whole program: the language's prelude, what all sources share, and the source of that name.
std::string KernelProgram(Language language, std::string_view name);

}  // namespace plumb::device

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_DEVICE_KERNEL_SOURCES_H_
