// Gathering and scattering.
#include "fmt/format.h"
#include "verify/inference/onnx/call.h"

namespace plumb::onnx {
namespace {

void Gather(Call& c) {
  if (!c.Need(0, 1) || !c.Need(1)) return;
  c.Out(c.e.Gather(c.in(0), c.in(1), c.AxisOf("axis", 0, c.in(0))));
}

void GatherElements(Call& c) {
  if (!c.Need(0, 1) || !c.Need(1)) return;
  const AxisAttributes attributes = {c.AxisOf("axis", 0, c.in(0))};
  c.Out(c.e.Append(OpKind::kGatherElements, {c.in(0), c.in(1)}, attributes));
}

void GatherNd(Call& c) {
  if (!c.Need(0, 1) || !c.Need(1, 1)) return;
  const int64_t batch = c.Int("batch_dims", 0);
  if (batch < 0 || batch > 64) return (void)c.e.Fail("batch_dims is out of range");
  c.Out(c.e.Append(OpKind::kGatherNd, {c.in(0), c.in(1)}, GatherNdAttributes{static_cast<uint32_t>(batch)}));
}

bool FindReduction(Call& c, ScatterReduction& reduction) {
  const std::string_view name = c.Text("reduction", "none");
  reduction = name == "add"   ? ScatterReduction::kAdd
              : name == "mul" ? ScatterReduction::kMul
              : name == "max" ? ScatterReduction::kMax
              : name == "min" ? ScatterReduction::kMin
                              : ScatterReduction::kNone;
  if (reduction != ScatterReduction::kNone || name == "none") return true;
  c.e.Fail(fmt::format("reduction \"{}\" is not defined", name));
  return false;
}

void ScatterElements(Call& c) {
  if (!c.Need(0, 1) || !c.Need(1) || !c.Need(2)) return;
  ScatterAttributes attributes = {.axis = c.AxisOf("axis", 0, c.in(0))};
  if (!FindReduction(c, attributes.reduction)) return;
  c.Out(c.e.Append(OpKind::kScatterElements, {c.in(0), c.in(1), c.in(2)}, attributes));
}

void ScatterNd(Call& c) {
  if (!c.Need(0, 1) || !c.Need(1, 1) || !c.Need(2)) return;
  ScatterAttributes attributes;
  if (!FindReduction(c, attributes.reduction)) return;
  c.Out(c.e.Append(OpKind::kScatterNd, {c.in(0), c.in(1), c.in(2)}, attributes));
}

void OneHot(Call& c) {
  if (!c.Need(0) || !c.Need(1) || !c.Need(2, 1)) return;
  const std::vector<double> depths = c.e.Numbers(c.in(1));
  if (!c.e.ok()) return;
  constexpr double kDepthMax = 1 << 24;
  if (depths.size() != 1 || !(depths[0] >= 1 && depths[0] <= kDepthMax) || c.in(2).shape != Shape{2}) {
    return (void)c.e.Fail("the depth or the two values are out of range");
  }
  const auto depth = static_cast<int64_t>(depths[0]);
  const size_t rank = c.in(0).rank();
  const uint32_t axis = c.Axis(c.Int("axis", -1), rank + 1);
  if (!c.e.ok()) return;
  Value ids = c.e.Cast(ElementType::kI64, c.in(0));
  ids = c.e.Where(c.e.Less(ids, c.e.Scalar(ids.type, 0)), c.e.Add(ids, static_cast<double>(depth)), ids);
  Shape shape = c.in(0).shape;
  shape.insert(shape.begin() + axis, 1);
  std::vector<int64_t> places(static_cast<size_t>(depth));
  for (size_t i = 0; i < places.size(); ++i) places[i] = static_cast<int64_t>(i);
  Shape place_shape(rank + 1 - axis, 1);
  place_shape[0] = places.size();
  Value hit = c.e.Equal(c.e.Reshape(ids, shape), c.e.List<int64_t>(places, place_shape));
  c.Out(c.e.Where(hit, c.e.At(c.in(2), 0, 1), c.e.At(c.in(2), 0, 0)));
}

constexpr OpEntry kOps[] = {
    {"Gather", Gather},           {"GatherElements", GatherElements},   {"GatherND", GatherNd},
    {"Scatter", ScatterElements}, {"ScatterElements", ScatterElements}, {"ScatterND", ScatterNd},
    {"OneHot", OneHot},
};

}  // namespace

std::span<const OpEntry> IndexOps() { return kOps; }

}  // namespace plumb::onnx
