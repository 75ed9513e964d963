// The flat form: what a training script dumps of its own settings. There is no standard for
// it; the keys here are those that GPT-2-like scripts use. What is not understood is kept
// in `extra` word for word.
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "formats/document/recipe_values.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr v1::Provenance kStated = v1::PROVENANCE_PUBLISHED;

template <typename Value, typename Plain>
void Set(const Plain& plain, v1::Provenance provenance, Value* out) {
  out->set_value(plain);
  out->set_provenance(provenance);
}

// Reads one map of the flat form and remembers which keys it has understood.
class FlatMap {
 public:
  FlatMap(const Tree& tree, std::string prefix) : tree_(tree), prefix_(std::move(prefix)) {}

  // The value under `key` when it is of `kind`; it then counts as understood.
  const Tree* Take(std::string_view key, Tree::Kind kind = Tree::Kind::kScalar) {
    const Tree* value = tree_.Find(key);
    if (value == nullptr || value->kind != kind) return nullptr;
    understood_.insert(std::string(key));
    return value;
  }

  // Each Read sets `*out` when the key is there and its text has the type; `make` hands out
  // the target only then, so that an absent key leaves no empty message behind.
  template <typename Make>
  absl::Status ReadInteger(std::string_view key, Make make) {
    const Tree* value = Take(key);
    if (value == nullptr) return absl::OkStatus();
    const std::optional<int64_t> number = TextToInteger(value->scalar);
    if (!number) return WrongType(key, "an integer", value->scalar);
    Set(*number, kStated, make());
    return absl::OkStatus();
  }
  template <typename Make>
  absl::Status ReadNumber(std::string_view key, Make make, v1::Provenance provenance = kStated) {
    const Tree* value = Take(key);
    if (value == nullptr) return absl::OkStatus();
    const std::optional<double> number = TextToNumber(value->scalar);
    if (!number) return WrongType(key, "a finite number", value->scalar);
    Set(*number, provenance, make());
    return absl::OkStatus();
  }
  template <typename Make>
  void ReadText(std::string_view key, Make make) {
    if (const Tree* value = Take(key)) Set(value->scalar, kStated, make());
  }

  // Adds what was not understood to `recipe.extra`.
  void KeepRest(v1::Recipe* recipe) const {
    for (size_t i = 0; i < tree_.items.size(); ++i) {
      if (understood_.contains(tree_.keys[i])) continue;
      v1::Extra* extra = recipe->add_extra();
      extra->set_key(prefix_ + tree_.keys[i]);
      extra->set_text(RenderTree(tree_.items[i]));
    }
  }

  absl::Status WrongType(std::string_view key, std::string_view expected, std::string_view found) const {
    return InvalidArgument(fmt::format("`{}{}` must be {}; found \"{}\"", prefix_, key, expected, found));
  }

 private:
  const Tree& tree_;
  std::string prefix_;
  std::set<std::string> understood_;
};

absl::Status ReadConfig(const Tree& tree, v1::Recipe* recipe) {
  FlatMap map(tree, "config.");
  v1::Architecture* shape = recipe->mutable_architecture();
  PLUMB_RETURN_IF_ERROR(map.ReadInteger("n_layer", [&] { return shape->mutable_n_layers(); }));
  PLUMB_RETURN_IF_ERROR(map.ReadInteger("n_head", [&] { return shape->mutable_n_heads(); }));
  PLUMB_RETURN_IF_ERROR(map.ReadInteger("n_embd", [&] { return shape->mutable_d_model(); }));
  PLUMB_RETURN_IF_ERROR(map.ReadInteger("n_inner", [&] { return shape->mutable_d_ffn(); }));
  PLUMB_RETURN_IF_ERROR(map.ReadInteger("n_positions", [&] { return shape->mutable_max_seq_len(); }));
  PLUMB_RETURN_IF_ERROR(map.ReadInteger("vocab_size", [&] { return shape->mutable_vocab_size(); }));
  map.KeepRest(recipe);
  return absl::OkStatus();
}

absl::Status ReadDataset(const Tree& tree, v1::Recipe* recipe) {
  FlatMap map(tree, "dataset.");
  v1::Dataset* data = recipe->add_data();
  if (const Tree* value = map.Take("name")) data->set_name(value->scalar);
  if (const Tree* value = map.Take("source")) data->set_uri(value->scalar);
  if (const Tree* value = map.Take("sha256")) data->add_sha256(value->scalar);
  map.ReadText("licence", [&] { return data->mutable_license(); });
  if (!data->has_license()) map.ReadText("license", [&] { return data->mutable_license(); });
  map.ReadText("split", [&] { return data->mutable_split(); });
  PLUMB_RETURN_IF_ERROR(map.ReadInteger("bytes", [&] { return data->mutable_size_bytes(); }));
  map.KeepRest(recipe);
  return absl::OkStatus();
}

