// Chunks of all sorts, the same in every run.
#ifndef PLUMB_TESTS_UNIT_CODEC_CODEC_TESTING_H_
#define PLUMB_TESTS_UNIT_CODEC_CODEC_TESTING_H_

#include <bit>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "formats/codec/instruction_set.h"
#include "plumb/codec/frame.h"

namespace plumb::testing {

using Bytes = std::vector<uint8_t>;

inline constexpr ElementKind kAllKinds[] = {ElementKind::kBytes, ElementKind::kBf16, ElementKind::kF16,
                                            ElementKind::kF32, ElementKind::kF64};

inline Bytes RandomBytes(size_t size, uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  Bytes bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

inline uint16_t ToBf16(float value) {
  auto bits = std::bit_cast<uint32_t>(value);
  return static_cast<uint16_t>((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

// Sums of twelve uniform values less six: near enough to N(0, 0.02), and the same with every standard library.
inline std::vector<float> Weights(size_t count, uint64_t seed = 1) {
  std::mt19937_64 random(seed);
  std::vector<float> values(count);
  for (float& value : values) {
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(random() >> 40) * 0x1p-24;
    value = static_cast<float>(0.02 * sum);
  }
  return values;
}

// `values`, changed by this part of themselves.
inline std::vector<float> Nudged(std::vector<float> values, float part, uint64_t seed = 2) {
  std::vector<float> noise = Weights(values.size(), seed);
  for (size_t i = 0; i < values.size(); ++i) values[i] *= 1 + part * noise[i] / 0.02f;
  return values;
}

// As they stand in a file; binary16 here has no subnormals. What is left of `size_bytes` is zero.
inline Bytes Stored(const std::vector<float>& values, ElementKind kind, size_t size_bytes) {
  Bytes bytes(size_bytes);
  auto put = [&](auto element, size_t i) {
    if ((i + 1) * sizeof element <= size_bytes) std::memcpy(&bytes[i * sizeof element], &element, sizeof element);
  };
  for (size_t i = 0; i < values.size(); ++i) {
    auto bits = std::bit_cast<uint32_t>(values[i]);
    uint32_t half_magnitude = (bits & 0x7FFFFFFF) >> 13;
    half_magnitude = half_magnitude < (112u << 10) ? 0 : half_magnitude - (112u << 10);
    if (kind == ElementKind::kBf16) put(ToBf16(values[i]), i);
    if (kind == ElementKind::kF16) put(static_cast<uint16_t>((bits >> 16 & 0x8000) | (half_magnitude & 0x7FFF)), i);
    if (kind == ElementKind::kF32) put(values[i], i);
    if (kind == ElementKind::kF64) put(static_cast<double>(values[i]) * 1.0000000123, i);
    if (kind == ElementKind::kBytes) put(static_cast<int8_t>(std::lround(values[i] * 1000)), i);
  }
  return bytes;
}

inline Bytes Text(size_t size_bytes) {
  Bytes bytes;
  for (int i = 0; bytes.size() < size_bytes; ++i) {
    std::string line = "\"model.layers." + std::to_string(i) + ".weight\":{\"dtype\":\"BF16\"},";
    bytes.insert(bytes.end(), line.begin(), line.end());
  }
  bytes.resize(size_bytes);
  return bytes;
}

// The frame for `plain`, copied out of a fresh encoder.
inline Bytes Encoded(const Bytes& plain, ElementKind kind, const Bytes* base = nullptr) {
  FrameEncoder encoder;
  std::optional<FrameEncoder::Base> with;
  if (base != nullptr) with = {Sha256Of(std::span<const uint8_t>(*base)), *base};
  std::span<const uint8_t> frame = encoder.Encode(plain, kind, with);
  return {frame.begin(), frame.end()};
}

// While one lives, kernels above `highest` are not used.
class InstructionLimit {
 public:
  explicit InstructionLimit(InstructionSet highest) { LimitInstructionSet(highest); }
  ~InstructionLimit() { LimitInstructionSet(InstructionSet::kAvx512); }
  InstructionLimit(const InstructionLimit&) = delete;
  InstructionLimit& operator=(const InstructionLimit&) = delete;
};

inline constexpr InstructionSet kAllInstructionSets[] = {InstructionSet::kPortable, InstructionSet::kAvx2,
                                                         InstructionSet::kAvx512};

}  // namespace plumb::testing

#endif  // PLUMB_TESTS_UNIT_CODEC_CODEC_TESTING_H_
