#include "client/cli/views.h"

#include <set>
#include <string_view>

#include "client/cli/text.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "google/protobuf/util/json_util.h"
#include "plumb/containers/file_roles.h"
#include "plumb/content/digest.h"
#include "plumb/manifest/manifest.h"

namespace plumb::cli {
namespace {

template <typename Strings>
Json StringList(const Strings& strings) {
  Json list = Json::array();
  for (const std::string& text : strings) list.push_back(text);
  return list;
}

Json CheckpointJson(const v1::Checkpoint& checkpoint) {
  Json json = {{"step", checkpoint.step()}, {"loss", nullptr}, {"tokens_seen", nullptr}};
  if (checkpoint.has_loss()) json["loss"] = checkpoint.loss();
  if (checkpoint.tokens_seen() > 0) json["tokens_seen"] = checkpoint.tokens_seen();
  return json;
}

Json TensorJson(const v1::Tensor& tensor) {
  Json shape = Json::array();
  for (uint64_t extent : tensor.shape()) shape.push_back(extent);
  return {{"name", tensor.name()},
          {"dtype", tensor.dtype()},
          {"shape", shape},
          {"begin", tensor.begin()},
          {"end", tensor.end()}};
}

std::string RelationName(v1::Relation relation) {
  switch (relation) {
    case v1::RELATION_CONTINUED:
      return "continued";
    case v1::RELATION_FINE_TUNED:
      return "fine-tuned";
    case v1::RELATION_QUANTISED:
      return "quantised";
    case v1::RELATION_MERGED:
      return "merged";
    case v1::RELATION_ADAPTED:
      return "adapter";
    default:
      return "unspecified";
  }
}

// As proto3 JSON writes it, under the field names of plumb/v1/recipe.proto.
Json RecipeJson(const v1::Recipe& recipe) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  if (!google::protobuf::util::MessageToJsonString(recipe, &text, options).ok()) return nullptr;
  Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  return json.is_discarded() ? Json(nullptr) : json;
}

Json SmokeCaseJson(const v1::SmokeCase& smoke_case) {
  return {{"name", smoke_case.name()},
          {"weights_path", smoke_case.weights_path()},
          {"config_path", smoke_case.config_path()},
          {"golden_path", smoke_case.golden_path()},
          {"recorded_by", smoke_case.recorded_by()}};
}

}  // namespace

std::string DigestText(const std::string& raw) {
  absl::StatusOr<Digest> digest = Digest::FromBytes(raw);
  return digest.ok() ? digest->ToString() : "";
}

std::string ShortDigest(const std::string& raw) {
  absl::StatusOr<Digest> digest = Digest::FromBytes(raw);
  return digest.ok() ? digest->Short() : "";
}

std::string TensorType(const v1::Tensor& tensor) {
  return fmt::format("{} [{}]", tensor.dtype(), fmt::join(tensor.shape(), ", "));
}

std::string LossText(const v1::Checkpoint& checkpoint) {
  return checkpoint.has_loss() ? fmt::format("{:.4f}", checkpoint.loss()) : "";
}

std::vector<std::string> FormatsOf(const v1::Manifest& manifest) {
  std::set<std::string> formats;
  for (const v1::File& file : manifest.files()) {
    const std::string_view format = FormatOfName(file.path());
    if (!format.empty() && !file.generated() && !IsGolden(file.path())) formats.emplace(format);
  }
  return {formats.begin(), formats.end()};
}

Json ModelJson(const v1::Model& model) {
  return {{"name", model.name()},
          {"title", model.card().title()},
          {"description", model.card().description()},
          {"license", model.license()},
          {"release_count", model.release_count()},
          {"newest_version", model.newest_version()},
          {"updated_at", FormatTimeRfc3339(model.updated_at())}};
}

Json ReleaseJson(const v1::Release& release) {
  Json json = {{"model", release.model()},
               {"version", release.version()},
               {"digest", DigestText(release.digest())},
               {"kind", KindName(release.kind())},
               {"bytes", release.size_bytes()},
               {"file_count", release.file_count()},
               {"license", release.license()},
               {"parent", DigestText(release.parent_digest())},
               {"checkpoint", nullptr},
               {"tags", StringList(release.tags())},
               {"yanked", release.yanked()},
               {"yank_reason", release.yank_reason()},
               {"published_at", FormatTimeRfc3339(release.published_at())},
               {"published_by", release.published_by()},
               {"sequence", release.sequence()}};
  if (release.has_checkpoint()) json["checkpoint"] = CheckpointJson(release.checkpoint());
  return json;
}

Json TagJson(const v1::Tag& tag) {
  return {{"name", tag.name()},
          {"version", tag.version()},
          {"digest", DigestText(tag.digest())},
          {"revision", tag.revision()}};
}

Json FileJson(const v1::File& file, bool with_tensors) {
  Json json = {{"path", file.path()},
               {"bytes", file.size_bytes()},
               {"sha256", DigestText(file.sha256())},
               {"tree_root", DigestText(file.tree_root())},
               {"chunk_count", file.chunk_count()},
               {"tensor_count", file.tensors_size()},
               {"generated", file.generated()}};
  if (!with_tensors) return json;
  json["tensors"] = Json::array();
  for (const v1::Tensor& tensor : file.tensors()) json["tensors"].push_back(TensorJson(tensor));
  return json;
}

