// SHA-256 per core: every bare kernel of this machine, and what the library makes of them over chunks of 1 MiB; and
// the search for content-defined cuts.
#include <benchmark/benchmark.h>

#include <random>
#include <string>
#include <vector>

#include "formats/content/sha256_engine.h"
#include "plumb/base/limits.h"
#include "plumb/content/content_defined.h"
#include "plumb/content/multi_digest.h"

namespace plumb {
namespace {

constexpr size_t kChunks = 64;

std::vector<uint8_t> RandomBytes(size_t size) {
  std::mt19937_64 random(1);
  std::vector<uint8_t> bytes(size);
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random());
  return bytes;
}

std::vector<std::span<const uint8_t>> Cut(std::span<const uint8_t> bytes) {
  std::vector<std::span<const uint8_t>> chunks;
  for (; !bytes.empty(); bytes = bytes.subspan(limits::kChunkBytes)) chunks.push_back(bytes.first(limits::kChunkBytes));
  return chunks;
}

// `lanes` streams whose bytes stay in the core's own cache.
void BareKernel(benchmark::State& state, const sha256::Kernel& kernel, size_t lane_count) {
  constexpr size_t kBlocks = 256;
  const std::vector<uint8_t> bytes = RandomBytes(lane_count * kBlocks * sha256::kBlockBytes);
  std::vector<sha256::Lane> lanes(lane_count);
  std::vector<sha256::Lane*> work;
  for (sha256::Lane& lane : lanes) work.push_back(&lane);
  for (auto _ : state) {
    for (size_t i = 0; i < lane_count; ++i) lanes[i].next = bytes.data() + i * kBlocks * sha256::kBlockBytes;
    kernel.compress(work, kBlocks);
    benchmark::DoNotOptimize(lanes.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes.size()));
}

void ManyChunks(benchmark::State& state, const sha256::Engine& engine) {
  const std::vector<uint8_t> bytes = RandomBytes(kChunks * limits::kChunkBytes);
  const std::vector<std::span<const uint8_t>> chunks = Cut(bytes);
  std::vector<Digest> digests(chunks.size());
  for (auto _ : state) {
    sha256::HashMany(engine, chunks, digests);
    benchmark::DoNotOptimize(digests.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes.size()));
}

void FileAndChunks(benchmark::State& state) {
  const std::vector<uint8_t> bytes = RandomBytes(kChunks * limits::kChunkBytes);
  FileHasher hasher;
  for (auto _ : state) {
    for (std::span<const uint8_t> chunk : Cut(bytes)) benchmark::DoNotOptimize(hasher.AddChunk(chunk));
    benchmark::DoNotOptimize(hasher.Finish());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes.size()));
}

void CutByContent(benchmark::State& state) {
  const std::vector<uint8_t> bytes = RandomBytes(kChunks * limits::kChunkBytes);
  for (auto _ : state) {
    std::span<const uint8_t> rest = bytes;
    while (!rest.empty()) rest = rest.subspan(CutContentDefined(rest));
    benchmark::DoNotOptimize(rest);
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * bytes.size()));
}

[[maybe_unused]] const bool registered = [] {
  for (const sha256::Kernel& kernel : sha256::Kernels()) {
    for (size_t lanes = 1; lanes <= kernel.lanes; lanes *= 2) {
      // A vector kernel takes the same time for fewer lanes.
      if (kernel.lanes > 4 && lanes < kernel.lanes) continue;
      const std::string name = "BareKernel/" + std::string(kernel.name) + "/" + std::to_string(lanes);
      benchmark::RegisterBenchmark(name.c_str(),
                                   [&kernel, lanes](benchmark::State& state) { BareKernel(state, kernel, lanes); });
    }
    const std::string name = "ManyChunks/" + std::string(kernel.name);
    benchmark::RegisterBenchmark(name.c_str(), [&kernel](benchmark::State& state) {
      ManyChunks(state, {&kernel, nullptr, 0});
    });
  }
  benchmark::RegisterBenchmark("ManyChunks/chosen",
                               [](benchmark::State& state) { ManyChunks(state, sha256::BestEngine()); });
  return true;
}();
BENCHMARK(FileAndChunks);
BENCHMARK(CutByContent);

}  // namespace
}  // namespace plumb
