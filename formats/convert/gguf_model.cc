#include "plumb/convert/gguf_model.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "fmt/format.h"
#include "formats/convert/rearranged_bytes.h"
#include "plumb/base/limits.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"
#include "plumb/naming/gguf_places.h"
#include "plumb/naming/tensor_layout.h"
#include "plumb/naming/tensor_roles.h"

namespace plumb {
namespace {

constexpr std::string_view kOutput = "output.weight";
constexpr std::string_view kEmbedding = "token_embd.weight";

absl::Status Wrong(const SourceTensor& tensor, std::string_view what) {
  return InvalidArgument(fmt::format("tensor {} {}", QuoteForMessage(tensor.name), what));
}

std::string_view BytesOf(const std::vector<float>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(float)};
}

// The source with every map as [out, in].
absl::StatusOr<std::shared_ptr<const TensorSource>> WithCommonAxes(const TensorSource& source,
                                                                   const std::vector<TensorRole>& roles) {
  TensorSourceParts parts = {.format = source.format(), .files = source.files(), .tensors = source.tensors()};
  for (size_t i = 0; i < roles.size(); ++i) {
    SourceTensor& tensor = parts.tensors[i];
    if (!roles[i].layout.output_last || tensor.shape.size() != 2) continue;
    if (tensor.ranges.size() != 1) return Wrong(tensor, "lies in several pieces, and cannot be turned round");
    if (tensor.strides.empty()) tensor.strides = {tensor.shape[1], 1};
    std::swap(tensor.strides[0], tensor.strides[1]);
    std::swap(tensor.shape[0], tensor.shape[1]);
  }
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<TensorSource> made, TensorSource::New(std::move(parts)));
  return std::shared_ptr<const TensorSource>(std::move(made));
}

class Builder {
 public:
  Builder(const TensorSource& source, const GgufModelFacts& facts, std::vector<TensorRole> roles,
          std::shared_ptr<const TensorSource> common)
      : facts_(facts), roles_(std::move(roles)), common_(std::move(common)) {
    gguf_ = facts.source;
    gguf_.family = facts.architecture;
    parts_ = {.format = source.format(), .files = source.files(), .metadata = facts.keys, .notes = source.notes()};
  }

  absl::StatusOr<GgufModelTensors> Build() {
    for (size_t i = 0; i < roles_.size(); ++i) PLUMB_RETURN_IF_ERROR(Place(i));
    for (const auto& [name, experts] : experts_) PLUMB_RETURN_IF_ERROR(Stack(name, experts));
    AddOutput();
    for (const GgufTable& table : facts_.tables) AddFloats(table.name, {table.values.size()}, table.values);
    for (const SourceTensor& tensor : parts_.tensors) {
      if (tensor.shape.size() <= 1) made_.float32.insert(tensor.name);
    }
    PLUMB_ASSIGN_OR_RETURN(made_.source, TensorSource::New(std::move(parts_)));
    return std::move(made_);
  }

 private:
  absl::Status Place(size_t index) {
    const TensorRole& role = roles_[index];
    const SourceTensor& tensor = common_->tensors()[index];
    if (role.computed) return absl::OkStatus();
    const GgufPlace place = GgufPlaceOf(role, gguf_);
    if (place.left_out || (facts_.tied && place.name == kOutput)) return absl::OkStatus();
    if (!role.known) {
      return Wrong(tensor, fmt::format("is no part of a {} model that GGUF has a name for", facts_.architecture));
    }
    if (place.float32) made_.float32.insert(place.name);
    if (role.expert) {
      experts_[place.name].emplace(*role.expert, &tensor);
      return absl::OkStatus();
    }
    SourceTensor made = tensor;
    made.name = place.name;
    if (place.whole_gain) return AddGain(tensor, std::move(made));
    PLUMB_RETURN_IF_ERROR(OrderRows(role.layout, place.layout, tensor, &made));
    parts_.tensors.push_back(std::move(made));
    return absl::OkStatus();
  }

