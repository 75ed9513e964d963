#include "formats/codec/instruction_set.h"

#include <algorithm>
#include <atomic>

namespace plumb {
namespace {

InstructionSet Detect() {
#if defined(__x86_64__)
  bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("popcnt") != 0;
  bool avx512 = __builtin_cpu_supports("avx512f") != 0 && __builtin_cpu_supports("avx512bw") != 0 &&
                __builtin_cpu_supports("avx512vl") != 0;
  if (avx2 && avx512) return InstructionSet::kAvx512;
  if (avx2) return InstructionSet::kAvx2;
#endif
  return InstructionSet::kPortable;
}

std::atomic<InstructionSet> highest_allowed = InstructionSet::kAvx512;

}  // namespace

InstructionSet ActiveInstructionSet() {
  static const InstructionSet kDetected = Detect();
  return std::min(kDetected, highest_allowed.load(std::memory_order_relaxed));
}

void LimitInstructionSet(InstructionSet highest) { highest_allowed.store(highest, std::memory_order_relaxed); }

}  // namespace plumb
