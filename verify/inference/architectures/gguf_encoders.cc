#include "verify/inference/architectures/gguf_encoders.h"

#include "fmt/format.h"
#include "plumb/base/limits.h"

namespace plumb {
namespace {

constexpr uint64_t kPoolingNone = 0;
constexpr uint64_t kPoolingMean = 1;
constexpr uint64_t kPoolingFirst = 2;
constexpr uint64_t kPoolingLast = 3;

}  // namespace

std::optional<Pooling> ReadGgufPooling(GgufKeys& file) {
  const std::string key = file.Key("pooling_type");
  if (!file.reader.Has(key)) return std::nullopt;
  const uint64_t type = file.reader.Count(key, limits::kModelWidthMax);
  if (type == kPoolingMean) return Pooling::kMean;
  if (type == kPoolingFirst) return Pooling::kFirst;
  if (type == kPoolingLast) return Pooling::kLast;
  if (type != kPoolingNone) {
    file.reader.Refuse(key, fmt::format("is {}, expected 0 (none), 1 (mean), 2 (first token) or 3 (last)", type));
  }
  return std::nullopt;
}

void RefuseCausal(GgufKeys& file) {
  const std::string key = file.Key("attention.causal");
  if (file.reader.Flag(key)) file.reader.Refuse(key, "is true, expected false of an encoder");
}

}  // namespace plumb
