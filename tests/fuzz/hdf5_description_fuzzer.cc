// What plumb-hdf5 may say of a file: u64 size of the file, then frames. Chunks of what comes out are read from a file
// of zeros.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "formats/hdf5/description.h"
#include "formats/hdf5/payload_reader.h"
#include "plumb/hdf5/chunked_source.h"

namespace plumb {
namespace {

void ReadChunked(const Hdf5File& file, uint64_t file_bytes) {
  constexpr uint64_t kReadBytesMax = 1 << 16;
  auto zeros = MemoryByteSource(std::string(file_bytes, '\0'));
  auto cache = std::make_shared<ChunkCache>();
  for (const Hdf5Dataset& dataset : file.datasets) {
    if (dataset.layout != Hdf5Dataset::Layout::kChunked) continue;
    auto source = ChunkedByteSource(dataset, zeros, cache);
    if (!source.ok()) continue;
    std::vector<uint8_t> out(std::min((*source)->Size(), kReadBytesMax));
    (*source)->Read(0, out).IgnoreError();
    (*source)->Read((*source)->Size() - out.size(), out).IgnoreError();
  }
}

}  // namespace
}  // namespace plumb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr uint64_t kFileBytesMax = 1 << 20;
  std::span<const uint8_t> rest(data, size);
  if (rest.size() < 8) return 0;
  const uint64_t file_bytes = plumb::hdf5::PayloadReader(rest).U64() % kFileBytesMax;
  rest = rest.subspan(8);
  plumb::hdf5::Description description(file_bytes);
  while (rest.size() >= plumb::hdf5::kFrameHeaderBytes) {
    plumb::hdf5::PayloadReader header(rest);
    const auto kind = static_cast<plumb::hdf5::FrameKind>(header.U8());
    const uint32_t bytes = header.U32();
    rest = rest.subspan(plumb::hdf5::kFrameHeaderBytes);
    const size_t taken = std::min<size_t>(bytes, rest.size());
    if (!description.Take(kind, rest.first(taken)).ok()) return 0;
    rest = rest.subspan(taken);
  }
  if (description.ended()) plumb::ReadChunked(description.Finish(), file_bytes);
  return 0;
}
