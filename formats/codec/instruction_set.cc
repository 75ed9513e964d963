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

bool DetectFastGathers() {
#if defined(__x86_64__)
  return __builtin_cpu_is("amd") == 0;
#else
  return true;
#endif
}

std::atomic<bool>& FastGathers() {
  static std::atomic<bool> fast = DetectFastGathers();
  return fast;
}

std::atomic<InstructionSet> highest_allowed = InstructionSet::kAvx512;

}  // namespace

InstructionSet ActiveInstructionSet() {
  static const InstructionSet kDetected = Detect();
  return std::min(kDetected, highest_allowed.load(std::memory_order_relaxed));
}

void LimitInstructionSet(InstructionSet highest) { highest_allowed.store(highest, std::memory_order_relaxed); }

bool GathersPay() { return FastGathers().load(std::memory_order_relaxed); }

void SetGathersPay(bool pay) { FastGathers().store(pay, std::memory_order_relaxed); }

}  // namespace plumb
