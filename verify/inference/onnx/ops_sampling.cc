// Sampling images at given places.
#include <algorithm>
#include <cmath>

#include "fmt/format.h"
#include "verify/inference/onnx/call.h"

namespace plumb::onnx {
namespace {

using F = UnaryFunction;

enum class Outside { kZeros, kBorder, kReflection };

// Samples of x [B, C, H, W] at coordinates [B, P] in pixels.
class Sampler {
 public:
  Sampler(Call& c, const Value& x, Outside outside, bool corners)
      : c_(c), e_(c.e), x_(x), outside_(outside), corners_(corners) {}

  // A coordinate brought inside, by the rule for what lies outside; unchanged where that is zeros.
  Value Inside(const Value& at, uint64_t size) {
    const double last = static_cast<double>(size) - 1;
    Value result = at;
    if (outside_ == Outside::kReflection) result = Reflect(at, size);
    if (outside_ == Outside::kZeros) return at;
    return e_.Min(e_.Max(result, e_.Scalar(at.type, 0)), e_.Scalar(at.type, last));
  }

  // The pixels at whole coordinates, [B, C, P]; zero outside the image.
  Value Pixels(const Value& column, const Value& row) {
    const auto width = static_cast<double>(x_.shape[3]);
    const auto height = static_cast<double>(x_.shape[2]);
    auto within = [&](const Value& at, double size) {
      Value low = e_.Binary(BinaryFunction::kLessOrEqual, e_.Scalar(at.type, 0), at);
      return e_.And(low, e_.Less(at, e_.Scalar(at.type, size)));
    };
    auto clamp = [&](const Value& at, double size) {
      return e_.Cast(ElementType::kI64, e_.Min(e_.Max(at, e_.Scalar(at.type, 0)), e_.Scalar(at.type, size - 1)));
    };
    Value inside = e_.And(within(column, width), within(row, height));
    Value ids = e_.Add(e_.Mul(clamp(row, height), width), clamp(column, width));
    const Shape places = ids.shape;
    if (places.size() != 2) return e_.Fail("places are not two-dimensional");
    const Shape shape = {places[0], x_.shape[1], places[1]};
    ids = e_.Expand(e_.Reshape(ids, {places[0], 1, places[1]}), shape);
    Value flat = e_.Reshape(x_, {x_.shape[0], x_.shape[1], x_.shape[2] * x_.shape[3]});
    Value pixels = e_.Append(OpKind::kGatherElements, {flat, ids}, AxisAttributes{2});
    return e_.Where(e_.Reshape(inside, {places[0], 1, places[1]}), pixels, e_.Scalar(x_.type, 0));
  }

  Value Nearest(const Value& column, const Value& row) {
    return Pixels(e_.Unary(F::kRound, Inside(column, x_.shape[3])), e_.Unary(F::kRound, Inside(row, x_.shape[2])));
  }

  Value Linear(const Value& column, const Value& row) {
    Value x = Inside(column, x_.shape[3]);
    Value y = Inside(row, x_.shape[2]);
    Value left = e_.Unary(F::kFloor, x);
    Value top = e_.Unary(F::kFloor, y);
    Value right_share = Row(e_.Sub(x, left));
    Value bottom_share = Row(e_.Sub(y, top));
    auto mix = [&](const Value& a, const Value& b, const Value& share) {
      return e_.Add(a, e_.Mul(e_.Sub(b, a), share));
    };
    Value right = e_.Add(left, 1);
    Value bottom = e_.Add(top, 1);
    return mix(mix(Pixels(left, top), Pixels(right, top), right_share),
               mix(Pixels(left, bottom), Pixels(right, bottom), right_share), bottom_share);
  }

  Value Cubic(const Value& column, const Value& row) {
    Value left = e_.Unary(F::kFloor, column);
    Value top = e_.Unary(F::kFloor, row);
    const std::vector<Value> across = CubicShares(e_.Sub(column, left));
    const std::vector<Value> down = CubicShares(e_.Sub(row, top));
    Value sum;
    for (int j = 0; j < 4 && e_.ok(); ++j) {
      Value line;
      Value y = Inside(e_.Add(top, j - 1), x_.shape[2]);
      for (int i = 0; i < 4; ++i) {
        Value x = Inside(e_.Add(left, i - 1), x_.shape[3]);
        Value term = e_.Mul(Pixels(x, y), across[static_cast<size_t>(i)]);
        line = line.present ? e_.Add(line, term) : term;
      }
      line = e_.Mul(line, down[static_cast<size_t>(j)]);
      sum = sum.present ? e_.Add(sum, line) : line;
    }
    return sum;
  }

 private:
  Value Row(const Value& x) { return x.rank() == 2 ? e_.Reshape(x, {x.shape[0], 1, x.shape[1]}) : x; }

