#include <algorithm>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "plumb/inference/architecture.h"

namespace plumb {
namespace {

constexpr size_t kDifferencesNamedMax = 10;

// Collects differences; keeps the first few in words.
class Differences {
 public:
  void Add(std::string text) {
    if (++count_ <= kDifferencesNamedMax) texts_.push_back(std::move(text));
  }
  absl::Status ToStatus() const {
    if (count_ == 0) return absl::OkStatus();
    std::string more = count_ > texts_.size() ? fmt::format("; and {} more", count_ - texts_.size()) : "";
    return WithErrorClass(
        InvalidArgument(fmt::format("tensors are not what the config implies: {}{}", fmt::join(texts_, "; "), more)),
        ErrorClass::kPolicy);
  }

 private:
  size_t count_ = 0;
  std::vector<std::string> texts_;
};

bool IsReadableFloat(DType dtype) {
  return dtype == DType::kF64 || dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16;
}

void CheckOne(const TensorInfo& tensor, const Shape& shape, Differences& differences) {
  if (tensor.shape != shape) {
    differences.Add(
        fmt::format("\"{}\" has shape {}, expected {}", tensor.name, ShapeText(tensor.shape), ShapeText(shape)));
  }
  if (!IsReadableFloat(tensor.dtype)) {
    differences.Add(
        fmt::format("\"{}\" has dtype {}, expected F32, F16, BF16 or F64", tensor.name, DTypeName(tensor.dtype)));
  }
}

// The tensor's name without the model's prefix, and with its ending as it is today.
std::string Bare(std::string_view name, const TensorRules& rules) {
  for (const std::string& prefix : rules.prefixes) {
    if (name.starts_with(prefix)) {
      name.remove_prefix(prefix.size());
      break;
    }
  }
  for (const auto& [old, now] : rules.old_endings) {
    if (name.ends_with(old)) return std::string(name.substr(0, name.size() - old.size())).append(now);
  }
  return std::string(name);
}

}  // namespace

absl::StatusOr<TensorBinding> BindTensors(const Model& model, const std::vector<const TensorInfo*>& found) {
  const TensorRules& rules = model.tensors();
  Differences differences;
  std::map<std::string, const TensorInfo*, std::less<>> by_name;
  for (const TensorInfo* tensor : found) {
    auto [known, added] = by_name.emplace(Bare(tensor->name, rules), tensor);
    if (!added) differences.Add(fmt::format("\"{}\" and \"{}\" are both present", known->second->name, tensor->name));
  }
  TensorBinding binding;
  std::map<std::string_view, const Shape*> shapes;
  for (const ExpectedTensor& expected : rules.required) {
    shapes[expected.name] = &expected.shape;
    auto tensor = by_name.find(expected.name);
    if (tensor == by_name.end()) {
      differences.Add(fmt::format("\"{}\" {} is missing", expected.name, ShapeText(expected.shape)));
      continue;
    }
    CheckOne(*tensor->second, expected.shape, differences);
    binding.tensors.emplace(expected.name, tensor->second);
    by_name.erase(tensor);
  }
  for (const auto& [name, original] : rules.copies) {
    auto tensor = by_name.find(name);
    if (tensor == by_name.end()) continue;
    CheckOne(*tensor->second, *shapes.at(original), differences);
    binding.copies.emplace(name, tensor->second);
    by_name.erase(tensor);
  }
  for (const std::string& name : rules.ignored) by_name.erase(name);
  for (const std::string& ending : rules.ignored_endings) {
    std::erase_if(by_name, [&](const auto& tensor) { return tensor.first.ends_with(ending); });
  }
  for (const auto& [name, tensor] : by_name) {
    differences.Add(fmt::format("\"{}\" {} is unexpected", tensor->name, ShapeText(tensor->shape)));
  }
  PLUMB_RETURN_IF_ERROR(differences.ToStatus());
  return binding;
}

}  // namespace plumb
