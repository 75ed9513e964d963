// Sharing work out over threads.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_PARALLEL_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_PARALLEL_H_

#include <algorithm>
#include <cstdint>
#include <thread>
#include <vector>

namespace plumb::reference {

// Calls work(begin, end) for parts of [0, count), on several threads when `operations`, an estimate of the whole, makes
// them worth while. Parts do not overlap; how they are cut must not change results.
template <typename Work>
void ParallelFor(uint64_t count, double operations, Work work) {
  constexpr double kOperationsPerThread = 1 << 21;
  constexpr uint64_t kThreadsMax = 64;
  const uint64_t wanted = static_cast<uint64_t>(std::min(operations / kOperationsPerThread, double{kThreadsMax}));
  const uint64_t threads =
      std::clamp<uint64_t>(std::thread::hardware_concurrency(), 1, std::max<uint64_t>(std::min(wanted, count), 1));
  const uint64_t share = (count + threads - 1) / threads;
  std::vector<std::jthread> helpers;
  for (uint64_t begin = share; begin < count; begin += share) {
    helpers.emplace_back([&work, begin, end = std::min(begin + share, count)] { work(begin, end); });
  }
  work(0, std::min(share, count));
}

}  // namespace plumb::reference

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_REFERENCE_PARALLEL_H_
