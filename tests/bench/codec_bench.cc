// Weight codecs on one core: size (stored / plain), GB/s of plain bytes in and out, beside what others store weights
// with.
#include <benchmark/benchmark.h>
#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>

#include "plumb/base/limits.h"
#include "plumb/codec/frame.h"
#include "tests/unit/codec/codec_testing.h"

namespace plumb {
namespace {

using testing::Bytes;

constexpr size_t kChunkBytes = limits::kChunkBytes;

struct Sample {
  ElementKind kind = ElementKind::kBytes;
  Bytes plain, base;
};

// N(0, 0.02), enough for a chunk of any kind.
const std::vector<float>& Weights() {
  static const std::vector<float> kWeights = [] {
    std::mt19937_64 random(1);
    std::normal_distribution<float> normal(0, 0.02f);
    std::vector<float> weights(2 * kChunkBytes);
    for (float& weight : weights) weight = normal(random);
    return weights;
  }();
  return kWeights;
}

Sample Floats(ElementKind kind) { return {.kind = kind, .plain = testing::Stored(Weights(), kind, kChunkBytes)}; }

Sample FromBf16(ElementKind kind) {
  std::vector<float> rounded = Weights();
  for (float& value : rounded) value = std::bit_cast<float>(uint32_t{testing::ToBf16(value)} << 16);
  return {.kind = kind, .plain = testing::Stored(rounded, kind, kChunkBytes)};
}

Sample Difference(ElementKind kind, float change) {
  Sample sample = {.kind = kind, .plain = testing::Stored(testing::Nudged(Weights(), change), kind, kChunkBytes)};
  sample.base = testing::Stored(Weights(), kind, kChunkBytes);
  return sample;
}

// Blocks of 32 weights: a binary16 scale, then a signed byte or half of one for each.
Sample Quantised(int bits) {
  const auto levels = static_cast<float>((1 << (bits - 1)) - 1);
  Sample sample;
  for (size_t i = 0; sample.plain.size() < kChunkBytes; i += 32) {
    std::span<const float> block(&Weights()[i], 32);
    float largest = 0;
    for (float value : block) largest = std::max(largest, std::abs(value));
    Bytes scale = testing::Stored({largest / levels}, ElementKind::kF16, 2);
    sample.plain.insert(sample.plain.end(), scale.begin(), scale.end());
    for (size_t k = 0; k < 32; k += bits == 8 ? 1 : 2) {
      auto level = [&](float value) { return static_cast<int>(std::lround(value / largest * levels)); };
      int byte = bits == 8 ? level(block[k]) : (level(block[k]) + 8) | (level(block[k + 1]) + 8) << 4;
      sample.plain.push_back(static_cast<uint8_t>(byte));
    }
  }
  sample.plain.resize(kChunkBytes);
  return sample;
}

void Report(benchmark::State& state, size_t stored_bytes) {
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * kChunkBytes));
  state.counters["ratio"] = static_cast<double>(stored_bytes) / kChunkBytes;
}

void PlumbIn(benchmark::State& state, const Sample& sample) {
  FrameEncoder encoder;
  std::optional<FrameEncoder::Base> base;
  if (!sample.base.empty()) base = {Digest{}, sample.base};
  size_t stored = 0;
  for (auto _ : state) stored = encoder.Encode(sample.plain, sample.kind, base).size();
  Report(state, stored);
}

void PlumbOut(benchmark::State& state, const Sample& sample) {
  Bytes frame = testing::Encoded(sample.plain, sample.kind, sample.base.empty() ? nullptr : &sample.base);
  std::span<const uint8_t> base;
  if (frame[0] == static_cast<uint8_t>(Codec::kDifference)) base = sample.base;
  FrameDecoder decoder;
  Bytes plain(kChunkBytes);
  for (auto _ : state) {
    absl::Status status = decoder.Decode(frame, base, plain);
    if (!status.ok()) state.SkipWithError("a frame of our own does not decode");
  }
  Report(state, frame.size());
}

void ZstdIn(benchmark::State& state, const Sample& sample) {
  Bytes stored(ZSTD_compressBound(kChunkBytes));
  ZSTD_CCtx* context = ZSTD_createCCtx();
  size_t size = 0;
  for (auto _ : state) {
    size = ZSTD_compressCCtx(context, stored.data(), stored.size(), sample.plain.data(), kChunkBytes, 3);
  }
  ZSTD_freeCCtx(context);
  Report(state, size);
}