absl::Status ReadOptimizer(FlatMap* map, v1::Recipe* recipe) {
  map->ReadText("optimizer", [&] { return recipe->mutable_optimizer()->mutable_name(); });
  PLUMB_RETURN_IF_ERROR(map->ReadNumber("eps", [&] { return recipe->mutable_optimizer()->mutable_eps(); }));
  PLUMB_RETURN_IF_ERROR(
      map->ReadNumber("weight_decay", [&] { return recipe->mutable_optimizer()->mutable_weight_decay(); }));
  PLUMB_RETURN_IF_ERROR(
      map->ReadNumber("grad_clip", [&] { return recipe->mutable_optimizer()->mutable_grad_clip_norm(); }));
  const Tree* betas = map->Take("betas", Tree::Kind::kList);
  if (betas == nullptr) return absl::OkStatus();
  if (betas->items.size() != 2) return map->WrongType("betas", "a list of two numbers", RenderTree(*betas));
  const std::optional<double> beta1 = TextToNumber(betas->items[0].scalar);
  const std::optional<double> beta2 = TextToNumber(betas->items[1].scalar);
  if (!beta1 || !beta2) return map->WrongType("betas", "a list of two numbers", RenderTree(*betas));
  Set(*beta1, kStated, recipe->mutable_optimizer()->mutable_beta1());
  Set(*beta2, kStated, recipe->mutable_optimizer()->mutable_beta2());
  return absl::OkStatus();
}

// A value of the recipe as it stands in another place, or unknown when it was not stated.
template <typename Value>
Value OrUnknown(Value value) {
  if (!value.has_value()) value.set_unknown(true);
  return value;
}

v1::ScheduleSegment Segment(const v1::Integer& from, const v1::Integer& to, std::string_view kind,
                            const v1::Number& lr_from, const v1::Number& lr_to) {
  v1::ScheduleSegment segment;
  *segment.mutable_from_step() = OrUnknown(from);
  *segment.mutable_to_step() = OrUnknown(to);
  Set(std::string(kind), kStated, segment.mutable_kind());
  *segment.mutable_lr_from() = OrUnknown(lr_from);
  *segment.mutable_lr_to() = OrUnknown(lr_to);
  return segment;
}

// `schedule: warmup+cosine` with `warmup`, `lr_max`, `lr_min` and `steps` becomes segments. A
// warm-up is taken to rise in a line from zero.
absl::Status ReadSchedule(FlatMap* map, const v1::Integer& steps, v1::Recipe* recipe) {
  v1::Integer warmup;
  v1::Number lr_max, lr_min, zero;
  PLUMB_RETURN_IF_ERROR(map->ReadInteger("warmup", [&] { return &warmup; }));
  PLUMB_RETURN_IF_ERROR(map->ReadNumber("lr_max", [&] { return &lr_max; }));
  PLUMB_RETURN_IF_ERROR(map->ReadNumber("lr_min", [&] { return &lr_min; }));
  const Tree* stated = map->Take("schedule");
  if (stated == nullptr && !lr_max.has_value() && !warmup.has_value()) return absl::OkStatus();
  std::string_view kind = stated == nullptr ? std::string_view("custom") : std::string_view(stated->scalar);
  if (kind.starts_with("warmup+")) kind.remove_prefix(7);
  v1::Integer begin;
  Set(0, kStated, &begin);
  if (warmup.has_value() && warmup.value() > 0) {
    Set(0.0, v1::PROVENANCE_ASSUMED, &zero);
    *recipe->add_schedule() = Segment(begin, warmup, "linear", zero, lr_max);
    begin = warmup;
  }
  *recipe->add_schedule() = Segment(begin, steps, kind, lr_max, kind == "constant" ? lr_max : lr_min);
  return absl::OkStatus();
}

