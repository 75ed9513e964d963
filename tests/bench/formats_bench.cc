// Speed of what every transfer passes through: hashing, chunk planning, tree roots, container headers, decoding.
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/content/chunk_list.h"
#include "plumb/content/chunker.h"
#include "plumb/gguf/dequantise.h"
#include "plumb/gguf/gguf.h"
#include "plumb/gguf/quantise.h"
#include "plumb/gguf/writer.h"
#include "plumb/weights/safetensors.h"
#include "plumb/weights/weight_set.h"

namespace plumb {
namespace {

std::string RandomBytes(size_t size) {
  std::mt19937_64 random(1);
  std::string bytes(size, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

void HashChunk(benchmark::State& state) {
  std::string chunk = RandomBytes(1 << 20);
  for (auto _ : state) benchmark::DoNotOptimize(Sha256Of(chunk));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * chunk.size()));
}
BENCHMARK(HashChunk);

void TreeRootOfChunks(benchmark::State& state) {
  ChunkList list;
  for (int64_t i = 0; i < state.range(0); ++i) {
    list.Append({Sha256Of(std::to_string(i)), 1 << 20}).IgnoreError();
  }
  for (auto _ : state) benchmark::DoNotOptimize(list.TreeRoot());
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(TreeRootOfChunks)->Arg(4096)->Arg(65536);

void ParseHeader(benchmark::State& state) {
  std::vector<TensorToWrite> tensors;
  std::string bytes(64, 'x');
  for (int64_t i = 0; i < state.range(0); ++i) {
    tensors.push_back({fmt::format("model.layers.{}.self_attn.q_proj.weight", i), DType::kF32, {4, 4}, AsBytes(bytes)});
  }
  std::string file = *SerializeSafetensors(tensors, {{"format", "pt"}});
  for (auto _ : state) benchmark::DoNotOptimize(SafetensorsHeader::Parse(AsBytes(file), file.size()));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(ParseHeader)->Arg(100)->Arg(10'000)->Unit(benchmark::kMillisecond);

void Decode(benchmark::State& state, DType dtype) {
  std::string bytes = RandomBytes(1 << 20);
  std::vector<float> out((8 * bytes.size()) / DTypeBits(dtype));
  for (auto _ : state) benchmark::DoNotOptimize(DecodeToF32(dtype, AsBytes(bytes), 0, out));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * out.size() * sizeof(float)));
}
BENCHMARK_CAPTURE(Decode, BF16, DType::kBF16);
BENCHMARK_CAPTURE(Decode, F16, DType::kF16);
BENCHMARK_CAPTURE(Decode, F32, DType::kF32);

// A million elements, more than the caches next to the core hold; bytes are those of the floats that come out.
constexpr size_t kElements = 1 << 20;

void DequantiseBlocks(benchmark::State& state, DType dtype) {
  std::string blocks = RandomBytes(kElements / BlockOf(dtype).elements * BlockOf(dtype).bytes);
  std::vector<float> out(kElements);
  for (auto _ : state) {
    benchmark::DoNotOptimize(gguf::Dequantise(dtype, AsBytes(blocks), out));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * out.size() * sizeof(float)));
}

// Bytes are those of the floats that go in.
void QuantiseBlocks(benchmark::State& state, DType dtype) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  std::vector<float> values(kElements);
  for (float& value : values) value = normal(random);
  std::vector<uint8_t> out(kElements / BlockOf(dtype).elements * BlockOf(dtype).bytes);
  for (auto _ : state) {
    benchmark::DoNotOptimize(gguf::Quantise(dtype, values, out));
    benchmark::ClobberMemory();
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * values.size() * sizeof(float)));
}

// The header of a file with a vocabulary, read from memory.
void ReadVocabulary(benchmark::State& state) {
  std::vector<std::string> tokens;
  for (int64_t i = 0; i < state.range(0); ++i) tokens.push_back(fmt::format("token{}", i));
  std::vector<double> scores(tokens.size(), -1.5);
  std::string file =
      *gguf::SerializeGguf({{"tokenizer.ggml.tokens", tokens}, {"tokenizer.ggml.scores", scores, "[f32]"}}, {}, {});
  auto bytes = MemoryByteSource(file);
  for (auto _ : state) benchmark::DoNotOptimize(gguf::GgufHeader::Read(*bytes, "file"));
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()) * state.range(0));
}
BENCHMARK(ReadVocabulary)->Arg(150'000)->Unit(benchmark::kMillisecond);

const bool kRegistered = [] {
  for (int i = 0; i < kDTypeCount; ++i) {
    const DType dtype = static_cast<DType>(i);
    if (!IsGgmlBlockDType(dtype)) continue;
    benchmark::RegisterBenchmark(fmt::format("Dequantise/{}", DTypeName(dtype)).c_str(), DequantiseBlocks, dtype);
    if (!gguf::CanQuantise(dtype)) continue;
    benchmark::RegisterBenchmark(fmt::format("Quantise/{}", DTypeName(dtype)).c_str(), QuantiseBlocks, dtype);
  }
  return true;
}();

}  // namespace
}  // namespace plumb
