// Quantisation schemes that stand on top of plain tensors: which tensors belong together is a convention of names.
//
// GPTQ, AWQ, bitsandbytes, MXFP4, NVFP4 and FP8 checkpoints are safetensors (or PyTorch) files in which one weight of
// the model is several tensors. Whoever counts parameters, or looks for a missing tensor, has to know.
#ifndef PLUMB_WEIGHTS_CONVENTIONS_H_
#define PLUMB_WEIGHTS_CONVENTIONS_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/weights/tensor_source.h"

namespace plumb {

// One scheme that some weights follow.
struct Convention {
  std::string_view name;    // `GPTQ`, `AWQ`, `bitsandbytes`, `MXFP4`, `NVFP4`, `FP8`.
  std::string detail;       // `4 bits, groups of 128`, `nf4`, `blocks of 128x128`; may be empty.
  uint64_t weights = 0;     // How many weights are stored so.
  uint64_t parameters = 0;  // Their elements, unpacked.
};

// What RecogniseConventions found.
struct ConventionReport {
  // Those with the same name and detail once; in order of name, then detail.
  std::vector<Convention> conventions;
  // Elements of the model: packed weights count as what they unpack to, their scales, zero points and tables not at
  // all, all other tensors as they are. Tensors that share storage count once.
  uint64_t parameters = 0;
};

// Looks at names, types and shapes alone.
ConventionReport RecogniseConventions(std::span<const SourceTensor> tensors);

}  // namespace plumb

#endif  // PLUMB_WEIGHTS_CONVENTIONS_H_
