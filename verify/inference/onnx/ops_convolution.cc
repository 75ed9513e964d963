// Convolutions and their adjoint.
#include <algorithm>

#include "verify/inference/onnx/window.h"

namespace plumb::onnx {
namespace {

Shape KernelOf(const Value& filters) {
  return {filters.shape.begin() + std::min<int64_t>(2, static_cast<int64_t>(filters.rank())), filters.shape.end()};
}

void Conv(Call& c) {
  if (!c.Need(0, 3) || !c.Need(1, 3)) return;
  const WindowAttributes window = ReadWindow(c, c.in(0), KernelOf(c.in(1)));
  std::vector<Value> operands = {c.in(0), c.in(1)};
  if (c.has(2)) operands.push_back(c.in(2));
  c.Out(c.e.Append(OpKind::kConv, operands, window));
}

// Pads from the wanted output shape, or from auto_pad; more of an odd number stands at the end unless SAME_UPPER's
// opposite is asked.
void PadTransposed(Call& c, const Value& x, WindowAttributes& window) {
  const std::vector<int64_t> wanted = c.Ints("output_shape");
  const std::string_view automatic = c.Text("auto_pad", "NOTSET");
  const bool same = automatic == "SAME_UPPER" || automatic == "SAME_LOWER";
  if (wanted.empty() && !same) return;
  const size_t spatial = window.kernel.size();
  if (!wanted.empty() && wanted.size() < spatial) return (void)c.e.Fail("output_shape is not given for each dimension");
  for (size_t i = 0; i < spatial; ++i) {
    const auto size = static_cast<int64_t>(std::min<uint64_t>(x.shape[i + 2], 1u << 24));
    const auto stride = static_cast<int64_t>(window.strides[i]);
    const int64_t reach =
        static_cast<int64_t>((std::min<uint64_t>(window.kernel[i], 1u << 24) - 1) * window.dilations[i]) + 1;
    const int64_t target =
        wanted.empty() ? size * stride : std::clamp<int64_t>(wanted[wanted.size() - spatial + i], 0, int64_t{1} << 40);
    const int64_t total = (size - 1) * stride + reach + static_cast<int64_t>(window.output_padding[i]) - target;
    // The window's sum is smaller than what is wanted: the rest is output padding.
    if (total < 0) window.output_padding[i] += static_cast<uint64_t>(-total);
    const int64_t cut = std::max<int64_t>(total, 0);
    window.pads_before[i] = automatic == "SAME_UPPER" ? cut / 2 : cut - cut / 2;
    window.pads_after[i] = cut - window.pads_before[i];
  }
}

void ConvTranspose(Call& c) {
  if (!c.Need(0, 3) || !c.Need(1, 3)) return;
  WindowAttributes window = ReadWindow(c, c.in(0), KernelOf(c.in(1)));
  if (!c.e.ok()) return;
  const std::vector<int64_t> padding = c.Ints("output_padding");
  for (size_t i = 0; i < padding.size() && i < window.output_padding.size(); ++i) {
    if (padding[i] < 0 || padding[i] > 1 << 24) return (void)c.e.Fail("output_padding is out of range");
    window.output_padding[i] = static_cast<uint64_t>(padding[i]);
  }
  PadTransposed(c, c.in(0), window);
  std::vector<Value> operands = {c.in(0), c.in(1)};
  if (c.has(2)) operands.push_back(c.in(2));
  c.Out(c.e.Append(OpKind::kConvTranspose, operands, window));
}

constexpr OpEntry kOps[] = {{"Conv", Conv}, {"ConvTranspose", ConvTranspose}};

}  // namespace

std::span<const OpEntry> ConvolutionOps() { return kOps; }

}  // namespace plumb::onnx
