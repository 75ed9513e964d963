#include "plumb/inference/computation.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <set>
#include <utility>
#include <variant>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/python_json.h"
#include "plumb/base/status.h"
#include "plumb/inference/architecture.h"
#include "plumb/inference/gguf_description.h"
#include "plumb/onnx/file.h"
#include "verify/inference/check/config_hash.h"
#include "verify/inference/check/onnx_hash.h"

namespace plumb {
namespace {

using Json = nlohmann::json;

constexpr size_t kChangesMax = 64;
constexpr size_t kValueBytesMax = 48;
// A run so long that what depends on the length of a text shows.
constexpr uint64_t kLongPositions = 4096;

// A config that is understood, for asking whether a key means anything to any model.
constexpr char kAnyConfig[] =
    R"({"model_type":"gpt2","vocab_size":8,"n_positions":8,"n_embd":4,"n_layer":1,"n_head":1,"n_inner":8,)"
    R"("activation_function":"gelu_new","layer_norm_epsilon":1e-5,"scale_attn_weights":true,)"
    R"("scale_attn_by_inverse_layer_idx":false,"tie_word_embeddings":true})";

// Nothing that takes a key's value takes this one.
const Json& Nonsense() {
  static const Json* const kNonsense = new Json({{"plumb", "?"}});
  return *kNonsense;
}

struct Change {
  std::string key;  // At the top.
  std::string text;
};

std::string ValueText(const Json* value) {
  if (value == nullptr) return "nothing";
  std::string text = value->dump(-1, ' ', true, Json::error_handler_t::replace);
  if (text.size() > kValueBytesMax) text = text.substr(0, kValueBytesMax) + "...";
  return text;
}

// The value; nullptr when it is missing or null, which most readers hold to be one.
const Json* Find(const Json& object, const std::string& key) {
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

// Every place where two objects differ.
class Differences {
 public:
  std::vector<Change> Run(const Json& a, const Json& b) {
    Compare(a, b, "", "");
    return std::move(changes_);
  }

 private:
  void Compare(const Json& a, const Json& b, const std::string& top, const std::string& path) {
    std::set<std::string> keys;
    for (const Json* side : {&a, &b}) {
      for (const auto& [key, value] : side->items()) keys.insert(key);
    }
    for (const std::string& key : keys) {
      const Json* left = Find(a, key);
      const Json* right = Find(b, key);
      if (changes_.size() >= kChangesMax || (left == nullptr && right == nullptr)) continue;
      if (left != nullptr && right != nullptr && *left == *right) continue;
      const std::string& above = top.empty() ? key : top;
      if (left != nullptr && right != nullptr && left->is_object() && right->is_object()) {
        Compare(*left, *right, above, path + key + ".");
      } else {
        changes_.push_back({above, fmt::format("{}{} {} -> {}", path, key, ValueText(left), ValueText(right))});
      }
    }
  }

  std::vector<Change> changes_;
};

// Whether a config that is understood stays so whatever `key` says: then nothing depends on it.
bool MeansNothing(Json config, const std::string& key) {
  config[key] = Nonsense();
  return ParseModelConfig(config.dump()).ok();
}

bool MeansNothingAnywhere(const std::string& key) {
  static const Json* const kAny = new Json(Json::parse(kAnyConfig));
  return !kAny->contains(key) && MeansNothing(*kAny, key);
}

// The model, if the config is understood.
std::unique_ptr<Model> Understood(const Json& config) {
  absl::StatusOr<std::unique_ptr<Model>> model = ParseModelConfig(config.dump());
  return model.ok() ? *std::move(model) : nullptr;
}

// Hashes of what a model computes of a short text and of a long one; empty when it cannot be built.
std::vector<std::string> Computations(const Model& model) {
  std::vector<std::string> hashes;
  absl::StatusOr<std::string> hash = ConfigHash(model);
  if (!hash.ok()) return {};
  hashes.push_back(*std::move(hash));
  absl::StatusOr<Graph> graph = model.BuildGraph(1, std::clamp<uint64_t>(model.positions_max(), 1, kLongPositions));
  if (!graph.ok()) return {};
  hashes.push_back(GraphHash(*graph));
  return hashes;
}

bool ComputeTheSame(const Model& a, const Model& b) {
  const std::vector<std::string> left = Computations(a);
  return a.positions_max() == b.positions_max() && !left.empty() && left == Computations(b);
}

struct ValueWords {
  std::string operator()(bool v) const { return v ? "true" : "false"; }
  std::string operator()(int64_t v) const { return fmt::format("{}", v); }
  std::string operator()(uint64_t v) const { return fmt::format("{}", v); }
  std::string operator()(double v) const { return fmt::format("{}", static_cast<float>(v)); }
  std::string operator()(const std::string& v) const { return v.substr(0, kValueBytesMax); }
  template <typename T>
  std::string operator()(const std::vector<T>& v) const {
    return fmt::format("a list of {}", v.size());
  }
};

std::string TextOf(const MetadataValue& value) { return std::visit(ValueWords(), value); }

}  // namespace

ComputationDifference CompareConfigs(std::string_view a_json, std::string_view b_json) {
  ComputationDifference found;
  const absl::StatusOr<Json> a = ParsePythonJson(a_json, "config.json");
  const absl::StatusOr<Json> b = ParsePythonJson(b_json, "config.json");
  if (!a.ok() || !b.ok() || !a->is_object() || !b->is_object()) {
    if (a_json != b_json) found.unknown.emplace_back("config.json, which cannot be read");
    return found;
  }
  std::vector<Change> changes = Differences().Run(*a, *b);
  std::erase_if(changes, [](const Change& change) { return MeansNothingAnywhere(change.key); });
  if (changes.empty()) return found;
  const std::unique_ptr<Model> left = Understood(*a), right = Understood(*b);
  const bool understood = left != nullptr && right != nullptr;
  if (understood && ComputeTheSame(*left, *right)) return found;
  for (Change& change : changes) {
    if (understood && MeansNothing(*a, change.key) && MeansNothing(*b, change.key)) continue;
    (understood ? found.changed : found.unknown).push_back(std::move(change.text));
  }
  return found;
}

ComputationDifference CompareConfigWithGguf(std::string_view config_json, const TensorSource& gguf) {
  ComputationDifference found;
  absl::StatusOr<std::optional<std::string>> difference = DifferenceFromGguf(config_json, gguf);
  if (difference.ok() && *difference) found.changed.push_back(**std::move(difference));
  return found;
}

ComputationDifference CompareGgufKeys(const TensorSource& a, const TensorSource& b) {
  ComputationDifference found;
  const auto* family = a.metadata().Get<std::string>("general.architecture");
  if (family == nullptr) return found;
  const std::string prefix = *family + ".";
  std::set<std::string> keys;
  for (const TensorSource* side : {&a, &b}) {
    for (const MetadataEntry& entry : side->metadata().entries()) {
      if (entry.key.starts_with(prefix)) keys.insert(entry.key);
    }
  }
  for (const std::string& key : keys) {
    const MetadataValue* left = a.metadata().Find(key);
    const MetadataValue* right = b.metadata().Find(key);
    const std::string before = left == nullptr ? "nothing" : TextOf(*left);
    const std::string after = right == nullptr ? "nothing" : TextOf(*right);
    const bool same = left != nullptr && right != nullptr && *left == *right;
    if (same || found.changed.size() >= kChangesMax) continue;
    // A key that one side has to itself may say what the other's reader takes for granted.
    auto& list = left == nullptr || right == nullptr ? found.unknown : found.changed;
    list.push_back(fmt::format("{} {} -> {}", key, before, after));
  }
  return found;
}

absl::StatusOr<std::string> OnnxComputation(const Directory& folder, std::string_view path) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<OnnxFile> file, OnnxFile::Open(folder, path));
  return OnnxHash(*file);
}

}  // namespace plumb
