#include "plumb/weights/conventions.h"

#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "fmt/format.h"

namespace plumb {
namespace {

// A weight and the tensors that it takes with it.
struct Found {
  std::string_view convention;
  std::string detail;
  uint64_t parameters = 0;
};

uint64_t Dimension(const SourceTensor& tensor, size_t index) {
  return index < tensor.shape.size() ? tensor.shape[index] : 0;
}

// Finds which tensors are parts of packed weights. `X` below is what stands before a weight's suffix.
class Recogniser {
 public:
  explicit Recogniser(std::span<const SourceTensor> tensors) : tensors_(tensors) {
    for (const SourceTensor& tensor : tensors) by_name_.emplace(tensor.name, &tensor);
  }

  ConventionReport Run() {
    std::map<std::pair<std::string_view, std::string>, Convention> grouped;
    for (const SourceTensor& tensor : tensors_) {
      std::optional<Found> found = Look(tensor);
      if (!found.has_value()) continue;
      taken_.insert(tensor.name);
      Convention& convention = grouped[{found->convention, found->detail}];
      convention.name = found->convention;
      convention.detail = found->detail;
      ++convention.weights;
      convention.parameters += found->parameters;
      report_.parameters += found->parameters;
    }
    for (auto& [key, convention] : grouped) report_.conventions.push_back(std::move(convention));
    CountTheRest();
    return std::move(report_);
  }

 private:
  const SourceTensor* Find(std::string_view base, std::string_view suffix) const {
    auto found = by_name_.find(std::string(base).append(suffix));
    return found == by_name_.end() ? nullptr : found->second;
  }
  // Marks tensors beside a weight as no parameters of their own.
  void Take(std::string_view base, std::initializer_list<std::string_view> suffixes) {
    for (std::string_view suffix : suffixes) {
      if (const SourceTensor* part = Find(base, suffix)) taken_.insert(part->name);
    }
  }

  std::optional<Found> Look(const SourceTensor& tensor) {
    std::string_view name = tensor.name;
    auto base = [&](std::string_view suffix) { return name.substr(0, name.size() - suffix.size()); };
    if (name.ends_with(".qweight")) return IntegerGroups(tensor, base("qweight"));
    if (name.ends_with("_blocks")) return Mxfp4(tensor, base("_blocks"));
    if (name.ends_with("weight_packed")) return Packed(tensor, base("_packed"));
    if (name.ends_with("weight")) return Weight(tensor, name);
    return std::nullopt;
  }

  // GPTQ packs along the inputs, AWQ along the outputs, both into 32-bit words beside `qzeros` and `scales`.
  std::optional<Found> IntegerGroups(const SourceTensor& words, std::string_view base) {
    const SourceTensor* zeros = Find(base, "qzeros");
    const SourceTensor* scales = Find(base, "scales");
    bool shaped = zeros != nullptr && scales != nullptr && words.shape.size() == 2 && zeros->shape.size() == 2 &&
                  scales->shape.size() == 2 && words.dtype == DType::kI32;
    if (!shaped || Dimension(*scales, 1) == 0 || Dimension(*scales, 0) == 0) return std::nullopt;
    uint64_t outputs = Dimension(*scales, 1);
    uint64_t bits = Dimension(*zeros, 1) * 32 / outputs;
    if (bits == 0 || bits > 8) return std::nullopt;
    bool along_inputs = Dimension(words, 1) == outputs;
    if (!along_inputs && Dimension(words, 1) != Dimension(*zeros, 1)) return std::nullopt;
    uint64_t inputs = along_inputs ? Dimension(words, 0) * 32 / bits : Dimension(words, 0);
    Take(base, {"qzeros", "scales", "g_idx"});
    return Found{.convention = along_inputs ? "GPTQ" : "AWQ",
                 .detail = fmt::format("{} bits, groups of {}", bits, inputs / Dimension(*scales, 0)),
                 .parameters = inputs * outputs};
  }

  // Pairs of F4 in bytes, 32 elements to a scale of 8 bits.
  std::optional<Found> Mxfp4(const SourceTensor& blocks, std::string_view base) {
    const SourceTensor* scales = Find(base, "_scales");
    bool shaped = scales != nullptr && blocks.dtype == DType::kU8 && scales->dtype == DType::kU8 &&
                  blocks.shape.size() == scales->shape.size() + 1 && blocks.shape.back() == 16;
    if (!shaped) return std::nullopt;
    Take(base, {"_scales"});
    return Found{.convention = "MXFP4", .detail = "groups of 32", .parameters = blocks.element_count() * 2};
  }

