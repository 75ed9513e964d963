// MPNet: BERT without token types, with a bias by relative position that all blocks share.
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/bert_like.h"
#include "verify/inference/architectures/registry.h"

namespace plumb {
namespace {

// Its class numbers positions from here whatever pad_token_id says.
constexpr uint64_t kFirstPosition = 2;
constexpr uint64_t kBuckets = 32;

absl::StatusOr<std::unique_ptr<Model>> ParseMpnet(const nlohmann::json& json) {
  ConfigReader reader(json);
  BertLike model;
  model.architecture = "mpnet";
  model.names = {.query = "attention.attn.q",
                 .key = "attention.attn.k",
                 .value = "attention.attn.v",
                 .out = "attention.attn.o",
                 .attention_norm = "attention.LayerNorm",
                 .inner = "intermediate.dense",
                 .outer = "output.dense",
                 .inner_norm = "output.LayerNorm"};
  model.prefix = "mpnet.";
  UseRobertaHeads(model);
  model.first_position = kFirstPosition;
  ReadBertLike(reader, "MPNet", model);
  if (reader.Size("relative_attention_num_buckets", limits::kModelWidthMax) != kBuckets) {
    // Its class counts in 32 buckets whatever the key says.
    reader.Refuse("relative_attention_num_buckets", fmt::format("is not {}", kBuckets));
  }
  model.relative_buckets = kBuckets;
  PLUMB_RETURN_IF_ERROR(reader.Finish());
  return MakeBertLike(std::move(model));
}

}  // namespace

const ArchitectureEntry kMpnetArchitecture = {"mpnet", &ParseMpnet};

}  // namespace plumb
