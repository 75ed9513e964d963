#include <algorithm>

#include "formats/content/sha256_engine.h"
#include "formats/content/sha256_tail.h"

namespace plumb::sha256 {

size_t FileStreams::FinishBlock(std::span<const uint8_t> chunk) {
  if (begun_bytes_ == 0) return 0;
  const size_t taken = std::min(chunk.size(), kBlockBytes - begun_bytes_);
  std::copy_n(chunk.begin(), taken, begun_.begin() + static_cast<ptrdiff_t>(begun_bytes_));
  begun_bytes_ += taken;
  if (begun_bytes_ == kBlockBytes) {
    Lane* lane = &whole_;
    whole_.next = begun_.data();
    kernel_.compress({&lane, 1}, 1);
    begun_bytes_ = 0;
  }
  return taken;
}

void FileStreams::BeginBlock(std::span<const uint8_t> left) {
  if (left.empty()) return;
  std::copy(left.begin(), left.end(), begun_.begin());
  begun_bytes_ = left.size();
}

void FileStreams::AddBytes(std::span<const uint8_t> bytes) {
  file_bytes_ += bytes.size();
  const std::span<const uint8_t> of_file = bytes.subspan(FinishBlock(bytes));
  const size_t blocks = of_file.size() / kBlockBytes;
  Lane* lane = &whole_;
  whole_.next = of_file.data();
  if (blocks > 0) kernel_.compress({&lane, 1}, blocks);
  BeginBlock(of_file.subspan(blocks * kBlockBytes));
}

Digest FileStreams::AddChunk(std::span<const uint8_t> chunk) {
  file_bytes_ += chunk.size();
  // The file's blocks and the chunk's lie differently, by what the last chunk left over.
  const std::span<const uint8_t> of_file = chunk.subspan(FinishBlock(chunk));
  Lane own{kInitialState, chunk.data()};
  whole_.next = of_file.data();
  Lane* lanes[] = {&own, &whole_};
  const size_t own_blocks = chunk.size() / kBlockBytes;
  const size_t whole_blocks = of_file.size() / kBlockBytes;
  if (kernel_.lanes >= 2 && whole_blocks > 0) {
    kernel_.compress({lanes, 2}, whole_blocks);
  } else if (whole_blocks > 0) {
    kernel_.compress({lanes, 1}, whole_blocks);
    kernel_.compress({lanes + 1, 1}, whole_blocks);
  }
  if (own_blocks > whole_blocks) kernel_.compress({lanes, 1}, own_blocks - whole_blocks);

  BeginBlock(of_file.subspan(whole_blocks * kBlockBytes));
  Tail tail;
  MakeTail(chunk.subspan(own_blocks * kBlockBytes), chunk.size(), &tail);
  own.next = tail.bytes.data();
  kernel_.compress({lanes, 1}, tail.blocks);
  return ToDigest(own.state);
}

Digest FileStreams::Finish() {
  Tail tail;
  MakeTail(std::span(begun_).first(begun_bytes_), file_bytes_, &tail);
  Lane* lane = &whole_;
  whole_.next = tail.bytes.data();
  kernel_.compress({&lane, 1}, tail.blocks);
  Digest digest = ToDigest(whole_.state);
  whole_ = Lane();
  begun_bytes_ = 0;
  file_bytes_ = 0;
  return digest;
}

}  // namespace plumb::sha256
