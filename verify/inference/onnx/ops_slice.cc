// Parts of tensors, and tensors from parts.
#include <algorithm>
#include <climits>

#include "fmt/format.h"
#include "verify/inference/onnx/call.h"

namespace plumb::onnx {
namespace {

// One dimension's slice, with ends as NumPy takes them.
Value SliceOne(Call& c, const Value& x, uint32_t axis, int64_t begin, int64_t end, int64_t step) {
  const auto size = static_cast<int64_t>(x.dim(axis));
  if (step == 0) return c.e.Fail("a step is 0");
  if (begin < 0) begin = begin < -size ? -1 : begin + size;
  if (end < 0) end = end < -size ? -1 : end + size;
  if (step > 0) {
    begin = std::clamp<int64_t>(begin, 0, size);
    end = std::clamp<int64_t>(end, begin, std::max(begin, size));
  } else {
    begin = std::clamp<int64_t>(begin, -1, size - 1);
    end = std::clamp<int64_t>(end, -1, begin);
  }
  return c.e.Slice(x, axis, begin, end, step);
}

void Slice(Call& c) {
  if (!c.Need(0)) return;
  const bool operands = c.version >= 10;
  auto list = [&](size_t i, std::string_view name) {
    if (!operands) return c.Ints(name);
    return c.has(i) ? c.e.Integers(c.in(i)) : std::vector<int64_t>();
  };
  const std::vector<int64_t> begins = list(1, "starts");
  const std::vector<int64_t> ends = list(2, "ends");
  std::vector<int64_t> axes = list(3, "axes");
  std::vector<int64_t> steps = list(4, "steps");
  if (axes.empty()) {
    for (size_t i = 0; i < begins.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  }
  if (steps.empty()) steps.resize(begins.size(), 1);
  if (!c.e.ok()) return;
  if (ends.size() != begins.size() || axes.size() != begins.size() || steps.size() != begins.size()) {
    return (void)c.e.Fail("starts, ends, axes and steps differ in number");
  }
  Value x = c.in(0);
  for (size_t i = 0; i < begins.size(); ++i) {
    const uint32_t axis = c.Axis(axes[i], x.rank());
    if (!c.e.ok()) return;
    x = SliceOne(c, x, axis, begins[i], ends[i], std::clamp<int64_t>(steps[i], -(int64_t{1} << 40), int64_t{1} << 40));
  }
  c.Out(x);
}

void Split(Call& c) {
  if (!c.Need(0)) return;
  const Value& x = c.in(0);
  const uint32_t axis = c.AxisOf("axis", 0, x);
  std::vector<int64_t> sizes = c.has(1) ? c.e.Integers(c.in(1)) : c.Ints("split");
  if (!c.e.ok()) return;
  const auto size = static_cast<int64_t>(x.dim(axis));
  if (sizes.empty()) {
    const int64_t parts = std::max<int64_t>(c.Int("num_outputs", static_cast<int64_t>(c.outputs.size())), 1);
    const int64_t each = (size + parts - 1) / parts;
    for (size_t i = 0; i < c.outputs.size(); ++i) {
      const int64_t begin = std::min(size, each * static_cast<int64_t>(i));
      sizes.push_back(std::min(each, size - begin));
    }
  }
  int64_t begin = 0;
  for (size_t i = 0; i < c.outputs.size(); ++i) {
    if (i >= sizes.size() || sizes[i] < 0 || sizes[i] > size - begin) return (void)c.e.Fail("sizes do not fit");
    c.Out(i, c.e.Slice(x, axis, begin, begin + sizes[i]));
    begin += sizes[i];
  }
}

void Concat(Call& c) {
  if (!c.Need(0)) return;
  c.Out(c.e.Concat(c.AxisOf("axis", 1, c.in(0)), c.inputs));
}

bool FindMode(Call& c, PadMode& mode) {
  const std::string_view name = c.Text("mode", "constant");
  mode = name == "edge" ? PadMode::kEdge : name == "reflect" ? PadMode::kReflect : PadMode::kConstant;
  if (name == "wrap") mode = PadMode::kWrap;
  if (mode != PadMode::kConstant || name == "constant") return true;
  c.e.Fail(fmt::format("mode \"{}\" is not defined", name));
  return false;
}

void Pad(Call& c) {
  if (!c.Need(0)) return;
  const Value& x = c.in(0);
  const bool operands = c.version >= 11;
  std::vector<int64_t> pads = c.Ints(c.version < 2 ? "paddings" : "pads");
  if (operands) pads = c.has(1) ? c.e.Integers(c.in(1)) : std::vector<int64_t>();
  std::vector<int64_t> named = operands && c.has(3) ? c.e.Integers(c.in(3)) : std::vector<int64_t>();
  PadAttributes pad;
  if (!c.e.ok() || !FindMode(c, pad.mode)) return;
  const Axes axes = operands && c.has(3) ? c.AxesOf(named, x.rank()) : AllAxes(x.rank());
  if (!c.e.ok()) return;
  if (pads.size() != 2 * axes.size()) return (void)c.e.Fail("pads are not two for each dimension");
  pad.before.resize(x.rank(), 0);
  pad.after.resize(x.rank(), 0);
  for (size_t i = 0; i < axes.size(); ++i) {
    pad.before[axes[i]] = pads[i];
    pad.after[axes[i]] = pads[i + axes.size()];
  }
  Value fill = operands ? c.in(2) : c.e.Scalar(x.type, c.Float("value", 0));
  if (fill.present && fill.type != x.type) fill = c.e.Cast(x.type, fill);
  const bool bools = x.type == ElementType::kBool;
  c.Out(bools ? c.e.Cast(x.type, c.e.Pad(c.e.Cast(ElementType::kU8, x), pad,
                                         fill.present ? c.e.Cast(ElementType::kU8, fill) : fill))
              : c.e.Pad(x, pad, fill));
}

// Each sequence's first steps run backwards: a gather along the time with places made from the lengths.
void ReverseSequence(Call& c) {
  if (!c.Need(0, 2) || !c.Need(1, 1)) return;
  const Value& x = c.in(0);
  const uint32_t batch = c.AxisOf("batch_axis", 1, x);
  const uint32_t time = c.AxisOf("time_axis", 0, x);
  const std::vector<int64_t> lengths = c.e.Integers(c.in(1));
  if (!c.e.ok()) return;
  if (batch + time != 1 || lengths.size() != x.shape[batch]) return (void)c.e.Fail("axes or lengths do not fit");
  const auto steps = static_cast<int64_t>(x.shape[time]);
  constexpr int64_t kPlacesMax = 1 << 24;
  if (steps > kPlacesMax / std::max<int64_t>(static_cast<int64_t>(lengths.size()), 1)) {
    return (void)c.e.Fail("the sequences are too long");
  }
  std::vector<Value> rows;
  for (size_t b = 0; b < lengths.size(); ++b) {
    if (lengths[b] < 0 || lengths[b] > steps) return (void)c.e.Fail("a length is not one of the sequence");
    std::vector<int64_t> places;
    for (int64_t t = 0; t < steps; ++t) places.push_back(t < lengths[b] ? lengths[b] - 1 - t : t);
    Value row = c.e.Slice(x, batch, static_cast<int64_t>(b), static_cast<int64_t>(b) + 1);
    rows.push_back(c.e.Gather(row, c.e.Indices(places), time));
  }
  if (rows.empty()) return c.Out(x);
  c.Out(c.e.Concat(batch, rows));
}

constexpr OpEntry kOps[] = {
    {"Slice", Slice}, {"Split", Split}, {"Concat", Concat}, {"Pad", Pad}, {"ReverseSequence", ReverseSequence},
};

}  // namespace

std::span<const OpEntry> SliceOps() { return kOps; }

}  // namespace plumb::onnx