  // What compressed-tensors calls `pack-quantized` and `nvfp4-pack-quantized`. `base` ends in `weight`.
  std::optional<Found> Packed(const SourceTensor& packed, std::string_view base) {
    const SourceTensor* scales = Find(base, "_scale");
    if (scales == nullptr || packed.shape.empty()) return std::nullopt;
    if (packed.dtype == DType::kU8 && scales->dtype == DType::kF8E4M3) {
      Take(base, {"_scale", "_global_scale"});
      Take(base.substr(0, base.size() - 6), {"input_global_scale"});
      return Found{.convention = "NVFP4", .detail = "groups of 16", .parameters = packed.element_count() * 2};
    }
    if (packed.dtype != DType::kI32) return std::nullopt;
    Take(base, {"_scale", "_shape", "_zero_point", "_g_idx"});
    // The width is in config.json; nearly always it is 4.
    return Found{
        .convention = "compressed-tensors", .detail = "packed integers", .parameters = packed.element_count() * 8};
  }

  // Weights that keep their name and have scales beside it. `base` is the whole name.
  std::optional<Found> Weight(const SourceTensor& weight, std::string_view base) {
    if (weight.dtype == DType::kU8 && Find(base, ".absmax") != nullptr) return FourBit(weight, base);
    std::string_view layer = base.substr(0, base.size() - 6);
    if (weight.dtype == DType::kI8 && Find(layer, "SCB") != nullptr) {
      Take(layer, {"SCB", "weight_format"});
      return Found{.convention = "bitsandbytes", .detail = "int8", .parameters = weight.element_count()};
    }
    bool fp8 = weight.dtype == DType::kF8E4M3 || weight.dtype == DType::kF8E5M2 || weight.dtype == DType::kF8E4M3Fnuz ||
               weight.dtype == DType::kF8E5M2Fnuz;
    if (!fp8) return std::nullopt;
    const SourceTensor* inverse = Find(base, "_scale_inv");
    const SourceTensor* scale = inverse != nullptr ? inverse : Find(base, "_scale");
    if (scale == nullptr) return std::nullopt;
    Take(base, {"_scale_inv", "_scale"});
    Take(layer, {"input_scale"});
    return Found{.convention = "FP8", .detail = ScaleShape(weight, *scale), .parameters = weight.element_count()};
  }

  std::optional<Found> FourBit(const SourceTensor& weight, std::string_view base) {
    std::string_view kind;
    for (std::string_view each : {"nf4", "fp4"}) {
      std::string state = fmt::format(".quant_state.bitsandbytes__{}", each);
      if (Find(base, state) == nullptr) continue;
      kind = each;
      Take(base, {state});
    }
    if (kind.empty()) return std::nullopt;
    bool nested = Find(base, ".nested_absmax") != nullptr;
    Take(base, {".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map"});
    return Found{.convention = "bitsandbytes",
                 .detail = fmt::format("{}{}", kind, nested ? ", scales quantised too" : ""),
                 .parameters = weight.element_count() * 2};
  }

  static std::string ScaleShape(const SourceTensor& weight, const SourceTensor& scale) {
    if (scale.element_count() == 1) return "one scale";
    bool blocks =
        weight.shape.size() == 2 && scale.shape.size() == 2 && Dimension(scale, 0) > 0 && Dimension(scale, 1) > 0;
    if (scale.element_count() == Dimension(weight, 0)) return "a scale for each row";
    if (!blocks) return "scales";
    // The last block of a row or column may be cut; blocks are powers of two.
    auto width = [&](size_t index) {
      uint64_t least = (Dimension(weight, index) + Dimension(scale, index) - 1) / Dimension(scale, index);
      uint64_t power = 1;
      while (power < least && power < (1ull << 62)) power *= 2;
      return power;
    };
    return fmt::format("blocks of {}x{}", width(0), width(1));
  }

  void CountTheRest() {
    std::set<uint32_t> storages;
    for (const SourceTensor& tensor : tensors_) {
      if (taken_.contains(tensor.name) || tensor.dtype == DType::kString) continue;
      if (tensor.shared_storage.has_value() && !storages.insert(*tensor.shared_storage).second) continue;
      report_.parameters += tensor.element_count();
    }
  }

  std::span<const SourceTensor> tensors_;
  std::unordered_map<std::string_view, const SourceTensor*> by_name_;
  std::unordered_set<std::string_view> taken_;
  ConventionReport report_;
};

}  // namespace

ConventionReport RecogniseConventions(std::span<const SourceTensor> tensors) { return Recogniser(tensors).Run(); }

}  // namespace plumb
