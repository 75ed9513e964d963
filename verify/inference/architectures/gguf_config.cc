#include "verify/inference/architectures/gguf_config.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "verify/inference/architectures/decoder_config.h"
#include "verify/inference/architectures/gguf_decoder.h"
#include "verify/inference/architectures/gguf_encoders.h"

namespace plumb {
namespace {

absl::StatusOr<std::unique_ptr<Model>> ParseDecoder(GgufDecoder file, ReadGgufFamily read) {
  file.ReadSizes();
  read(file);
  if (file.spec.experts.experts == 0) {
    file.reader.Only(file.Key("expert_count"), 0);
    file.reader.Only(file.Key("expert_used_count"), 0);
  }
  PLUMB_RETURN_IF_ERROR(file.ReadRopeFactors());
  return FinishDecoder(file.reader, std::move(file.spec));
}

}  // namespace

bool DescribesGgufModel(std::string_view tensor) {
  return std::find(std::begin(kGgufDescribingTensors), std::end(kGgufDescribingTensors), tensor) !=
         std::end(kGgufDescribingTensors);
}

std::optional<GgufExpertPart> FindGgufExpertPart(std::string_view name) {
  const size_t experts = name.find(kGgufExperts);
  if (experts == name.npos) return std::nullopt;
  const std::string_view rest = name.substr(experts + kGgufExperts.size());
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc() || end == rest.data() + rest.size() || *end != '.') return std::nullopt;
  return GgufExpertPart{std::string(name.substr(0, experts)).append(end + 1, rest.data() + rest.size()), number};
}

absl::StatusOr<std::unique_ptr<Model>> ParseGgufModel(const TensorSource& source) {
  const auto* architecture = source.metadata().Get<std::string>("general.architecture");
  if (architecture == nullptr) {
    return WithErrorClass(InvalidArgument("GGUF key \"general.architecture\" is missing or not a text"),
                          ErrorClass::kPolicy);
  }
  const nlohmann::json keys = GgufModelKeys(source);
  if (ReadGgufFamily read = FindGgufFamily(*architecture); read != nullptr) {
    return ParseDecoder(GgufDecoder(source, *architecture, keys), read);
  }
  if (*architecture == "bert") return ParseGgufBert(GgufKeys(source, *architecture, keys));
  if (*architecture == "modern-bert") return ParseGgufModernBert(GgufKeys(source, *architecture, keys));
  if (*architecture == "t5" || *architecture == "t5encoder") {
    return ParseGgufT5(GgufKeys(source, *architecture, keys));
  }
  return absl::UnimplementedError(
      fmt::format("GGUF architecture \"{}\" is not one that Plumb runs", architecture->substr(0, 64)));
}

}  // namespace plumb
