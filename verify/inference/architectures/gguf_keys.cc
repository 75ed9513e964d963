#include "verify/inference/architectures/gguf_keys.h"

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "verify/inference/architectures/gguf_config.h"

namespace plumb {
namespace {

using Json = nlohmann::json;

// A whole number is one in JSON whatever its signedness.
Json ToJson(const MetadataValue& value) {
  return std::visit(
      [](const auto& held) -> Json {
        using T = std::decay_t<decltype(held)>;
        if constexpr (std::is_same_v<T, int64_t>) return held >= 0 ? Json(static_cast<uint64_t>(held)) : Json(held);
        return Json(held);
      },
      value);
}

bool IsAboutTheFile(std::string_view key) {
  for (std::string_view prefix : {"general.", "tokenizer.", "split.", "quantize."}) {
    if (key.starts_with(prefix)) return true;
  }
  return false;
}

}  // namespace

Json GgufModelKeys(const TensorSource& source) {
  Json keys = Json::object();
  for (const MetadataEntry& entry : source.metadata().entries()) {
    if (!IsAboutTheFile(entry.key)) keys[entry.key] = ToJson(entry.value);
  }
  return keys;
}

std::string GgufKeys::Key(std::string_view part) const { return fmt::format("{}.{}", architecture, part); }

uint64_t GgufKeys::Size(std::string_view part) { return reader.Size(Key(part), limits::kModelWidthMax); }

uint64_t GgufKeys::SizeOr(std::string_view part, uint64_t absent) {
  return reader.SizeOr(Key(part), limits::kModelWidthMax, absent);
}

uint64_t GgufKeys::ReadVocabulary() {
  const SourceTensor* table = source.Find("token_embd.weight");
  if (table == nullptr || table->shape.size() != 2) {
    reader.Refuse("token_embd.weight", "is not a tensor [vocabulary, width]");
    return 0;
  }
  const uint64_t rows = table->shape[0];
  if (SizeOr("vocab_size", rows) != rows) {
    reader.Refuse(Key("vocab_size"), fmt::format("differs from token_embd.weight's {} rows", rows));
  }
  return rows;
}

void GgufKeys::RefuseRopeFactors() {
  for (std::string_view name : kGgufDescribingTensors) {
    if (HasTensor(name)) reader.Refuse(std::string(name), "describes rotations, of which the model has none");
  }
}

}  // namespace plumb