  Value Reflect(const Value& at, uint64_t size) {
    const double low = corners_ ? 0 : -0.5;
    const double span = corners_ ? static_cast<double>(size) - 1 : static_cast<double>(size);
    if (span <= 0) return e_.Mul(at, 0);
    Value distance = e_.Unary(F::kAbs, e_.Sub(at, low));
    Value rest = e_.Binary(BinaryFunction::kFmod, distance, e_.Scalar(at.type, span));
    Value flips = e_.Unary(F::kFloor, e_.Div(distance, span));
    Value odd = e_.Binary(BinaryFunction::kFmod, flips, e_.Scalar(at.type, 2));
    Value back = e_.Sub(e_.Scalar(at.type, span + low), rest);
    return e_.Where(e_.Less(odd, e_.Scalar(at.type, 0.5)), e_.Add(rest, low), back);
  }

  // Shares of the pixels at -1, 0, 1 and 2 for a place `t` after pixel 0.
  std::vector<Value> CubicShares(const Value& t) {
    constexpr double kA = -0.75;
    auto near = [&](const Value& d) {  // |d| <= 1
      return e_.Add(e_.Mul(e_.Sub(e_.Mul(d, kA + 2), kA + 3), e_.Mul(d, d)), 1);
    };
    auto far = [&](const Value& d) {  // 1 < |d| < 2
      return e_.Sub(e_.Mul(e_.Add(e_.Mul(e_.Sub(e_.Mul(d, kA), 5 * kA), d), 8 * kA), d), 4 * kA);
    };
    Value one = e_.Scalar(t.type, 1);
    Value two = e_.Scalar(t.type, 2);
    return {Row(far(e_.Add(t, 1))), Row(near(t)), Row(near(e_.Sub(one, t))), Row(far(e_.Sub(two, t)))};
  }

