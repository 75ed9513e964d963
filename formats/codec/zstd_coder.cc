#include "formats/codec/zstd_coder.h"

#include <zstd.h>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {

ZstdCompressor::ZstdCompressor() : context_(ZSTD_createCCtx(), ZSTD_freeCCtx) {}
ZstdCompressor::~ZstdCompressor() = default;

void ZstdCompressor::Compress(std::span<const uint8_t> plain, int level, std::vector<uint8_t>* out) {
  out->resize(plain.empty() ? 0 : ZSTD_compressBound(plain.size()));
  if (out->empty()) return;
  size_t size = ZSTD_compressCCtx(context_.get(), out->data(), out->size(), plain.data(), plain.size(), level);
  out->resize(ZSTD_isError(size) != 0 ? 0 : size);
}

size_t ZstdCompressor::Estimate(std::span<const uint8_t> plain, int level, size_t pieces, size_t piece_bytes) {
  if (plain.size() <= pieces * piece_bytes) {
    Compress(plain, level, &sample_);
    return sample_.empty() ? plain.size() : sample_.size();
  }
  size_t total = 0;
  for (size_t piece = 0; piece < pieces; ++piece) {
    size_t begin = pieces == 1 ? 0 : (plain.size() - piece_bytes) / (pieces - 1) * piece;
    Compress(plain.subspan(begin, piece_bytes), level, &sample_);
    total += sample_.empty() ? piece_bytes : sample_.size();
  }
  return static_cast<size_t>(uint64_t{total} * plain.size() / (pieces * piece_bytes));
}

ZstdDecompressor::ZstdDecompressor() : context_(ZSTD_createDCtx(), ZSTD_freeDCtx) {}
ZstdDecompressor::~ZstdDecompressor() = default;

absl::Status ZstdDecompressor::Decompress(std::span<const uint8_t> bytes, std::span<uint8_t> plain) {
  if (ZSTD_getFrameContentSize(bytes.data(), bytes.size()) != plain.size() ||
      ZSTD_findFrameCompressedSize(bytes.data(), bytes.size()) != bytes.size()) {
    return DataLoss(fmt::format("decompressing {} bytes: expected one zstd frame of {}", bytes.size(), plain.size()));
  }
  size_t size = ZSTD_decompressDCtx(context_.get(), plain.data(), plain.size(), bytes.data(), bytes.size());
  if (ZSTD_isError(size) != 0) {
    return DataLoss(fmt::format("decompressing {} bytes: {}", bytes.size(), ZSTD_getErrorName(size)));
  }
  if (size != plain.size()) return DataLoss(fmt::format("decompressing: got {} of {} bytes", size, plain.size()));
  return absl::OkStatus();
}

}  // namespace plumb