void ZstdOut(benchmark::State& state, const Sample& sample) {
  Bytes stored(ZSTD_compressBound(kChunkBytes)), plain(kChunkBytes);
  stored.resize(ZSTD_compress(stored.data(), stored.size(), sample.plain.data(), kChunkBytes, 3));
  ZSTD_DCtx* context = ZSTD_createDCtx();
  for (auto _ : state) ZSTD_decompressDCtx(context, plain.data(), kChunkBytes, stored.data(), stored.size());
  ZSTD_freeDCtx(context);
  Report(state, stored.size());
}

// Xet's default: bytes in four groups by their place, then LZ4, in pieces of 64 KiB.
constexpr int kPiece = 64 << 10;

void Group(const uint8_t* from, uint8_t* to) {
  for (int k = 0; k < 4; ++k) {
    for (int i = 0; i < kPiece / 4; ++i) to[k * (kPiece / 4) + i] = from[4 * i + k];
  }
}

void Ungroup(const uint8_t* from, uint8_t* to) {
  for (int i = 0; i < kPiece / 4; ++i) {
    for (int k = 0; k < 4; ++k) to[4 * i + k] = from[k * (kPiece / 4) + i];
  }
}

char* Chars(Bytes& bytes, size_t at = 0) { return reinterpret_cast<char*>(bytes.data() + at); }

// Returns the sizes of the pieces, which stand in `stored` one after another.
std::vector<int> GroupAndCompress(const Sample& sample, Bytes& grouped, Bytes& stored) {
  std::vector<int> sizes;
  size_t at = 0;
  for (size_t begin = 0; begin < kChunkBytes; begin += kPiece) {
    Group(&sample.plain[begin], grouped.data());
    sizes.push_back(
        LZ4_compress_default(Chars(grouped), Chars(stored, at), kPiece, static_cast<int>(stored.size() - at)));
    at += static_cast<size_t>(sizes.back());
  }
  return sizes;
}

void Lz4In(benchmark::State& state, const Sample& sample) {
  Bytes grouped(kPiece), stored(2 * kChunkBytes);
  std::vector<int> sizes;
  for (auto _ : state) sizes = GroupAndCompress(sample, grouped, stored);
  Report(state, std::accumulate(sizes.begin(), sizes.end(), size_t{0}));
}

void Lz4Out(benchmark::State& state, const Sample& sample) {
  Bytes grouped(kPiece), stored(2 * kChunkBytes), plain(kChunkBytes);
  std::vector<int> sizes = GroupAndCompress(sample, grouped, stored);
  for (auto _ : state) {
    size_t at = 0;
    for (size_t piece = 0; piece < sizes.size(); ++piece) {
      LZ4_decompress_safe(Chars(stored, at), Chars(grouped), sizes[piece], kPiece);
      Ungroup(grouped.data(), &plain[piece * kPiece]);
      at += static_cast<size_t>(sizes[piece]);
    }
  }
  Report(state, std::accumulate(sizes.begin(), sizes.end(), size_t{0}));
}

void Register(const std::string& row, Sample made, bool peers) {
  auto sample = std::make_shared<Sample>(std::move(made));
  auto add = [&](const std::string& who, void (*in)(benchmark::State&, const Sample&),
                 void (*out)(benchmark::State&, const Sample&)) {
    for (auto [way, run] : {std::pair("in", in), std::pair("out", out)}) {
      benchmark::RegisterBenchmark((row + "/" + who + "/" + way).c_str(),
                                   [sample, run = run](benchmark::State& state) { run(state, *sample); });
    }
  };
  add("plumb", PlumbIn, PlumbOut);
  if (!peers) return;
  add("zstd-3", ZstdIn, ZstdOut);
  add("BG4+LZ4", Lz4In, Lz4Out);
}

void RegisterAll() {
  Register("bf16", Floats(ElementKind::kBf16), true);
  Register("f16", Floats(ElementKind::kF16), true);
  Register("f16 from bf16", FromBf16(ElementKind::kF16), true);
  Register("f32", Floats(ElementKind::kF32), true);
  Register("f32 from bf16", FromBf16(ElementKind::kF32), true);
  Register("Q8_0", Quantised(8), true);
  Register("Q4_0", Quantised(4), true);
  Register("text", {.plain = testing::Text(kChunkBytes)}, true);
  Register("random", {.plain = testing::RandomBytes(kChunkBytes)}, true);
  for (float change : {1e-1f, 1e-2f, 1e-3f, 1e-4f}) {
    std::string name = change < 5e-4f ? "1e-4" : change < 5e-3f ? "1e-3" : change < 5e-2f ? "1e-2" : "1e-1";
    Register("bf16 changed by " + name, Difference(ElementKind::kBf16, change), false);
    Register("f32 changed by " + name, Difference(ElementKind::kF32, change), false);
  }
}

}  // namespace
}  // namespace plumb

int main(int argc, char** argv) {
  plumb::RegisterAll();
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
  return 0;
}
