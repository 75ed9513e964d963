// Speed of the chunk store on this machine's disk, in a folder of the working directory that is removed at the end.
#include <benchmark/benchmark.h>

#include <filesystem>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/codec/frame.h"
#include "registry/storage/pack_store.h"
#include "registry/storage/rocksdb_metadata_store.h"

namespace plumb {
namespace {

constexpr size_t kFrameBytes = 690'000;  // What 1 MiB of bf16 weights comes to.

// A store that is removed with the object.
class Folder {
 public:
  Folder() {
    std::filesystem::remove_all(kPath);
    metadata_ = *RocksDbMetadataStore::New(std::string(kPath) + "/metadata");
    store_ = *PackStore::New(std::string(kPath) + "/packs", metadata_.get(), {}, SystemClock());
  }
  ~Folder() {
    store_.reset();
    metadata_.reset();
    std::filesystem::remove_all(kPath);
  }
  PackStore& store() { return *store_; }

 private:
  static constexpr char kPath[] = "store_bench.folder";
  std::unique_ptr<RocksDbMetadataStore> metadata_;
  std::unique_ptr<PackStore> store_;
};

Digest NumberedDigest(uint64_t number) { return Sha256Of(std::to_string(number)); }

std::vector<uint8_t> FrameOfSize(size_t bytes) {
  std::mt19937_64 random(1);
  std::string plain(bytes, '\0');
  for (char& byte : plain) byte = static_cast<char>(random());
  FrameEncoder encoder;
  std::span<const uint8_t> frame = encoder.EncodeRaw(AsBytes(plain));
  return {frame.begin(), frame.end()};
}

void PutChunks(PackStore& store, uint64_t first, uint64_t count, std::span<const uint8_t> frame) {
  ChunkStore::Ticket newest = 0;
  for (uint64_t i = first; i < first + count; ++i) newest = *store.Put(NumberedDigest(i), frame);
  store.Sync(newest).IgnoreError();
}

// Frames of a model, made durable 64 at a time.
void PutAndSync(benchmark::State& state) {
  std::vector<uint8_t> frame = FrameOfSize(kFrameBytes);
  Folder folder;
  uint64_t next = 0;
  for (auto _ : state) {
    PutChunks(folder.store(), next, 64, frame);
    next += 64;
  }
  state.SetBytesProcessed(static_cast<int64_t>(next * frame.size()));
}
BENCHMARK(PutAndSync)->Iterations(32)->UseRealTime()->Unit(benchmark::kMillisecond);

// One chunk made durable alone.
void SyncOne(benchmark::State& state) {
  std::vector<uint8_t> frame = FrameOfSize(1000);
  Folder folder;
  uint64_t next = 0;
  for (auto _ : state) PutChunks(folder.store(), next++, 1, frame);
}
BENCHMARK(SyncOne)->Iterations(200)->UseRealTime()->Unit(benchmark::kMillisecond);

// What was just put, from the file cache.
void ReadFrames(benchmark::State& state) {
  std::vector<uint8_t> frame = FrameOfSize(kFrameBytes);
  Folder folder;
  PutChunks(folder.store(), 0, 512, frame);
  uint64_t next = 0;
  for (auto _ : state) benchmark::DoNotOptimize(folder.store().ReadFrame(NumberedDigest(next++ % 512)));
  state.SetBytesProcessed(static_cast<int64_t>(next * frame.size()));
}
BENCHMARK(ReadFrames)->UseRealTime();

// The look at all chunks of a 40 GiB model before it is committed, in a store of so many chunks.
void TouchModel(benchmark::State& state) {
  std::vector<uint8_t> frame = FrameOfSize(16);
  Folder folder;
  auto stored = static_cast<uint64_t>(state.range(0));
  for (uint64_t i = 0; i < stored; i += 20'000) PutChunks(folder.store(), i, 20'000, frame);
  std::vector<Digest> model;
  for (uint64_t i = 0; i < 40'000; ++i) model.push_back(NumberedDigest(i * (stored / 40'000)));
  for (auto _ : state) benchmark::DoNotOptimize(folder.store().Touch(model));
}
BENCHMARK(TouchModel)->Arg(40'000)->Arg(500'000)->UseRealTime()->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace plumb
