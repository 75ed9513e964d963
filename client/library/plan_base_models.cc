#include <algorithm>
#include <array>

#include "client/library/folder_json.h"
#include "client/library/folder_text.h"
#include "client/library/publish_plan.h"
#include "plumb/base/limits.h"
#include "plumb/base/publish_limits.h"
#include "plumb/document/merge.h"

namespace plumb {
namespace {

// `namespace/name`, as hubs write it. Anything else is a path on somebody's machine, which is nobody's business.
bool IsHubName(std::string_view name) {
  if (name.size() > limits::kFactBytesMax || std::count(name.begin(), name.end(), '/') != 1) return false;
  if (name.starts_with('/') || name.ends_with('/') || name.starts_with('.') || name.starts_with('~')) return false;
  return std::all_of(name.begin(), name.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '/' || c == '.' || c == '-' || c == '_';
  });
}

class BaseModels {
 public:
  explicit BaseModels(v1::ReleaseFacts* facts) : facts_(facts) {}

  bool empty() const { return facts_->base_models_size() == 0; }
  void Add(std::string_view name, v1::Relation relation) {
    if (!IsHubName(name) || static_cast<size_t>(facts_->base_models_size()) >= limits::kFactsOfAKindMax) return;
    for (const v1::BaseModel& base : facts_->base_models()) {
      if (base.name() == name) return;
    }
    v1::BaseModel* base = facts_->add_base_models();
    base->set_name(std::string(name));
    base->set_relation(relation);
  }

 private:
  v1::ReleaseFacts* facts_;
};

// What the hub calls relations; of a card that names none it is inferred, as the hub does.
v1::Relation RelationOf(const PublishPlan& plan) {
  const std::string& stated = plan.card.base_model_relation;
  if (stated == "adapter") return v1::RELATION_ADAPTED;
  if (stated == "merge") return v1::RELATION_MERGED;
  if (stated == "quantized") return v1::RELATION_QUANTISED;
  if (stated == "finetune") return v1::RELATION_FINE_TUNED;
  const v1::ReleaseFacts& facts = plan.manifest.facts();
  if (facts.form() == "adapter") return v1::RELATION_ADAPTED;
  if (plan.card.base_models.size() > 1) return v1::RELATION_MERGED;
  const bool gguf = std::find(facts.formats().begin(), facts.formats().end(), "gguf") != facts.formats().end();
  return gguf || !facts.quantisation().empty() ? v1::RELATION_QUANTISED : v1::RELATION_FINE_TUNED;
}

// `https://huggingface.co/lab/base` as GGUF files name it.
std::string_view NameInUrl(std::string_view url) {
  const size_t host = url.find("://");
  if (host == url.npos) return url;
  const size_t path = url.find('/', host + 3);
  return path == url.npos ? std::string_view() : url.substr(path + 1);
}

}  // namespace

absl::Status PlanBaseModels(const Directory& folder, PublishPlan* plan) {
  BaseModels bases(plan->manifest.mutable_facts());
  if (std::optional<nlohmann::json> adapter = ReadFolderJson(folder, *plan, "adapter_config.json")) {
    for (const char* key : {"base_model_name_or_path", "model_name", "model"}) {
      if (bases.empty()) bases.Add(FirstText(*adapter, key), v1::RELATION_ADAPTED);
    }
  }
  for (const char* name : {"mergekit_config.yml", "mergekit_config.yaml"}) {
    if (!plan->Has(name)) continue;
    absl::StatusOr<std::string> text = ReadText(folder, name, limits::kRecipeBytesMax);
    absl::StatusOr<std::vector<std::string>> merged = text.ok() ? ReadMergedModels(*text, name) : text.status();
    if (!merged.ok()) continue;
    for (const std::string& model : *merged) bases.Add(model, v1::RELATION_MERGED);
  }
  for (const std::string& model : plan->card.base_models) bases.Add(model, RelationOf(*plan));
  for (const PlannedContainer& container : plan->containers) {
    for (const char* key : {"general.base_model.0.repo_url", "general.base_model.1.repo_url"}) {
      auto url = container.texts.find(key);
      if (url != container.texts.end()) bases.Add(NameInUrl(url->second), RelationOf(*plan));
    }
  }
  return absl::OkStatus();
}

}  // namespace plumb
