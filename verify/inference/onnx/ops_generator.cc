// Operators that make tensors from few numbers.
#include <cmath>
#include <numbers>

#include "fmt/format.h"
#include "verify/inference/onnx/call.h"

namespace plumb::onnx {
namespace {

constexpr double kGeneratedMax = 1 << 24;  // Elements that are made one by one.

// Numbers that say sizes, each checked to be from 0 to kGeneratedMax.
bool IsSize(double number) { return number >= 0 && number <= kGeneratedMax; }

void Constant(Call& c) {
  if (const OnnxAttribute* value = c.Attribute("value"); value != nullptr && value->tensor) {
    return c.Out(c.bodies.FromTensor(*value->tensor));
  }
  if (c.Attribute("value_float")) return c.Out(c.e.Scalar(ElementType::kF32, c.Float("value_float", 0)));
  if (c.Attribute("value_int")) return c.Out(c.e.List<int64_t>({c.Int("value_int", 0)}, {}));
  if (c.Attribute("value_ints")) return c.Out(c.e.Indices(c.Ints("value_ints")));
  if (const OnnxAttribute* floats = c.Attribute("value_floats")) {
    return c.Out(c.e.List<float>(floats->floats, {floats->floats.size()}));
  }
  c.e.Unsupported("its value is a text or sparse");
}

void ConstantOfShape(Call& c) {
  if (!c.Need(0)) return;
  Shape shape;
  for (int64_t size : c.e.Integers(c.in(0))) {
    if (size < 0) return (void)c.e.Fail("a dimension is negative");
    shape.push_back(static_cast<uint64_t>(size));
  }
  const OnnxAttribute* given = c.Attribute("value");
  Value value =
      given != nullptr && given->tensor ? c.bodies.FromTensor(*given->tensor) : c.e.Scalar(ElementType::kF32, 0);
  if (!c.e.ok()) return;
  if (value.count() != 1) return (void)c.e.Fail("the value is not one number");
  c.Out(c.e.Expand(c.e.Reshape(value, {}), shape));
}

void Range(Call& c) {
  if (!c.Need(0) || !c.Need(1) || !c.Need(2)) return;
  std::vector<double> bounds;
  for (size_t i = 0; i < 3; ++i) {
    const std::vector<double> number = c.e.Numbers(c.in(i));
    if (!c.e.ok()) return;
    if (number.size() != 1) return (void)c.e.Fail("a bound is not one number");
    bounds.push_back(number[0]);
  }
  const double count = std::max(std::ceil((bounds[1] - bounds[0]) / bounds[2]), 0.0);
  if (!IsSize(count)) return (void)c.e.Fail("the range has too many numbers, or no end");
  std::vector<double> numbers;
  for (double i = 0; i < count; ++i) numbers.push_back(bounds[0] + i * bounds[2]);
  c.Out(c.e.Table(c.in(0).type, numbers, {numbers.size()}));
}

void EyeLike(Call& c) {
  if (!c.Need(0, 2)) return;
  const Shape& shape = c.in(0).shape;
  const auto type = static_cast<OnnxType>(c.Int("dtype", 0));
  const ElementType to = ElementTypeFor(type).value_or(c.in(0).type);
  const int64_t k = c.Int("k", 0);
  if (shape.size() != 2 || !IsSize(static_cast<double>(c.in(0).count()))) return (void)c.e.Fail("is no small matrix");
  std::vector<double> numbers(c.in(0).count(), 0);
  for (uint64_t row = 0; row < shape[0]; ++row) {
    const int64_t column = static_cast<int64_t>(row) + k;
    if (k >= -(1 << 30) && k <= (1 << 30) && column >= 0 && column < static_cast<int64_t>(shape[1])) {
      numbers[row * shape[1] + static_cast<uint64_t>(column)] = 1;
    }
  }
  c.Out(c.e.Table(to, numbers, shape));
}

void Trilu(Call& c) {
  if (!c.Need(0, 2)) return;
  const Value& x = c.in(0);
  const std::vector<int64_t> given = c.has(1) ? c.e.Integers(c.in(1)) : std::vector<int64_t>{0};
  if (!c.e.ok()) return;
  if (given.size() != 1) return (void)c.e.Fail("k is not one number");
  const int64_t k = std::clamp<int64_t>(given[0], -(int64_t{1} << 40), int64_t{1} << 40);
  const bool upper = c.Int("upper", 1) != 0;
  const auto rows = static_cast<int64_t>(x.shape[x.rank() - 2]);
  const auto columns = static_cast<int64_t>(x.shape[x.rank() - 1]);
  // Compared in the graph, so that large masks are not stored.
  auto count_up = [&](int64_t count, Shape shape) {
    if (!IsSize(static_cast<double>(count))) return c.e.Fail("the matrix is too large");
    std::vector<int64_t> places(static_cast<size_t>(count));
    for (size_t i = 0; i < places.size(); ++i) places[i] = static_cast<int64_t>(i);
    return c.e.List<int64_t>(places, std::move(shape));
  };
  Value row = count_up(rows, {static_cast<uint64_t>(rows), 1});
  Value column = count_up(columns, {static_cast<uint64_t>(columns)});
  Value edge = c.e.Add(row, static_cast<double>(k));
  Value keep = upper ? c.e.Binary(BinaryFunction::kLessOrEqual, edge, column)
                     : c.e.Binary(BinaryFunction::kLessOrEqual, column, edge);
  c.Out(c.e.Where(keep, x, c.e.Scalar(x.type, 0)));
}

// a0 - a1 cos(2 pi n / N) + a2 cos(4 pi n / N), where a symmetric window ends on its own first value.
void Window(Call& c, double a0, double a1, double a2) {
  if (!c.Need(0)) return;
  const std::vector<int64_t> size = c.e.Integers(c.in(0));
  if (!c.e.ok()) return;
  if (size.size() != 1 || !IsSize(static_cast<double>(size[0]))) return (void)c.e.Fail("the size is out of range");
  const ElementType type =
      ElementTypeFor(static_cast<OnnxType>(c.Int("output_datatype", 1))).value_or(ElementType::kF32);
  const double length = static_cast<double>(c.Int("periodic", 1) != 0 ? size[0] : size[0] - 1);
  std::vector<double> values;
  for (int64_t n = 0; n < size[0]; ++n) {
    const double angle = 2 * std::numbers::pi * static_cast<double>(n) / length;
    values.push_back(a0 - a1 * std::cos(angle) + a2 * std::cos(2 * angle));
  }
  c.Out(c.e.Table(type, values, {values.size()}));
}

void Hann(Call& c) { Window(c, 0.5, 0.5, 0); }
void Hamming(Call& c) { Window(c, 25.0 / 46, 21.0 / 46, 0); }
void Blackman(Call& c) { Window(c, 0.42, 0.5, 0.08); }

constexpr OpEntry kOps[] = {
    {"Constant", Constant},     {"ConstantOfShape", ConstantOfShape},
    {"Range", Range},           {"EyeLike", EyeLike},
    {"Trilu", Trilu},           {"HannWindow", Hann},
    {"HammingWindow", Hamming}, {"BlackmanWindow", Blackman},
};

}  // namespace

std::span<const OpEntry> GeneratorOps() { return kOps; }

}  // namespace plumb::onnx
