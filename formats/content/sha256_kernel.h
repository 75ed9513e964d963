// The compression function of SHA-256 (FIPS 180-4 section 6.2.2) on several streams at once, one kernel for each
// instruction set. What messages, lengths and padding are is known above, in sha256_engine.h.
#ifndef PLUMB_FORMATS_CONTENT_SHA256_KERNEL_H_
#define PLUMB_FORMATS_CONTENT_SHA256_KERNEL_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace plumb::sha256 {

inline constexpr size_t kBlockBytes = 64;
inline constexpr size_t kLanesMax = 16;

// The eight chaining words H0 to H7.
using State = std::array<uint32_t, 8>;

inline constexpr State kInitialState = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                                        0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

// The 64 round constants K.
extern const std::array<uint32_t, 64> kRoundConstants;

// One stream at work: its state, and the bytes that come next.
struct Lane {
  State state = kInitialState;
  const uint8_t* next = nullptr;
};

// A way to advance up to `lanes` streams together.
struct Kernel {
  std::string_view name;
  size_t lanes;
  // Hashes `blocks` blocks of every given lane and moves its `next` past them.
  // REQUIRES: 1 to `lanes` lanes, all different; `blocks` blocks can be read at each `next`.
  void (*compress)(std::span<Lane* const> lanes, size_t blocks);
};

// The kernels that this processor can run, each lanes count at most kLanesMax; the first is OpenSSL's, which
// can always be run.
std::span<const Kernel> Kernels();
// The kernel of that name ("openssl", "sha-ni", "avx2", "avx512"); null when this processor cannot run it.
const Kernel* FindKernel(std::string_view name);

#if defined(__x86_64__)
// REQUIRES, each: the processor has the instructions.
void CompressShaNi(std::span<Lane* const> lanes, size_t blocks);   // 1 to 4 lanes.
void CompressAvx2(std::span<Lane* const> lanes, size_t blocks);    // 1 to 8 lanes.
void CompressAvx512(std::span<Lane* const> lanes, size_t blocks);  // 1 to 16 lanes.
#endif

}  // namespace plumb::sha256

#endif  // PLUMB_FORMATS_CONTENT_SHA256_KERNEL_H_
