// OpenSSL's compression function is only reachable through SHA256_Update, deprecated since 3.0 in favour of EVP, which
// cannot take a state up.
#define OPENSSL_API_COMPAT 0x10100000L

#include "formats/content/sha256_kernel.h"

#include <openssl/sha.h>

#include <algorithm>
#include <vector>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

namespace plumb::sha256 {
namespace {

void CompressOpenSsl(std::span<Lane* const> lanes, size_t blocks) {
  for (Lane* lane : lanes) {
    SHA256_CTX context;
    SHA256_Init(&context);
    std::copy(lane->state.begin(), lane->state.end(), context.h);
    SHA256_Update(&context, lane->next, blocks * kBlockBytes);
    std::copy_n(context.h, lane->state.size(), lane->state.begin());
    lane->next += blocks * kBlockBytes;
  }
}

#if defined(__x86_64__)
bool HasShaNi() {
  constexpr unsigned kSha = 1u << 29;  // Leaf 7, EBX.
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  return __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) != 0 && (ebx & kSha) != 0 && __builtin_cpu_supports("sse4.1");
}
#endif

std::vector<Kernel> FindKernels() {
  std::vector<Kernel> kernels = {{"openssl", 1, &CompressOpenSsl}};
#if defined(__x86_64__)
  if (HasShaNi()) kernels.push_back({"sha-ni", 4, &CompressShaNi});
  if (__builtin_cpu_supports("avx2")) kernels.push_back({"avx2", 8, &CompressAvx2});
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")) {
    kernels.push_back({"avx512", 16, &CompressAvx512});
  }
#endif
  return kernels;
}

}  // namespace

alignas(64) const std::array<uint32_t, 64> kRoundConstants = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

std::span<const Kernel> Kernels() {
  static const std::vector<Kernel>& kernels = *new std::vector<Kernel>(FindKernels());
  return kernels;
}

const Kernel* FindKernel(std::string_view name) {
  for (const Kernel& kernel : Kernels()) {
    if (kernel.name == name) return &kernel;
  }
  return nullptr;
}

}  // namespace plumb::sha256
