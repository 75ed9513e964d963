// A reader of hostile bytes may need memory in proportion to them, not to what they claim.
#ifndef TESTS_FUZZ_ALLOCATION_BOUND_H_
#define TESTS_FUZZ_ALLOCATION_BOUND_H_

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define PLUMB_COUNTS_ALLOCATIONS 1
#include <sanitizer/allocator_interface.h>
#endif
#endif

namespace plumb::fuzz {

#ifdef PLUMB_COUNTS_ALLOCATIONS

inline std::atomic<size_t> live_bytes = 0;
inline std::atomic<size_t> live_bytes_max = SIZE_MAX;

inline void OnAllocate(const volatile void*, size_t size) {
  // Here, so that the stack says who asks for it.
  if (live_bytes.fetch_add(size) + size > live_bytes_max) std::abort();
}

inline void OnFree(const volatile void* block) {
  if (block == nullptr) return;
  const size_t size = __sanitizer_get_allocated_size(block);
  // Blocks from before the hooks are freed too.
  live_bytes.fetch_sub(size < live_bytes ? size : live_bytes.load());
}

#endif

// While it lives, at most 1 MiB and `factor` bytes for each byte of the input are allocated at a time; more ends the
// run, so that the fuzzer keeps the input. Does nothing in builds without AddressSanitizer. One at a time.
class AllocationBound {
 public:
  // What the readers' tables cost at most: an entry of a hundred bytes for a byte or two in the file.
  static constexpr size_t kFactor = 160;
  // Deflate makes up to 1,032 bytes of one.
  static constexpr size_t kDeflateFactor = 2 * 1032;

#ifdef PLUMB_COUNTS_ALLOCATIONS
  explicit AllocationBound(size_t input_bytes, size_t factor = kFactor) {
    static const int kHooks = __sanitizer_install_malloc_and_free_hooks(&OnAllocate, &OnFree);
    if (kHooks == 0) std::abort();
    live_bytes_max = live_bytes + (1u << 20) + factor * input_bytes;
  }
  ~AllocationBound() { live_bytes_max = SIZE_MAX; }
#else
  explicit AllocationBound(size_t, size_t = kFactor) {}
  ~AllocationBound() {}  // Not trivial: a variable of this type is not unused.
#endif
  AllocationBound(const AllocationBound&) = delete;
  AllocationBound& operator=(const AllocationBound&) = delete;
};

}  // namespace plumb::fuzz

#endif  // TESTS_FUZZ_ALLOCATION_BOUND_H_
