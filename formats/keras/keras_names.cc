#include "formats/keras/keras_names.h"

#include <map>
#include <set>
#include <string_view>

#include "fmt/format.h"
#include "plumb/base/quote.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// Weights of the model itself, beside those of its layers; not in `layer_names`.
constexpr std::string_view kTopLevel = "top_level_model_weights";

std::string Join(std::string_view a, std::string_view b) {
  return a.empty() ? std::string(b) : fmt::format("{}/{}", a, b);
}

const MetadataValue* AttributeOf(const Hdf5Group& group, std::string_view name) {
  for (const MetadataEntry& entry : group.attributes) {
    if (entry.key == name) return &entry.value;
  }
  return nullptr;
}

// A list of texts; Keras writes one that is too long for an attribute as `name0`, `name1`, ... An empty list is one of
// numbers to h5py.
std::vector<std::string> TextsOf(const Hdf5Group& group, std::string_view name) {
  std::vector<std::string> texts;
  const MetadataValue* value = AttributeOf(group, name);
  for (int part = 0; value != nullptr || part == 0; ++part) {
    if (value != nullptr) {
      const auto* some = std::get_if<std::vector<std::string>>(value);
      if (some != nullptr) texts.insert(texts.end(), some->begin(), some->end());
    }
    value = AttributeOf(group, fmt::format("{}{}", name, part));
  }
  return texts;
}

struct Weight {
  std::string layer;
  std::string name;
  size_t dataset = 0;
};

class Namer {
 public:
  explicit Namer(const Hdf5File& file) : file_(file), named_(file.datasets.size()) {
    for (const Hdf5Group& group : file.groups) groups_.emplace(group.path, &group);
    for (const Hdf5LeftOut& each : file.left_out) left_out_.insert(each.path);
    for (size_t i = 0; i < file.datasets.size(); ++i) datasets_.emplace(file.datasets[i].path, i);
  }

  absl::StatusOr<std::vector<NamedDataset>> Run() {
    for (std::string_view base : {"model_weights", ""}) {
      auto group = groups_.find(base);
      if (group == groups_.end()) continue;
      for (const std::string& layer : TextsOf(*group->second, "layer_names")) {
        PLUMB_RETURN_IF_ERROR(TakeLayer(base, layer, true));
      }
      if (weights_.empty()) continue;
      PLUMB_RETURN_IF_ERROR(TakeLayer(base, std::string(kTopLevel), false));
      break;
    }
    for (const auto& name : {&Namer::OwnName, &Namer::NameBelowLayer, &Namer::Path}) {
      std::vector<NamedDataset> names = NamesBy(name);
      if (AllDiffer(names)) return names;
    }
    return RefusedFile("two datasets have one path");
  }

 private:
  absl::Status TakeLayer(std::string_view base, const std::string& layer, bool wanted) {
    const std::string path = Join(base, layer);
    auto group = groups_.find(path);
    if (group == groups_.end()) {
      if (!wanted) return absl::OkStatus();
      return RefusedFile(fmt::format("the layer {} is listed and not there", QuoteForMessage(layer)));
    }
    for (const std::string& name : TextsOf(*group->second, "weight_names")) {
      const std::string dataset = Join(path, name);
      if (left_out_.contains(dataset)) continue;
      auto found = datasets_.find(dataset);
      if (found == datasets_.end() || named_[found->second]) {
        return RefusedFile(fmt::format("the weight {} of layer {} is {}", QuoteForMessage(name), QuoteForMessage(layer),
                                       found == datasets_.end() ? "listed and not there" : "listed twice"));
      }
      named_[found->second] = true;
      weights_.push_back({layer, name, found->second});
    }
    return absl::OkStatus();
  }

  std::string OwnName(const Weight& weight) const { return weight.name; }
  std::string NameBelowLayer(const Weight& weight) const { return Join(weight.layer, weight.name); }
  std::string Path(const Weight& weight) const { return file_.datasets[weight.dataset].path; }

  std::vector<NamedDataset> NamesBy(std::string (Namer::*name)(const Weight&) const) const {
    std::vector<NamedDataset> names;
    for (const Weight& weight : weights_) names.push_back({(this->*name)(weight), weight.dataset});
    for (size_t i = 0; i < named_.size(); ++i) {
      if (!named_[i]) names.push_back({file_.datasets[i].path, i});
    }
    return names;
  }

  static bool AllDiffer(const std::vector<NamedDataset>& names) {
    std::set<std::string_view> seen;
    for (const NamedDataset& each : names) {
      if (!seen.insert(each.name).second) return false;
    }
    return true;
  }

  const Hdf5File& file_;
  std::map<std::string_view, const Hdf5Group*> groups_;
  std::map<std::string_view, size_t> datasets_;
  std::set<std::string_view> left_out_;
  std::vector<bool> named_;  // Which datasets are in weights_.
  std::vector<Weight> weights_;
};

}  // namespace

absl::StatusOr<std::vector<NamedDataset>> NameDatasets(const Hdf5File& file) { return Namer(file).Run(); }

}  // namespace plumb
