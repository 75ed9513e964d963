// Putting chunks into a store, and damaging them there.
#ifndef PLUMB_TESTS_UNIT_REGISTRY_CHUNK_TESTING_H_
#define PLUMB_TESTS_UNIT_REGISTRY_CHUNK_TESTING_H_

#include <fcntl.h>

#include <optional>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "plumb/codec/frame.h"
#include "registry/storage/chunk_index.h"
#include "registry/storage/chunk_store.h"
#include "tests/unit/registry/testing.h"

namespace plumb::testing_support {

// The frame of a chunk as it is, or as the difference from another of the same size.
inline std::vector<uint8_t> FrameOf(const std::string& bytes, const std::optional<std::string>& base = std::nullopt) {
  FrameEncoder encoder;
  std::span<const uint8_t> frame = encoder.EncodeRaw(AsBytes(bytes));
  if (base.has_value()) {
    frame = encoder.Encode(AsBytes(bytes), ElementKind::kBf16,
                           FrameEncoder::Base{.digest = Sha256Of(*base), .plain = AsBytes(*base)});
  }
  return {frame.begin(), frame.end()};
}

// Puts a chunk and syncs.
inline Digest PutChunk(const std::string& bytes, ChunkStore* store,
                       const std::optional<std::string>& base = std::nullopt) {
  Digest digest = Sha256Of(bytes);
  auto ticket = store->Put(digest, FrameOf(bytes, base));
  EXPECT_TRUE(ticket.ok()) << ticket.status();
  if (ticket.ok()) {
    EXPECT_TRUE(store->Sync(*ticket).ok());
  }
  return digest;
}

inline std::string ReadChunk(const std::string& bytes, const ChunkStore& store) {
  std::string out(bytes.size(), '\0');
  absl::Status status = store.Read(Sha256Of(bytes), {reinterpret_cast<uint8_t*>(out.data()), out.size()});
  return status.ok() ? out : std::string(Message(status));
}

// Values that differ a little from those of another step, as the weights of a model in training do: 16 bits each.
inline std::string Weights(size_t count, unsigned step) {
  std::string bytes;
  for (size_t i = 0; i < count; ++i) {
    auto noise = static_cast<uint16_t>(i * 40503u ^ (i * i >> 3));
    if (i % 16 == step % 16) noise = static_cast<uint16_t>(noise ^ (step + 1));
    bytes.push_back(static_cast<char>(noise));
    bytes.push_back(static_cast<char>(noise >> 8));
  }
  return bytes;
}

inline ChunkEntry EntryOf(const Digest& digest, MetadataStore* metadata) {
  auto entry = ChunkIndex(metadata).Find(digest);
  EXPECT_TRUE(entry.ok() && entry->has_value());
  return entry.ok() && entry->has_value() ? **entry : ChunkEntry();
}

// Changes the last byte of a chunk's frame.
inline void DamageChunk(const Digest& digest, MetadataStore* metadata, const std::string& packs) {
  FrameLocation at = EntryOf(digest, metadata).at;
  std::string path = fmt::format("{}/{:08x}.pack", packs, at.pack);
  UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  uint8_t byte = 0;
  uint64_t last = uint64_t{at.offset} + at.frame_bytes - 1;
  EXPECT_TRUE(PreadExactly(fd.get(), {&byte, 1}, last, path).ok());
  byte ^= 0x40;
  EXPECT_TRUE(PwriteAll(fd.get(), {&byte, 1}, last, path).ok());
}

}  // namespace plumb::testing_support

#endif  // PLUMB_TESTS_UNIT_REGISTRY_CHUNK_TESTING_H_
