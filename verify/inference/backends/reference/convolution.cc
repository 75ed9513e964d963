#include <algorithm>
#include <vector>

#include "verify/inference/backends/reference/kernels.h"
#include "verify/inference/backends/reference/matrix_product.h"
#include "verify/inference/backends/reference/parallel.h"
#include "verify/inference/backends/reference/strides.h"
#include "verify/inference/backends/reference/typed.h"

namespace plumb::reference {
namespace {

Shape Spatial(const Shape& shape) { return {shape.begin() + 2, shape.end()}; }

uint64_t CountOf(const Shape& shape) { return OuterCount(shape, shape.size()); }

// For every pair of a place and a kernel element: which operand element they meet, or -1 outside. [places, kernel].
std::vector<int64_t> Meetings(const WindowAttributes& window, const Shape& places, const Shape& kernel,
                              const Shape& from) {
  const std::vector<uint64_t> strides = DenseStrides(from);
  std::vector<int64_t> meetings;
  meetings.reserve(CountOf(places) * CountOf(kernel));
  Odometer place(places);
  for (uint64_t p = 0; p < CountOf(places); ++p, place.Next()) {
    Odometer tap(kernel);
    for (uint64_t k = 0; k < CountOf(kernel); ++k, tap.Next()) {
      int64_t source = 0;
      for (size_t d = 0; d < from.size() && source >= 0; ++d) {
        const int64_t at = static_cast<int64_t>(place.index()[d] * window.strides[d]) - window.pads_before[d] +
                           static_cast<int64_t>(tap.index()[d] * window.dilations[d]);
        const bool inside = at >= 0 && at < static_cast<int64_t>(from[d]);
        source = inside ? source + at * static_cast<int64_t>(strides[d]) : -1;
      }
      meetings.push_back(source);
    }
  }
  return meetings;
}

template <typename T>
void ConvAs(const WindowAttributes& window, Operands operands, HostOutput output) {
  const Shape& x_shape = *operands[0].shape;
  const Shape& w_shape = *operands[1].shape;
  const Shape kernel = Spatial(w_shape);
  const Shape places = Spatial(*output.shape);
  const std::vector<int64_t> meetings = Meetings(window, places, kernel, Spatial(x_shape));
  const T* x = ElementsOf<T>(operands[0].view).data();
  const T* w = ElementsOf<T>(operands[1].view).data();
  const T* bias = operands.size() > 2 ? ElementsOf<T>(operands[2].view).data() : nullptr;
  T* out = reinterpret_cast<T*>(output.bytes.data());
  const uint64_t taps = CountOf(kernel);
  const uint64_t place_count = CountOf(places);
  const uint64_t plane = CountOf(Spatial(x_shape));
  const uint64_t channels = w_shape[1];
  const uint64_t filters_per_group = w_shape[0] / window.groups;
  const double work = static_cast<double>(output.bytes.size() / sizeof(T)) * static_cast<double>(channels * taps);
  ParallelFor(x_shape[0] * w_shape[0], work, [&](uint64_t begin, uint64_t end) {
    std::vector<Wide<T>> sums(place_count);
    for (uint64_t i = begin; i < end; ++i) {
      const uint64_t filter = i % w_shape[0];
      const uint64_t batch = i / w_shape[0];
      std::fill(sums.begin(), sums.end(), Wide<T>{0});
      for (uint64_t c = 0; c < channels; ++c) {
        const T* from = x + (batch * x_shape[1] + filter / filters_per_group * channels + c) * plane;
        const T* row = w + (filter * channels + c) * taps;
        for (uint64_t p = 0; p < place_count; ++p) {
          for (uint64_t k = 0; k < taps; ++k) {
            const int64_t at = meetings[p * taps + k];
            if (at >= 0) sums[p] += static_cast<Wide<T>>(from[at]) * static_cast<Wide<T>>(row[k]);
          }
        }
      }
      for (uint64_t p = 0; p < place_count; ++p) {
        if (bias != nullptr) sums[p] += static_cast<Wide<T>>(bias[filter]);
        out[i * place_count + p] = static_cast<T>(sums[p]);
      }
    }
  });
}

// Convolution as products: for each image and group, the filters [filters, channels * taps] times what each place sees,
// [channels * taps, places], gathered for as many places at a time as fit a block.
class ConvByProducts {
 public:
  ConvByProducts(const WindowAttributes& window, Operands operands, HostOutput output)
      : operands_(operands),
        output_(output),
        plane_(CountOf(Spatial(*operands[0].shape))),
        places_(CountOf(Spatial(*output.shape))),
        taps_(CountOf(Spatial(*operands[1].shape))),
        channels_((*operands[1].shape)[1]),
        filters_((*operands[1].shape)[0] / window.groups),
        groups_(window.groups) {
    if (!SeesItself(window)) {
      meetings_ = Meetings(window, Spatial(*output.shape), Spatial(*operands[1].shape), Spatial(*operands[0].shape));
    }
  }

