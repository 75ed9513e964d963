// Speed of what every transfer passes through: hashing, chunk planning, tree roots, container headers, decoding.
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/content/chunk_list.h"
#include "plumb/content/chunker.h"
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

}  // namespace
}  // namespace plumb
