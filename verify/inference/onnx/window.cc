#include "verify/inference/onnx/window.h"

#include <algorithm>

#include "fmt/format.h"

namespace plumb::onnx {
namespace {

constexpr int64_t kStepMax = 1 << 24;

// An attribute with a number for each spatial dimension.
std::vector<uint64_t> ReadSteps(Call& c, std::string_view name, size_t spatial) {
  const std::vector<int64_t> given = c.Ints(name);
  std::vector<uint64_t> steps(spatial, 1);
  if (given.empty()) return steps;
  if (given.size() != spatial) return c.e.Fail(fmt::format("{} are not given for each dimension", name)), steps;
  for (size_t i = 0; i < spatial; ++i) {
    if (given[i] < 1 || given[i] > kStepMax) return c.e.Fail(fmt::format("{} are out of range", name)), steps;
    steps[i] = static_cast<uint64_t>(given[i]);
  }
  return steps;
}

// Pads so that the window has a place for every stride that begins inside.
void PadToSame(const Value& x, const Shape& kernel, bool lower, WindowAttributes& window) {
  for (size_t i = 0; i < kernel.size(); ++i) {
    const auto size = static_cast<int64_t>(std::min<uint64_t>(x.dim(i + 2), uint64_t{1} << 40));
    const auto stride = static_cast<int64_t>(window.strides[i]);
    const int64_t reach = static_cast<int64_t>((std::min<uint64_t>(kernel[i], kStepMax) - 1) * window.dilations[i]) + 1;
    const int64_t places = (size + stride - 1) / stride;
    const int64_t total = std::max<int64_t>((places - 1) * stride + reach - size, 0);
    window.pads_before[i] = lower ? total - total / 2 : total / 2;
    window.pads_after[i] = total - window.pads_before[i];
  }
}

}  // namespace

Shape ReadKernel(Call& c, Shape otherwise) {
  const std::vector<int64_t> given = c.Ints("kernel_shape");
  if (given.empty()) return otherwise;
  Shape kernel;
  for (int64_t size : given) {
    if (size < 1 || size > kStepMax) c.e.Fail("kernel_shape is out of range");
    kernel.push_back(static_cast<uint64_t>(std::clamp<int64_t>(size, 1, kStepMax)));
  }
  return kernel;
}

WindowAttributes ReadWindow(Call& c, const Value& x, const Shape& kernel) {
  const size_t spatial = kernel.size();
  WindowAttributes window = {.kernel = kernel};
  window.strides = ReadSteps(c, "strides", spatial);
  window.dilations = ReadSteps(c, "dilations", spatial);
  window.pads_before.resize(spatial, 0);
  window.pads_after.resize(spatial, 0);
  window.output_padding.resize(spatial, 0);
  const int64_t groups = c.Int("group", 1);
  if (groups < 1 || x.rank() != spatial + 2 || spatial == 0) {
    c.e.Fail(fmt::format("a window of {} dimensions does not fit {}", spatial, ShapeText(x.shape)));
    return window;
  }
  window.groups = static_cast<uint64_t>(groups);
  const std::string_view automatic = c.Text("auto_pad", "NOTSET");
  if (automatic == "SAME_UPPER" || automatic == "SAME_LOWER") {
    PadToSame(x, kernel, automatic == "SAME_LOWER", window);
  } else if (const std::vector<int64_t> pads = c.Ints("pads"); !pads.empty() && automatic != "VALID") {
    if (pads.size() != 2 * spatial) return c.e.Fail("pads are not two for each dimension"), window;
    window.pads_before.assign(pads.begin(), pads.begin() + static_cast<int64_t>(spatial));
    window.pads_after.assign(pads.begin() + static_cast<int64_t>(spatial), pads.end());
  }
  return window;
}

}  // namespace plumb::onnx