absl::Status ReadBatch(FlatMap* map, const v1::Integer& steps, v1::Recipe* recipe) {
  v1::Integer sequences, seq_len;
  PLUMB_RETURN_IF_ERROR(map->ReadInteger("batch_size", [&] { return &sequences; }));
  PLUMB_RETURN_IF_ERROR(map->ReadInteger("seq_len", [&] { return &seq_len; }));
  if (!sequences.has_value() && !seq_len.has_value()) return absl::OkStatus();
  v1::BatchSegment* batch = recipe->add_batch();
  Set(0, kStated, batch->mutable_from_step());
  *batch->mutable_to_step() = OrUnknown(steps);
  *batch->mutable_sequences() = OrUnknown(sequences);
  *batch->mutable_seq_len() = OrUnknown(seq_len);
  return absl::OkStatus();
}

absl::Status ReadCheckpoints(FlatMap* map, v1::Recipe* recipe) {
  const Tree* checkpoints = map->Take("checkpoints", Tree::Kind::kList);
  if (checkpoints == nullptr) return absl::OkStatus();
  for (const Tree& item : checkpoints->items) {
    const std::optional<int64_t> step = TextToInteger(item.scalar);
    if (!step) return map->WrongType("checkpoints", "a list of steps", RenderTree(*checkpoints).substr(0, 100));
    Set(*step, kStated, recipe->add_checkpoints()->mutable_step());
  }
  return absl::OkStatus();
}

// The loss at the end of the run, as the script measured it.
absl::Status ReadFinalLoss(FlatMap* map, const v1::Integer& steps, v1::Recipe* recipe) {
  v1::Number loss;
  PLUMB_RETURN_IF_ERROR(map->ReadNumber(
      "final_val_loss", [&] { return &loss; }, v1::PROVENANCE_MEASURED));
  if (!loss.has_value()) return absl::OkStatus();
  v1::Metric* metric = recipe->add_metrics();
  metric->set_name("val_loss");
  if (steps.has_value()) *metric->mutable_step() = steps;
  *metric->mutable_value() = loss;
  return absl::OkStatus();
}

}  // namespace

bool IsFlatRecipe(const Tree& tree) {
  if (tree.kind != Tree::Kind::kMap || tree.Find("schema_version") != nullptr) return false;
  for (const std::string_view key : {"steps", "batch_size", "seq_len", "lr_max", "config"}) {
    if (tree.Find(key) != nullptr) return true;
  }
  return false;
}

absl::Status ReadFlatRecipe(const Tree& tree, std::string_view name, v1::Recipe* out) {
  FlatMap map(tree, "");
  out->set_schema_version(1);
  const Tree* stated_name = map.Take("name");
  out->set_name(stated_name == nullptr ? std::string(name) : stated_name->scalar);
  map.ReadText("architecture", [&] { return out->mutable_architecture()->mutable_family(); });
  if (const Tree* config = map.Take("config", Tree::Kind::kMap)) PLUMB_RETURN_IF_ERROR(ReadConfig(*config, out));
  map.ReadText("tokenizer", [&] { return out->mutable_tokenizer()->mutable_kind(); });
  if (const Tree* data = map.Take("dataset", Tree::Kind::kMap)) PLUMB_RETURN_IF_ERROR(ReadDataset(*data, out));
  PLUMB_RETURN_IF_ERROR(ReadOptimizer(&map, out));
  v1::Integer steps;
  PLUMB_RETURN_IF_ERROR(map.ReadInteger("steps", [&] { return &steps; }));
  if (steps.has_value()) *out->mutable_totals()->mutable_steps() = steps;
  PLUMB_RETURN_IF_ERROR(ReadSchedule(&map, steps, out));
  PLUMB_RETURN_IF_ERROR(ReadBatch(&map, steps, out));
  PLUMB_RETURN_IF_ERROR(map.ReadNumber("dropout", [&] { return out->mutable_regularisation()->mutable_dropout(); }));
  PLUMB_RETURN_IF_ERROR(map.ReadInteger("tokens", [&] { return out->mutable_totals()->mutable_tokens(); }));
  map.ReadText("framework", [&] { return out->mutable_software()->mutable_framework(); });
  map.ReadText("command", [&] { return out->mutable_software()->mutable_command(); });
  PLUMB_RETURN_IF_ERROR(map.ReadInteger("seed", [&] { return out->mutable_seeds()->mutable_global(); }));
  PLUMB_RETURN_IF_ERROR(ReadCheckpoints(&map, out));
  PLUMB_RETURN_IF_ERROR(ReadFinalLoss(&map, steps, out));
  map.KeepRest(out);
  return absl::OkStatus();
}

}  // namespace plumb
