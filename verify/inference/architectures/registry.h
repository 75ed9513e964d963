// The architectures that Plumb knows: one entry each, defined in a file of its own.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_REGISTRY_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_REGISTRY_H_

#include "plumb/inference/architecture.h"

namespace plumb {

extern const ArchitectureEntry kBloomArchitecture;
extern const ArchitectureEntry kFalconArchitecture;
extern const ArchitectureEntry kGemmaArchitecture;
extern const ArchitectureEntry kGemma2Architecture;
extern const ArchitectureEntry kGemma3TextArchitecture;
extern const ArchitectureEntry kGpt2Architecture;
extern const ArchitectureEntry kGptNeoxArchitecture;
extern const ArchitectureEntry kLlamaArchitecture;
extern const ArchitectureEntry kMistralArchitecture;
extern const ArchitectureEntry kMixtralArchitecture;
extern const ArchitectureEntry kOptArchitecture;
extern const ArchitectureEntry kPhiArchitecture;
extern const ArchitectureEntry kPhi3Architecture;
extern const ArchitectureEntry kQwen2Architecture;
extern const ArchitectureEntry kQwen3Architecture;
extern const ArchitectureEntry kQwen3MoeArchitecture;

inline const ArchitectureEntry* const kArchitectures[] = {
    &kBloomArchitecture,      &kFalconArchitecture,  &kGemmaArchitecture,   &kGemma2Architecture,
    &kGemma3TextArchitecture, &kGpt2Architecture,    &kGptNeoxArchitecture, &kLlamaArchitecture,
    &kMistralArchitecture,    &kMixtralArchitecture, &kOptArchitecture,     &kPhiArchitecture,
    &kPhi3Architecture,       &kQwen2Architecture,   &kQwen3Architecture,   &kQwen3MoeArchitecture};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_REGISTRY_H_
