// Fourier transforms and mel filters.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "verify/inference/onnx/call.h"

namespace plumb::onnx {
namespace {

constexpr uint64_t kTableMax = 1u << 24;  // Elements of a table of angles.

// The transform of x [..., N, 1 or 2] along the dimension before the last, [..., M, 2]: products with tables of sines
// and cosines. `sign` is that of the angle in the exponent.
Value Transform(Call& c, const Value& x, bool inverse, bool onesided) {
  const uint64_t size = x.dim(x.rank() - 2);
  const uint64_t results = onesided ? size / 2 + 1 : size;
  if (size == 0 || size > kTableMax / results) return c.e.Fail("the transform's length is out of range");
  std::vector<double> cosines, sines;
  for (uint64_t n = 0; n < size; ++n) {
    for (uint64_t k = 0; k < results; ++k) {
      const double angle = 2 * std::numbers::pi * static_cast<double>(n * k % size) / static_cast<double>(size);
      const double scale = inverse ? 1 / static_cast<double>(size) : 1;
      cosines.push_back(std::cos(angle) * scale);
      sines.push_back(std::sin(angle) * (inverse ? 1 : -1) * scale);
    }
  }
  const auto last = static_cast<uint32_t>(x.rank() - 1);
  Value cosine = c.e.Table(x.type, cosines, {size, results});
  Value sine = c.e.Table(x.type, sines, {size, results});
  Shape row = x.shape;
  row.pop_back();
  const Shape flat = {Product(row, 0, row.size() - 1), size};
  Value real = c.e.Reshape(c.e.At(x, last, 0), flat);
  Value out_real = c.e.MatMul(real, cosine);
  Value out_imaginary = c.e.MatMul(real, sine);
  if (x.shape.back() == 2) {
    Value imaginary = c.e.Reshape(c.e.At(x, last, 1), flat);
    out_real = c.e.Sub(out_real, c.e.MatMul(imaginary, sine));
    out_imaginary = c.e.Add(out_imaginary, c.e.MatMul(imaginary, cosine));
  }
  row.back() = results;
  row.push_back(1);
  return c.e.Concat(last, {c.e.Reshape(out_real, row), c.e.Reshape(out_imaginary, row)});
}

// Cuts or pads with zeros to `size` along a dimension.
Value FitTo(Call& c, const Value& x, uint32_t axis, int64_t size) {
  const auto now = static_cast<int64_t>(x.shape[axis]);
  if (size <= now) return c.e.Slice(x, axis, 0, size);
  PadAttributes pad;
  pad.before.resize(x.rank(), 0);
  pad.after.resize(x.rank(), 0);
  pad.after[axis] = size - now;
  return c.e.Pad(x, pad);
}

void Dft(Call& c) {
  if (!c.Need(0, 2)) return;
  Value x = c.in(0);
  const std::vector<int64_t> axis_operand = c.has(2) ? c.e.Integers(c.in(2)) : std::vector<int64_t>();
  const int64_t otherwise = c.version >= 20 ? -2 : c.Int("axis", 1);
  const uint32_t axis = c.Axis(axis_operand.empty() ? otherwise : axis_operand[0], x.rank());
  const std::vector<int64_t> length = c.has(1) ? c.e.Integers(c.in(1)) : std::vector<int64_t>();
  if (!c.e.ok()) return;
  const bool fits = axis + 1 < x.rank() && (x.shape.back() == 1 || x.shape.back() == 2) &&
                    (length.empty() || (length[0] > 0 && length[0] <= static_cast<int64_t>(kTableMax)));
  if (!fits) return (void)c.e.Fail("the axis, the length or the last dimension does not fit");
  if (!length.empty()) x = FitTo(c, x, axis, length[0]);
  const bool inverse = c.Int("inverse", 0) != 0;
  const bool onesided = c.Int("onesided", 0) != 0;
  if (inverse && onesided) return (void)c.e.Unsupported("the inverse of a one-sided transform");
  const auto before_last = static_cast<uint32_t>(x.rank() - 2);
  Value result = Transform(c, c.e.Swap(x, axis, before_last), inverse, onesided);
  if (c.e.ok()) c.Out(c.e.Swap(result, axis, before_last));
}

void Stft(Call& c) {
  if (!c.Need(0, 2) || !c.Need(1)) return;
  Value x = c.in(0);
  if (x.rank() == 2) x = c.e.Reshape(x, {x.shape[0], x.shape[1], 1});
  const std::vector<int64_t> step = c.e.Integers(c.in(1));
  const std::vector<int64_t> length = c.has(3) ? c.e.Integers(c.in(3)) : std::vector<int64_t>();
  if (!c.e.ok()) return;
  const int64_t size = !length.empty() ? length[0] : c.has(2) ? static_cast<int64_t>(c.in(2).count()) : 0;
  const auto samples = static_cast<int64_t>(x.dim(1));
  if (x.rank() != 3 || step.size() != 1 || step[0] < 1 || size < 1 || size > samples) {
    return (void)c.e.Fail("the frames do not fit the signal");
  }
  const int64_t frames = (samples - size) / step[0] + 1;
  if (static_cast<uint64_t>(frames) > kTableMax / static_cast<uint64_t>(size)) return (void)c.e.Fail("too many frames");
  std::vector<int64_t> places;
  for (int64_t f = 0; f < frames; ++f) {
    for (int64_t i = 0; i < size; ++i) places.push_back(f * step[0] + i);
  }
  const Shape shape = {static_cast<uint64_t>(frames), static_cast<uint64_t>(size)};
  Value cut = c.e.Gather(x, c.e.List<int64_t>(places, shape), 1);  // [B, F, L, 1 or 2]
  if (c.has(2)) cut = c.e.Mul(cut, c.e.Reshape(c.e.Cast(x.type, c.in(2)), {c.in(2).count(), 1}));
  if (c.e.ok()) c.Out(Transform(c, cut, false, c.Int("onesided", 1) != 0));
}

// Triangles between neighbouring points that are even on the mel scale.
std::vector<double> MelTriangles(const std::vector<double>& points, int64_t filters, int64_t bins) {
  std::vector<double> table(static_cast<size_t>(filters * bins), 0);
  auto set = [&](double bin, int64_t filter, double value) {
    if (bin >= 0 && bin < static_cast<double>(bins)) {
      table[static_cast<size_t>(static_cast<int64_t>(bin) * filters + filter)] = value;
    }
  };
  for (int64_t i = 0; i < filters; ++i) {
    const double low = points[static_cast<size_t>(i)];
    const double centre = points[static_cast<size_t>(i) + 1];
    const double high = points[static_cast<size_t>(i) + 2];
    if (centre == low) set(centre, i, 1);
    const double end = std::min(centre, static_cast<double>(bins));
    for (double j = std::max(low, 0.0); centre > low && j <= end; ++j) set(j, i, (j - low) / (centre - low));
    for (double j = std::max(centre, 0.0); j < std::min(high, static_cast<double>(bins)); ++j) {
      set(j, i, (high - j) / (high - centre));
    }
  }
  return table;
}

void MelWeightMatrix(Call& c) {
  std::vector<double> numbers;
  for (size_t i = 0; i < 5; ++i) {
    if (!c.Need(i)) return;
    const std::vector<double> number = c.e.Numbers(c.in(i));
    if (!c.e.ok()) return;
    if (number.size() != 1) return (void)c.e.Fail("an operand is not one number");
    numbers.push_back(number[0]);
  }
  const auto [filters, length, rate] = std::tuple(numbers[0], numbers[1], numbers[2]);
  if (!(filters >= 1 && filters <= 512 && length >= 1 && length <= 32768 && rate >= 1)) {
    return (void)c.e.Fail("sizes or the rate are out of range");
  }
  auto mel = [](double hertz) { return 2595 * std::log10(1 + hertz / 700); };
  const double low = mel(numbers[3]);
  const double step = (mel(numbers[4]) - low) / (filters + 2);
  std::vector<double> points;
  for (double i = 0; i < filters + 2; ++i) {
    const double hertz = 700 * (std::pow(10, (low + i * step) / 2595) - 1);
    const double point = std::floor((length + 1) * hertz / rate);
    if (!std::isfinite(point)) return (void)c.e.Fail("the edges are out of range");
    points.push_back(point);
  }
  const auto bins = static_cast<int64_t>(length) / 2 + 1;
  const ElementType type =
      ElementTypeFor(static_cast<OnnxType>(c.Int("output_datatype", 1))).value_or(ElementType::kF32);
  c.Out(c.e.Table(type, MelTriangles(points, static_cast<int64_t>(filters), bins),
                  {static_cast<uint64_t>(bins), static_cast<uint64_t>(filters)}));
}

constexpr OpEntry kOps[] = {{"DFT", Dft}, {"STFT", Stft}, {"MelWeightMatrix", MelWeightMatrix}};

}  // namespace

std::span<const OpEntry> SignalOps() { return kOps; }

}  // namespace plumb::onnx