  void Run() {
    constexpr uint64_t kBlockElements = 1 << 21;
    const uint64_t depth = channels_ * taps_;
    const uint64_t block =
        meetings_.empty() ? places_ : std::max<uint64_t>(kBlockElements / std::max<uint64_t>(depth, 1), 64);
    for (uint64_t image = 0; image < (*output_.shape)[0]; ++image) {
      for (uint64_t group = 0; group < groups_; ++group) {
        for (uint64_t begin = 0; begin < places_; begin += block) {
          Multiply(image, group, begin, std::min(begin + block, places_));
        }
      }
    }
  }

 private:
  // Every place sees one element, its own: nothing needs gathering.
  bool SeesItself(const WindowAttributes& window) const {
    auto all = [](const auto& values, auto value) {
      return std::all_of(values.begin(), values.end(), [&](auto v) { return v == value; });
    };
    return taps_ == 1 && places_ == plane_ && all(window.strides, uint64_t{1}) && all(window.pads_before, int64_t{0}) &&
           all(window.pads_after, int64_t{0});
  }

  void Multiply(uint64_t image, uint64_t group, uint64_t begin, uint64_t end) {
    const uint64_t depth = channels_ * taps_;
    const uint64_t filter = group * filters_;
    const float* x = operands_[0].values.data() + (image * groups_ + group) * channels_ * plane_;
    const Matrix w = {operands_[1].values.data() + filter * depth, filters_, depth, depth, 1};
    ProductTarget target = {.data = output_.values.data() + (image * groups_ * filters_ + filter) * places_ + begin,
                            .row_stride = places_,
                            .row_bias = operands_.size() > 2 ? operands_[2].values.data() + filter : nullptr};
    if (meetings_.empty()) {
      MultiplyMatrices(w, {x, depth, places_, plane_, 1}, target);
      return;
    }
    const uint64_t count = end - begin;
    seen_.resize(depth * count);
    ParallelFor(depth, static_cast<double>(seen_.size()), [&](uint64_t first, uint64_t last) {
      for (uint64_t row = first; row < last; ++row) {
        const float* from = x + row / taps_ * plane_;
        const int64_t* meeting = meetings_.data() + begin * taps_ + row % taps_;
        float* to = seen_.data() + row * count;
        for (uint64_t p = 0; p < count; ++p) {
          const int64_t at = meeting[p * taps_];
          to[p] = at < 0 ? 0 : from[at];
        }
      }
    });
    MultiplyMatrices(w, {seen_.data(), depth, count, count, 1}, target);
  }

  const Operands operands_;
  const HostOutput output_;
  const uint64_t plane_;
  const uint64_t places_;
  const uint64_t taps_;
  const uint64_t channels_;
  const uint64_t filters_;  // Of each group, as are the channels.
  const uint64_t groups_;
  std::vector<int64_t> meetings_;
  std::vector<float> seen_;
};

// The adjoint of a convolution from the result's places to the operand's: each operand element spreads one filter.
template <typename T>
void ConvTransposeAs(const WindowAttributes& window, Operands operands, HostOutput output) {
  const Shape& x_shape = *operands[0].shape;
  const Shape& w_shape = *operands[1].shape;
  const Shape kernel = Spatial(w_shape);
  const std::vector<int64_t> meetings = Meetings(window, Spatial(x_shape), kernel, Spatial(*output.shape));
  const T* x = ElementsOf<T>(operands[0].view).data();
  const T* w = ElementsOf<T>(operands[1].view).data();
  const T* bias = operands.size() > 2 ? ElementsOf<T>(operands[2].view).data() : nullptr;
  T* out = reinterpret_cast<T*>(output.bytes.data());
  const uint64_t taps = CountOf(kernel);
  const uint64_t plane = CountOf(Spatial(x_shape));
  const uint64_t out_plane = CountOf(Spatial(*output.shape));
  const uint64_t group_channels = x_shape[1] / window.groups;
  const uint64_t group_filters = w_shape[1];
  const uint64_t filters = group_filters * window.groups;
  const double work = static_cast<double>(CountOf(x_shape)) * static_cast<double>(group_filters * taps);
  ParallelFor(x_shape[0] * filters, work, [&](uint64_t begin, uint64_t end) {
    std::vector<Wide<T>> sums(out_plane);
    for (uint64_t i = begin; i < end; ++i) {
      const uint64_t filter = i % filters;
      const uint64_t batch = i / filters;
      const uint64_t group = filter / group_filters;
      std::fill(sums.begin(), sums.end(), bias != nullptr ? static_cast<Wide<T>>(bias[filter]) : Wide<T>{0});
      for (uint64_t c = 0; c < group_channels; ++c) {
        const uint64_t channel = group * group_channels + c;
        const T* from = x + (batch * x_shape[1] + channel) * plane;
        const T* row = w + (channel * group_filters + filter % group_filters) * taps;
        for (uint64_t p = 0; p < plane; ++p) {
          for (uint64_t k = 0; k < taps; ++k) {
            const int64_t at = meetings[p * taps + k];
            if (at >= 0)
              sums[static_cast<uint64_t>(at)] += static_cast<Wide<T>>(from[p]) * static_cast<Wide<T>>(row[k]);
          }
        }
      }
      for (uint64_t p = 0; p < out_plane; ++p) out[i * out_plane + p] = static_cast<T>(sums[p]);
    }
  });
}

// One window of one plane.
template <typename T>
class PoolWindow {
 public:
  PoolWindow(const PoolAttributes& pool, std::span<const int64_t> meetings, const T* plane)
      : pool_(pool), meetings_(meetings), plane_(plane) {}

