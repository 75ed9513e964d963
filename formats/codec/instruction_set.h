// Which vector instructions the codec's kernels use. Every set gives the same bytes; only the time differs.
#ifndef PLUMB_FORMATS_CODEC_INSTRUCTION_SET_H_
#define PLUMB_FORMATS_CODEC_INSTRUCTION_SET_H_

namespace plumb {

// Each holds those before it.
enum class InstructionSet { kPortable = 0, kAvx2 = 1, kAvx512 = 2 };

// The best one that this machine has and no limit forbids. Thread-safe.
InstructionSet ActiveInstructionSet();

// Forbids what is above `highest`, for tests and benchmarks that compare the kernels. Thread-safe.
void LimitInstructionSet(InstructionSet highest);

// Whether a gather is faster than as many single loads: Zen runs it in microcode. Thread-safe.
bool GathersPay();

// Has GathersPay say so, for tests that compare the kernels. Thread-safe.
void SetGathersPay(bool pay);

}  // namespace plumb

#endif  // PLUMB_FORMATS_CODEC_INSTRUCTION_SET_H_
