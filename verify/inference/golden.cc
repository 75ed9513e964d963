#include "plumb/inference/golden.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <span>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/weights/safetensors.h"
#include "plumb/weights/weight_set.h"

namespace plumb {
namespace {

absl::Status Wrong(std::string_view path, std::string_view why) {
  return WithErrorClass(InvalidArgument(fmt::format("golden {}: {}", path, why)), ErrorClass::kPolicy);
}

// The file's two tensors, of the right types and ranks; anything else is an error.
struct Parts {
  const TensorInfo* ids = nullptr;
  const TensorInfo* logits = nullptr;
};

absl::StatusOr<Parts> FindParts(const SafetensorsHeader& header, std::string_view path, const Model& model) {
  Parts parts = {header.Find("input_ids"), header.Find("logits")};
  if (parts.ids == nullptr || parts.logits == nullptr || header.tensors().size() != 2) {
    return Wrong(path, "expected exactly the tensors input_ids and logits");
  }
  if (parts.ids->dtype != DType::kI64 || parts.ids->shape.size() != 2) {
    return Wrong(path, fmt::format("input_ids is {} {}, expected I64 [sequences, positions]",
                                   DTypeName(parts.ids->dtype), ShapeText(parts.ids->shape)));
  }
  const DType dtype = parts.logits->dtype;
  if (dtype != DType::kF32 && dtype != DType::kF16 && dtype != DType::kBF16) {
    return Wrong(path, fmt::format("logits is {}, expected F32, F16 or BF16", DTypeName(dtype)));
  }
  const Shape expected = {parts.ids->shape[0], parts.ids->shape[1], model.vocabulary()};
  if (parts.logits->shape != expected) {
    return Wrong(path,
                 fmt::format("logits has shape {}, expected {}", ShapeText(parts.logits->shape), ShapeText(expected)));
  }
  return parts;
}

absl::Status ReadIds(std::span<const uint8_t> bytes, const Model& model, std::string_view path, TokenBatch& tokens) {
  tokens.ids.resize(bytes.size() / sizeof(int64_t));
  for (size_t i = 0; i < tokens.ids.size(); ++i) {
    uint64_t id = 0;
    for (size_t b = 0; b < sizeof(id); ++b) id |= uint64_t{bytes[i * sizeof(id) + b]} << (8 * b);
    if (id >= model.vocabulary()) {
      return Wrong(path, fmt::format("input_ids[{}] is {}, expected 0 to {}", i, static_cast<int64_t>(id),
                                     model.vocabulary() - 1));
    }
    tokens.ids[i] = static_cast<int32_t>(id);
  }
  return absl::OkStatus();
}

// The bytes of values as safetensors stores them.
template <typename Bits, typename T>
std::vector<uint8_t> LittleEndian(std::span<const T> values) {
  static_assert(sizeof(Bits) == sizeof(T));
  std::vector<uint8_t> bytes;
  bytes.reserve(values.size_bytes());
  for (const T& value : values) {
    const Bits bits = std::bit_cast<Bits>(value);
    for (size_t b = 0; b < sizeof(bits); ++b) bytes.push_back(static_cast<uint8_t>(bits >> (8 * b)));
  }
  return bytes;
}

}  // namespace

absl::Status CheckTokens(const TokenBatch& tokens, const Model& model) {
  if (tokens.sequences == 0 || tokens.positions == 0 || tokens.positions > model.positions_max()) {
    return InvalidArgument(fmt::format("{} sequences of {} token ids, expected at least one of 1 to {}",
                                       tokens.sequences, tokens.positions, model.positions_max()));
  }
  if (tokens.ids.size() / tokens.positions != tokens.sequences || tokens.ids.size() % tokens.positions != 0) {
    return InvalidArgument(fmt::format("{} token ids do not make {} sequences of {}", tokens.ids.size(),
                                       tokens.sequences, tokens.positions));
  }
  for (size_t i = 0; i < tokens.ids.size(); ++i) {
    if (tokens.ids[i] < 0 || static_cast<uint64_t>(tokens.ids[i]) >= model.vocabulary()) {
      return InvalidArgument(fmt::format("token id {} at place {} is not below the vocabulary's size, {}",
                                         tokens.ids[i], i, model.vocabulary()));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<Golden> LoadGolden(const Directory& folder, const std::string& path, const Model& model) {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, folder.OpenFile(path));
  PLUMB_ASSIGN_OR_RETURN(SafetensorsFile file, SafetensorsFile::FromFd(fd.get(), path));
  PLUMB_ASSIGN_OR_RETURN(Parts parts, FindParts(file.header(), path, model));
  Golden golden;
  golden.tier = parts.logits->dtype == DType::kF32 ? Tier::kF32 : Tier::k16Bit;
  golden.tokens.sequences = parts.ids->shape[0];
  golden.tokens.positions = parts.ids->shape[1];
  PLUMB_RETURN_IF_ERROR(ReadIds(file.Bytes(*parts.ids), model, path, golden.tokens));
  if (absl::Status status = CheckTokens(golden.tokens, model); !status.ok()) return Wrong(path, Message(status));
  golden.logits.resize(parts.logits->element_count());
  PLUMB_RETURN_IF_ERROR(DecodeToF32(parts.logits->dtype, file.Bytes(*parts.logits), 0, golden.logits));
  for (size_t i = 0; i < golden.logits.size(); ++i) {
    if (!std::isfinite(golden.logits[i])) return Wrong(path, fmt::format("logits[{}] is {}", i, golden.logits[i]));
  }
  return golden;
}

absl::StatusOr<std::string> SerializeGolden(const Golden& golden, const std::map<std::string, std::string>& metadata) {
  const TokenBatch& tokens = golden.tokens;
  const uint64_t vocabulary = tokens.ids.empty() ? 0 : golden.logits.size() / tokens.ids.size();
  const std::vector<int64_t> wide(tokens.ids.begin(), tokens.ids.end());
  const std::vector<uint8_t> ids = LittleEndian<uint64_t, int64_t>(wide);
  const std::vector<uint8_t> logits = LittleEndian<uint32_t, float>(golden.logits);
  return SerializeSafetensors({{"input_ids", DType::kI64, {tokens.sequences, tokens.positions}, ids},
                               {"logits", DType::kF32, {tokens.sequences, tokens.positions, vocabulary}, logits}},
                              metadata);
}

TokenBatch DefaultTokens(const Model& model) {
  constexpr uint64_t kPositions = 64;
  TokenBatch tokens = {.sequences = 1, .positions = std::min(model.positions_max(), kPositions)};
  uint64_t state = 0;
  for (uint64_t i = 0; i < tokens.positions; ++i) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    tokens.ids.push_back(static_cast<int32_t>((state >> 33) % model.vocabulary()));
  }
  return tokens;
}

}  // namespace plumb