Json CardJson(const v1::Card& card) {
  return {{"title", card.title()},           {"description", card.description()},
          {"tags", StringList(card.tags())}, {"languages", StringList(card.languages())},
          {"library", card.library()},       {"pipeline", card.pipeline()},
          {"base_model", card.base_model()}};
}

Json FactsJson(const v1::ReleaseFacts& facts) {
  Json json = {
      {"form", facts.form()},        {"library", facts.library()},           {"task", facts.task()},
      {"family", facts.family()},    {"quantisation", facts.quantisation()}, {"formats", StringList(facts.formats())},
      {"base_models", Json::array()}};
  for (const v1::BaseModel& base : facts.base_models()) {
    json["base_models"].push_back({{"name", base.name()}, {"relation", RelationName(base.relation())}});
  }
  return json;
}

Json ManifestJson(const v1::Manifest& manifest) {
  Json json = {{"schema_version", manifest.schema_version()},
               {"model", manifest.model()},
               {"version", manifest.version()},
               {"kind", KindName(manifest.kind())},
               {"license", manifest.license()},
               {"license_paths", StringList(manifest.license_paths())},
               {"lineage", nullptr},
               {"checkpoint", nullptr},
               {"card", CardJson(manifest.card())},
               {"facts", FactsJson(manifest.facts())},
               {"recipe", nullptr},
               {"smoke_cases", Json::array()},
               {"files", Json::array()}};
  if (manifest.has_lineage()) {
    json["lineage"] = {{"parent", DigestText(manifest.lineage().parent_digest())},
                       {"parent_reference", manifest.lineage().parent_reference()},
                       {"relation", RelationName(manifest.lineage().relation())}};
  }
  if (manifest.has_checkpoint()) json["checkpoint"] = CheckpointJson(manifest.checkpoint());
  if (manifest.has_recipe()) json["recipe"] = RecipeJson(manifest.recipe());
  for (const v1::SmokeCase& smoke_case : manifest.smoke_cases())
    json["smoke_cases"].push_back(SmokeCaseJson(smoke_case));
  for (const v1::File& file : manifest.files()) json["files"].push_back(FileJson(file, /*with_tensors=*/true));
  return json;
}

std::string EventName(v1::EventKind kind) {
  switch (kind) {
    case v1::EVENT_KIND_PUBLISH:
      return "publish";
    case v1::EVENT_KIND_TAG:
      return "tag";
    case v1::EVENT_KIND_YANK:
      return "yank";
    case v1::EVENT_KIND_UNYANK:
      return "unyank";
    default:
      return "unknown";
  }
}

Json EventJson(const v1::Event& event) {
  return {{"sequence", event.sequence()},
          {"kind", EventName(event.kind())},
          {"time", FormatTimeRfc3339(event.time())},
          {"actor", event.actor()},
          {"model", event.model()},
          {"version", event.version()},
          {"digest", DigestText(event.digest())},
          {"tag", event.tag()},
          {"old_digest", DigestText(event.old_digest())},
          {"reason", event.reason()}};
}

Json TokenJson(const v1::Token& token) {
  return {{"name", token.name()},
          {"scopes", StringList(token.scopes())},
          {"created_at", FormatTimeRfc3339(token.created_at())},
          {"expires_at", FormatTimeRfc3339(token.expires_at())}};
}

Table FileTable(const v1::Manifest& manifest) {
  Table table({{"SIZE", Align::kRight},
               {.header = "CHUNKS", .align = Align::kRight, .drop = 4},
               {.header = "TENSORS", .align = Align::kRight, .drop = 3},
               {.header = "SHA-256", .drop = 1},
               {.header = "FILE", .fit = Fit::kMiddle, .min = 48},
               {.header = "", .fit = Fit::kWhole, .drop = 2}});
  for (const v1::File& file : manifest.files()) {
    table.AddRow({FormatBytes(file.size_bytes()), fmt::to_string(file.chunk_count()),
                  file.tensors_size() == 0 ? "" : fmt::to_string(file.tensors_size()), ShortDigest(file.sha256()),
                  file.path(), file.generated() ? "(recorded by plumb)" : ""});
  }
  return table;
}

Table TensorTable(const v1::Manifest& manifest) {
  Table table({{.header = "FILE", .fit = Fit::kMiddle, .min = 16},
               {.header = "SIZE", .align = Align::kRight, .drop = 1},
               {"TYPE"},
               {.header = "TENSOR", .fit = Fit::kFront, .min = 28}});
  for (const v1::File& file : manifest.files()) {
    for (const v1::Tensor& tensor : file.tensors()) {
      table.AddRow({file.path(), FormatBytes(tensor.end() - tensor.begin()), TensorType(tensor), tensor.name()});
    }
  }
  return table;
}

}  // namespace plumb::cli