  // Has `made` read the tensor's rows in the order of `to` where they stand in that of `from`.
  absl::Status OrderRows(TensorLayout from, const TensorLayout& to, const SourceTensor& tensor, SourceTensor* made) {
    from.output_last = false;
    if (from.rows == to.rows) return absl::OkStatus();
    const uint64_t count = tensor.shape.empty() ? 1 : tensor.shape[0];
    if (count > limits::kModelWidthMax || !RowsFit(from, count) || !RowsFit(to, count)) {
      return Wrong(tensor, fmt::format("has {} rows, which the config's heads do not divide", count));
    }
    std::vector<uint32_t> rows(count);
    for (uint64_t row = 0; row < count; ++row) {
      rows[StoredRow(to, row, count)] = static_cast<uint32_t>(StoredRow(from, row, count));
    }
    const uint64_t size = tensor.size_bytes();
    if (size == 0) return absl::OkStatus();
    ReadFrom(std::make_shared<RearrangedBytes>(common_, &tensor, std::move(rows), size / count), size, made);
    return absl::OkStatus();
  }

  absl::Status AddGain(const SourceTensor& tensor, SourceTensor made) {
    if (tensor.element_count() > limits::kModelWidthMax) return Wrong(tensor, "is too large for a gain");
    std::vector<float> values(tensor.element_count());
    PLUMB_RETURN_IF_ERROR(common_->ReadF32(tensor, 0, values));
    for (float& value : values) value += 1;
    AddFloats(made.name, tensor.shape, values);
    return absl::OkStatus();
  }

  // One tensor [experts, out, in] of all of them.
  absl::Status Stack(const std::string& name, const std::map<uint64_t, const SourceTensor*>& experts) {
    const SourceTensor& first = *experts.begin()->second;
    SourceTensor made = {.name = name, .dtype = first.dtype, .shape = first.shape, .big_endian = first.big_endian};
    made.shape.insert(made.shape.begin(), experts.size());
    for (const auto& [number, tensor] : experts) {
      if (number >= experts.size()) return Wrong(*tensor, fmt::format("is one of {} experts", experts.size()));
      if (tensor->shape != first.shape || tensor->dtype != first.dtype || tensor->big_endian != first.big_endian) {
        return Wrong(*tensor, fmt::format("has another shape or type than {}", QuoteForMessage(first.name)));
      }
      if (!tensor->strides.empty()) return Wrong(*tensor, "is an expert that does not lie densely");
      made.ranges.insert(made.ranges.end(), tensor->ranges.begin(), tensor->ranges.end());
    }
    parts_.tensors.push_back(std::move(made));
    return absl::OkStatus();
  }

  void AddOutput() {
    if (!facts_.needs_output) return;
    const SourceTensor* embedding = nullptr;
    for (const SourceTensor& tensor : parts_.tensors) {
      if (tensor.name == kOutput) return;
      if (tensor.name == kEmbedding) embedding = &tensor;
    }
    if (embedding == nullptr) return;
    SourceTensor output = *embedding;
    output.name = kOutput;
    parts_.tensors.push_back(std::move(output));
  }

  void AddFloats(const std::string& name, std::vector<uint64_t> shape, const std::vector<float>& values) {
    SourceTensor made = {.name = name, .dtype = DType::kF32, .shape = std::move(shape)};
    ReadFrom(MemoryByteSource(std::string(BytesOf(values))), values.size() * sizeof(float), &made);
    parts_.tensors.push_back(std::move(made));
  }

  void ReadFrom(std::shared_ptr<const ByteSource> bytes, uint64_t size, SourceTensor* made) {
    made->strides.clear();
    made->shared_storage.reset();
    made->big_endian = false;
    made->ranges = {{static_cast<uint32_t>(parts_.files.size()), 0, size}};
    parts_.files.push_back({.path = made->name, .bytes = std::move(bytes), .unpacked = true});
  }

  const GgufModelFacts& facts_;
  const std::vector<TensorRole> roles_;
  const std::shared_ptr<const TensorSource> common_;
  ModelFacts gguf_;
  std::map<std::string, std::map<uint64_t, const SourceTensor*>> experts_;
  TensorSourceParts parts_;
  GgufModelTensors made_;
};

}  // namespace

absl::StatusOr<GgufModelTensors> LayOutGgufModel(const TensorSource& source, const GgufModelFacts& facts) {
  std::vector<const SourceTensor*> tensors;
  for (const SourceTensor& tensor : source.tensors()) tensors.push_back(&tensor);
  std::vector<TensorRole> roles = RolesOf(tensors, facts.source);
  PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const TensorSource> common, WithCommonAxes(source, roles));
  return Builder(source, facts, std::move(roles), std::move(common)).Build();
}

}  // namespace plumb
