// zstd (RFC 8878) with contexts that are made once.
#ifndef PLUMB_FORMATS_CODEC_ZSTD_CODER_H_
#define PLUMB_FORMATS_CODEC_ZSTD_CODER_H_

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/status.h"

struct ZSTD_CCtx_s;
struct ZSTD_DCtx_s;

namespace plumb {

// Not thread-safe.
class ZstdCompressor {
 public:
  ZstdCompressor();
  ~ZstdCompressor();

  // One zstd frame in `*out`, which is empty when zstd fails or `plain` is.
  void Compress(std::span<const uint8_t> plain, int level, std::vector<uint8_t>* out);

  // Bytes that `plain` takes at `level`, scaled up from `pieces` pieces of `piece_bytes` spread over it; from all of it
  // when it is not larger.
  size_t Estimate(std::span<const uint8_t> plain, int level, size_t pieces, size_t piece_bytes);

 private:
  std::unique_ptr<ZSTD_CCtx_s, size_t (*)(ZSTD_CCtx_s*)> context_;
  std::vector<uint8_t> sample_;
};

// Not thread-safe.
class ZstdDecompressor {
 public:
  ZstdDecompressor();
  ~ZstdDecompressor();

  // Fills `plain` from the one zstd frame in `bytes`. DATA_LOSS when it holds anything but exactly that.
  absl::Status Decompress(std::span<const uint8_t> bytes, std::span<uint8_t> plain);

 private:
  std::unique_ptr<ZSTD_DCtx_s, size_t (*)(ZSTD_DCtx_s*)> context_;
};

}  // namespace plumb

#endif  // PLUMB_FORMATS_CODEC_ZSTD_CODER_H_