  Call& c_;
  Emitter& e_;
  const Value& x_;
  Outside outside_;
  bool corners_;
};

// Places from -1 to 1 as pixels.
Value ToPixels(Call& c, const Value& at, uint64_t size, bool corners) {
  const auto count = static_cast<double>(size);
  Value moved = c.e.Add(at, 1);
  return corners ? c.e.Mul(moved, (count - 1) / 2) : c.e.Sub(c.e.Mul(moved, count / 2), 0.5);
}

void GridSample(Call& c) {
  if (!c.Need(0, 4) || !c.Need(1, 4)) return;
  const Value& x = c.in(0);
  const Shape& grid = c.in(1).shape;
  if (x.rank() != 4 || grid.size() != 4) return (void)c.e.Unsupported("samples volumes");
  if (grid[3] != 2 || grid[0] != x.shape[0] || x.shape[2] == 0 || x.shape[3] == 0) {
    return (void)c.e.Fail("the grid does not fit");
  }
  const std::string_view padding = c.Text("padding_mode", "zeros");
  const Outside outside = padding == "border"       ? Outside::kBorder
                          : padding == "reflection" ? Outside::kReflection
                                                    : Outside::kZeros;
  const bool corners = c.Int("align_corners", 0) != 0;
  Value places = c.e.Reshape(c.e.Cast(x.type, c.in(1)), {grid[0], grid[1] * grid[2], 2});
  Value column = ToPixels(c, c.e.At(places, 2, 0), x.shape[3], corners);
  Value row = ToPixels(c, c.e.At(places, 2, 1), x.shape[2], corners);
  Sampler sampler(c, x, outside, corners);
  const std::string_view mode = c.Text("mode", "bilinear");
  Value result = mode == "nearest"                      ? sampler.Nearest(column, row)
                 : mode == "bicubic" || mode == "cubic" ? sampler.Cubic(column, row)
                                                        : sampler.Linear(column, row);
  c.Out(c.e.Reshape(result, {x.shape[0], x.shape[1], grid[1], grid[2]}));
}

// One region: its corner, the size of its bins, and how many samples a bin takes each way.
struct Region {
  double x, y, bin_width, bin_height;
  int64_t across, down;
};

// Places and shares of the four pixels around each sample of each bin.
void SampleBin(const Region& region, double column, double row, const Shape& image, std::vector<int64_t>& ids,
               std::vector<double>& shares) {
  const auto height = static_cast<double>(image[2]);
  const auto width = static_cast<double>(image[3]);
  for (int64_t j = 0; j < region.down; ++j) {
    for (int64_t i = 0; i < region.across; ++i) {
      double y =
          region.y + (row + (static_cast<double>(j) + 0.5) / static_cast<double>(region.down)) * region.bin_height;
      double x =
          region.x + (column + (static_cast<double>(i) + 0.5) / static_cast<double>(region.across)) * region.bin_width;
      const bool inside = y >= -1 && y <= height && x >= -1 && x <= width;
      y = inside ? std::clamp(y, 0.0, height - 1) : 0;
      x = inside ? std::clamp(x, 0.0, width - 1) : 0;
      const double top = std::floor(y);
      const double left = std::floor(x);
      const double bottom = std::min(top + 1, height - 1);
      const double right = std::min(left + 1, width - 1);
      for (bool lower : {false, true}) {
        for (bool righter : {false, true}) {
          const double share = (lower ? y - top : 1 - (y - top)) * (righter ? x - left : 1 - (x - left));
          ids.push_back(static_cast<int64_t>((lower ? bottom : top) * width + (righter ? right : left)));
          shares.push_back(inside ? share : 0);
        }
      }
    }
  }
}

Value AlignRegion(Call& c, const Region& region, const Value& plane, const Shape& image, uint64_t rows,
                  uint64_t columns) {
  std::vector<int64_t> ids;
  std::vector<double> shares;
  for (uint64_t row = 0; row < rows; ++row) {
    for (uint64_t column = 0; column < columns; ++column) {
      SampleBin(region, static_cast<double>(column), static_cast<double>(row), image, ids, shares);
    }
  }
  const Shape parts = {rows, columns, static_cast<uint64_t>(region.down * region.across * 4)};
  Value pixels = c.e.Gather(plane, c.e.List<int64_t>(ids, parts), 1);
  Value weighted = c.e.Mul(pixels, c.e.Table(plane.type, shares, parts));
  if (c.Text("mode", "avg") == "max") return c.e.Reduce(ReduceFunction::kMax, weighted, {3}, false);
  return c.e.Div(c.e.Sum(weighted, {3}, false), static_cast<double>(region.down * region.across));
}

// The region that a row of `rois` names.
Region MakeRegion(Call& c, const std::vector<double>& rois, size_t row, double columns, double rows) {
  const double scale = c.Float("spatial_scale", 1);
  const bool half = c.version >= 16 && c.Text("coordinate_transformation_mode", "half_pixel") == "half_pixel";
  const double offset = half ? 0.5 : 0;
  Region region = {rois[4 * row] * scale - offset, rois[4 * row + 1] * scale - offset, 0, 0, 0, 0};
  double width = rois[4 * row + 2] * scale - offset - region.x;
  double height = rois[4 * row + 3] * scale - offset - region.y;
  if (!half) {
    width = std::max(width, 1.0);
    height = std::max(height, 1.0);
  }
  region.bin_width = width / columns;
  region.bin_height = height / rows;
  const int64_t ratio = c.Int("sampling_ratio", 0);
  constexpr double kSamplesMax = 64;
  auto samples = [&](double bin) {
    return static_cast<int64_t>(ratio > 0 ? std::min<double>(static_cast<double>(ratio), kSamplesMax)
                                          : std::fmin(std::fmax(std::ceil(bin), 1.0), kSamplesMax));  // NaN: 1.
  };
  region.across = samples(region.bin_width);
  region.down = samples(region.bin_height);
  return region;
}

void RoiAlign(Call& c) {
  if (!c.Need(0, 4) || !c.Need(1, 2) || !c.Need(2, 1)) return;
  const Value& x = c.in(0);
  const std::vector<double> rois = c.e.Numbers(c.in(1));
  const std::vector<int64_t> images = c.e.Integers(c.in(2));
  const int64_t rows = c.Int("output_height", 1);
  const int64_t columns = c.Int("output_width", 1);
  if (!c.e.ok()) return;
  const bool sized = rows >= 1 && rows <= 1024 && columns >= 1 && columns <= 1024 && x.rank() == 4 &&
                     x.shape[2] * x.shape[3] > 0 && rois.size() == 4 * images.size() && !images.empty();
  if (!sized) return (void)c.e.Fail("regions or sizes do not fit");
  // Of all regions, since their tables stand in the graph. A thousand regions of 14 x 14 bins have 800,000.
  constexpr int64_t kSamplesMax = 1 << 21;
  int64_t samples = 0;
  std::vector<Value> results;
  for (size_t i = 0; i < images.size() && c.e.ok(); ++i) {
    const Region region = MakeRegion(c, rois, i, static_cast<double>(columns), static_cast<double>(rows));
    samples += rows * columns * region.across * region.down;
    if (samples > kSamplesMax) return (void)c.e.Fail("there are too many samples");
    if (!std::isfinite(region.bin_width) || !std::isfinite(region.bin_height) || images[i] < 0 ||
        static_cast<uint64_t>(images[i]) >= x.shape[0]) {
      return (void)c.e.Fail("a region is not finite or of no image");
    }
    Value plane = c.e.Reshape(c.e.At(x, 0, images[i]), {x.shape[1], x.shape[2] * x.shape[3]});
    Value result = AlignRegion(c, region, plane, x.shape, static_cast<uint64_t>(rows), static_cast<uint64_t>(columns));
    results.push_back(
        c.e.Reshape(result, {1, x.shape[1], static_cast<uint64_t>(rows), static_cast<uint64_t>(columns)}));
  }
  c.Out(c.e.Concat(0, results));
}

constexpr OpEntry kOps[] = {{"GridSample", GridSample}, {"RoiAlign", RoiAlign}};

}  // namespace

std::span<const OpEntry> SamplingOps() { return kOps; }

}  // namespace plumb::onnx
