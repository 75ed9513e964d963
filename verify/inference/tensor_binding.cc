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
  // One that no reader of the config can pass over.
  void AddContradiction(std::string text) {
    contradicts_ = true;
    Add(std::move(text));
  }
  // One that may have a meaning which Plumb does not know.
  void Add(std::string text) { texts_.push_back(std::move(text)); }
  // A tensor that the config does not imply: the same, and shown beside what is missing, which it may be.
  void AddStranger(std::string text) { strangers_.push_back(std::move(text)); }
  // `strange`: names are not understood, so that nothing is shown to be missing.
  absl::Status ToStatus(bool strange) const {
    if (texts_.empty() && strangers_.empty()) return absl::OkStatus();
    const std::string all = InWords();
    if (strange || !contradicts_) {
      return absl::UnimplementedError(fmt::format(
          "tensors are not understood: {}{}", strange ? "most names are others than the config implies: " : "", all));
    }
    return WithErrorClass(InvalidArgument("tensors are not what the config implies: " + all), ErrorClass::kPolicy);
  }

 private:
  // The first few of both kinds.
  std::string InWords() const {
    const size_t strangers_max = kDifferencesNamedMax - std::min(texts_.size(), kDifferencesNamedMax / 2);
    const size_t strangers = std::min(strangers_.size(), strangers_max);
    const size_t others = std::min(texts_.size(), kDifferencesNamedMax - strangers);
    std::vector<std::string> named(texts_.begin(), texts_.begin() + static_cast<ptrdiff_t>(others));
    named.insert(named.end(), strangers_.begin(), strangers_.begin() + static_cast<ptrdiff_t>(strangers));
    const size_t more = texts_.size() + strangers_.size() - named.size();
    return fmt::format("{}{}", fmt::join(named, "; "), more > 0 ? fmt::format("; and {} more", more) : "");
  }

  bool contradicts_ = false;
  std::vector<std::string> texts_;
  std::vector<std::string> strangers_;
};

bool IsReadableFloat(DType dtype) {
  return dtype == DType::kF64 || dtype == DType::kF32 || dtype == DType::kF16 || dtype == DType::kBF16;
}

void CheckOne(const TensorInfo& tensor, const Shape& shape, Differences& differences) {
  const bool readable = IsReadableFloat(tensor.dtype);
  if (!readable) {
    differences.Add(
        fmt::format("\"{}\" has dtype {}, expected F32, F16, BF16 or F64", tensor.name, DTypeName(tensor.dtype)));
  }
  if (tensor.shape == shape) return;
  std::string text =
      fmt::format("\"{}\" has shape {}, expected {}", tensor.name, ShapeText(tensor.shape), ShapeText(shape));
  // The shape of packed weights is their packing's.
  readable ? differences.AddContradiction(std::move(text)) : differences.Add(std::move(text));
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

using ByName = std::map<std::string, const TensorInfo*, std::less<>>;

// True when tensors that nothing asks for lie in the same module: `a.b.qweight` for `a.b.weight`.
bool HasSiblings(const ByName& others, std::string_view name) {
  const std::string_view module = name.substr(0, name.rfind('.') + 1);
  auto next = others.lower_bound(module);
  return !module.empty() && next != others.end() && next->first.starts_with(module);
}

// Takes out of `found` what the config implies or allows, and returns what it stands for.
TensorBinding TakeExpected(const TensorRules& rules, ByName& found, Differences& differences) {
  TensorBinding binding;
  std::map<std::string_view, const Shape*> shapes;
  for (const ExpectedTensor& expected : rules.required) {
    shapes[expected.name] = &expected.shape;
    auto tensor = found.find(expected.name);
    if (tensor == found.end()) continue;
    CheckOne(*tensor->second, expected.shape, differences);
    binding.tensors.emplace(expected.name, tensor->second);
    found.erase(tensor);
  }
  for (const auto& [name, original] : rules.copies) {
    auto tensor = found.find(name);
    if (tensor == found.end()) continue;
    CheckOne(*tensor->second, *shapes.at(original), differences);
    binding.copies.emplace(name, tensor->second);
    found.erase(tensor);
  }
  for (const std::string& name : rules.ignored) found.erase(name);
  for (const std::string& ending : rules.ignored_endings) {
    std::erase_if(found, [&](const auto& tensor) { return tensor.first.ends_with(ending); });
  }
  return binding;
}

}  // namespace

absl::StatusOr<TensorBinding> BindTensors(const Model& model, const std::vector<const TensorInfo*>& found) {
  const TensorRules& rules = model.tensors();
  Differences differences;
  ByName by_name;
  for (const TensorInfo* tensor : found) {
    auto [known, added] = by_name.emplace(Bare(tensor->name, rules), tensor);
    if (added) continue;
    differences.AddContradiction(fmt::format("\"{}\" and \"{}\" are both present", known->second->name, tensor->name));
  }
  TensorBinding binding = TakeExpected(rules, by_name, differences);
  for (const ExpectedTensor& expected : rules.required) {
    if (binding.tensors.contains(expected.name)) continue;
    std::string text = fmt::format("\"{}\" {} is missing", expected.name, ShapeText(expected.shape));
    HasSiblings(by_name, expected.name) ? differences.Add(std::move(text))
                                        : differences.AddContradiction(std::move(text));
  }
  for (const auto& [name, tensor] : by_name) {
    differences.AddStranger(fmt::format("\"{}\" {} is unexpected", tensor->name, ShapeText(tensor->shape)));
  }
  PLUMB_RETURN_IF_ERROR(differences.ToStatus(!by_name.empty() && 2 * binding.tensors.size() < rules.required.size()));
  return binding;
}

}  // namespace plumb