  // Place of the largest element, or -1 when the window holds none.
  int64_t Largest() const {
    int64_t best = -1;
    for (int64_t at : meetings_) {
      if (at < 0) continue;
      if (best < 0 || Beats(static_cast<Wide<T>>(plane_[at]), static_cast<Wide<T>>(plane_[best]))) best = at;
    }
    return best;
  }
  Wide<T> Mean(uint64_t counted) const {
    Wide<T> sum = 0;
    uint64_t inside = 0;
    for (int64_t at : meetings_) {
      if (at < 0) continue;
      sum += static_cast<Wide<T>>(plane_[at]);
      ++inside;
    }
    const uint64_t divisor = pool_.count_padding ? counted : inside;
    return divisor == 0 ? Wide<T>{0} : sum / static_cast<Wide<T>>(divisor);
  }

 private:
  static bool Beats(Wide<T> value, Wide<T> best) {
    if constexpr (kIsFloatStorage<T>) {
      if (std::isnan(best)) return false;
      if (std::isnan(value)) return true;
    }
    return value > best;
  }
  const PoolAttributes& pool_;
  std::span<const int64_t> meetings_;
  const T* plane_;
};

// Elements of each window that lie inside the operand or its declared padding.
std::vector<uint64_t> CountedElements(const WindowAttributes& window, const Shape& places, const Shape& from) {
  std::vector<uint64_t> counted;
  Odometer place(places);
  for (uint64_t p = 0; p < CountOf(places); ++p, place.Next()) {
    uint64_t count = 1;
    for (size_t d = 0; d < from.size(); ++d) {
      uint64_t along = 0;
      const int64_t end = static_cast<int64_t>(from[d]) + window.pads_before[d] + window.pads_after[d];
      for (uint64_t k = 0; k < window.kernel[d]; ++k) {
        along += static_cast<int64_t>(place.index()[d] * window.strides[d] + k * window.dilations[d]) < end ? 1 : 0;
      }
      count *= along;
    }
    counted.push_back(count);
  }
  return counted;
}

template <typename T>
void PoolAs(const PoolAttributes& pool, Operands operands, HostOutput output) {
  const Shape from = Spatial(*operands[0].shape);
  const Shape places = Spatial(*output.shape);
  const std::vector<int64_t> meetings = Meetings(pool.window, places, pool.window.kernel, from);
  const std::vector<uint64_t> counted = CountedElements(pool.window, places, from);
  const T* x = ElementsOf<T>(operands[0].view).data();
  const uint64_t taps = CountOf(pool.window.kernel);
  const uint64_t plane = CountOf(from);
  const uint64_t planes = (*output.shape)[0] * (*output.shape)[1];
  for (uint64_t i = 0; i < planes; ++i) {
    for (uint64_t p = 0; p < counted.size(); ++p) {
      PoolWindow<T> window(pool, std::span(meetings).subspan(p * taps, taps), x + i * plane);
      const uint64_t to = i * counted.size() + p;
      if (pool.kind == PoolKind::kMean) {
        reinterpret_cast<T*>(output.bytes.data())[to] = static_cast<T>(window.Mean(counted[p]));
        continue;
      }
      const int64_t best = window.Largest();
      if (pool.places) {
        output.As<int64_t>()[to] = best + static_cast<int64_t>(i * plane);
      } else if (best >= 0) {
        reinterpret_cast<T*>(output.bytes.data())[to] = x[i * plane + static_cast<uint64_t>(best)];
      } else if constexpr (kIsFloatStorage<T>) {
        reinterpret_cast<T*>(output.bytes.data())[to] = static_cast<T>(-std::numeric_limits<double>::infinity());
      } else {
        reinterpret_cast<T*>(output.bytes.data())[to] = std::numeric_limits<T>::min();
      }
    }
  }
}

}  // namespace

void Conv(const WindowAttributes& attributes, Operands operands, HostOutput output) {
  // Too few filters do not fill a tile of the product.
  constexpr uint64_t kFiltersMin = 4;
  if (output.bytes.empty()) return;
  if (output.type == ElementType::kF32 && (*operands[1].shape)[0] / attributes.groups >= kFiltersMin) {
    ConvByProducts(attributes, operands, output).Run();
    return;
  }
  VisitType(output.type, [&]<typename T>(Tag<T>) { ConvAs<T>(attributes, operands, output); });
}

void ConvTranspose(const WindowAttributes& attributes, Operands operands, HostOutput output) {
  VisitType(output.type, [&]<typename T>(Tag<T>) { ConvTransposeAs<T>(attributes, operands, output); });
}

void Pool(const PoolAttributes& attributes, Operands operands, HostOutput output) {
  VisitType(operands[0].view.type, [&]<typename T>(Tag<T>) { PoolAs<T>(attributes, operands, output); });
}

}  // namespace plumb::reference
