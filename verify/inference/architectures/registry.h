// The architectures that Plumb knows: one entry each, defined in a file of its own.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_REGISTRY_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_REGISTRY_H_

#include "plumb/inference/architecture.h"

namespace plumb {

extern const ArchitectureEntry kGpt2Architecture;

inline const ArchitectureEntry* const kArchitectures[] = {&kGpt2Architecture};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_REGISTRY_H_
