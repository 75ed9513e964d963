#include "plumb/content/multi_digest.h"

#include "formats/content/sha256_engine.h"

namespace plumb {

size_t Sha256BatchSize() {
  const sha256::Engine& engine = sha256::BestEngine();
  return engine.wide != nullptr ? engine.wide->lanes : engine.narrow->lanes;
}

void Sha256Many(std::span<const std::span<const uint8_t>> messages, std::span<Digest> digests) {
  sha256::HashMany(sha256::BestEngine(), messages, digests);
}

struct FileHasher::State {
  sha256::FileStreams streams{*sha256::BestEngine().narrow};
};

FileHasher::FileHasher() : state_(std::make_unique<State>()) {}
FileHasher::FileHasher(FileHasher&&) noexcept = default;
FileHasher& FileHasher::operator=(FileHasher&&) noexcept = default;
FileHasher::~FileHasher() = default;

bool FileHasher::Pays() { return sha256::BestEngine().beside; }
Digest FileHasher::AddChunk(std::span<const uint8_t> chunk) { return state_->streams.AddChunk(chunk); }
void FileHasher::AddBytes(std::span<const uint8_t> bytes) { state_->streams.AddBytes(bytes); }
Digest FileHasher::Finish() { return state_->streams.Finish(); }

}  // namespace plumb
