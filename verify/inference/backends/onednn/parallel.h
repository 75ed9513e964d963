// Sharing loops out over the threads that oneDNN uses too.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_PARALLEL_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_PARALLEL_H_

#include <algorithm>
#include <cstdint>

#if defined(_OPENMP) && !defined(__SANITIZE_THREAD__)
#include <omp.h>
#else
// ThreadSanitizer does not understand OpenMP's barriers.
#include "verify/inference/backends/reference/parallel.h"
#endif

namespace plumb::onednn {

// Threads that ParallelFor uses at most.
inline uint64_t ThreadsMax() {
#if defined(_OPENMP) && !defined(__SANITIZE_THREAD__)
  return static_cast<uint64_t>(std::max(omp_get_max_threads(), 1));
#else
  return std::clamp<uint64_t>(std::thread::hardware_concurrency(), 1, 64);
#endif
}

// Calls work(begin, end) for parts of [0, count) that do not overlap; on several threads when `elements`, the size of
// the whole, makes them worth while. How it is cut must not change results.
template <typename Work>
void ParallelFor(uint64_t count, uint64_t elements, Work work) {
  constexpr uint64_t kElementsPerThread = 1 << 14;
  const uint64_t threads = std::min({ThreadsMax(), count, std::max<uint64_t>(elements / kElementsPerThread, 1)});
  if (threads <= 1) return work(uint64_t{0}, count);
#if defined(_OPENMP) && !defined(__SANITIZE_THREAD__)
#pragma omp parallel num_threads(static_cast <int>(threads))
  {
    const auto part = static_cast<uint64_t>(omp_get_thread_num());
    const auto parts = static_cast<uint64_t>(omp_get_num_threads());
    const uint64_t begin = count * part / parts;
    const uint64_t end = count * (part + 1) / parts;
    if (begin < end) work(begin, end);
  }
#else
  reference::ParallelFor(count, 1e12, work);
#endif
}

// As above, item by item: item(index, slot), where calls that run at the same time have different slots below
// ThreadsMax(). Items may differ in size.
template <typename Item>
void ParallelItems(uint64_t count, uint64_t elements, Item item) {
  constexpr uint64_t kElementsPerThread = 1 << 14;
  const uint64_t threads = std::min({ThreadsMax(), count, std::max<uint64_t>(elements / kElementsPerThread, 1)});
#if defined(_OPENMP) && !defined(__SANITIZE_THREAD__)
#pragma omp parallel for schedule(dynamic) num_threads(static_cast <int>(threads)) if (threads > 1)
  for (uint64_t i = 0; i < count; ++i) item(i, static_cast<uint64_t>(omp_get_thread_num()));
#else
  reference::ParallelFor(threads, 1e12, [&](uint64_t begin, uint64_t end) {
    for (uint64_t slot = begin; slot < end; ++slot) {
      for (uint64_t i = slot; i < count; i += threads) item(i, begin);
    }
  });
#endif
}

}  // namespace plumb::onednn

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_PARALLEL_H_
