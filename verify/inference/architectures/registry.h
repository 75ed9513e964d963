// The architectures that Plumb knows: one entry each, defined in a file of its own.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_REGISTRY_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_REGISTRY_H_

#include "plumb/inference/architecture.h"

namespace plumb {

extern const ArchitectureEntry kBertArchitecture;
extern const ArchitectureEntry kBloomArchitecture;
extern const ArchitectureEntry kClipArchitecture;
extern const ArchitectureEntry kClipTextArchitecture;
extern const ArchitectureEntry kClipVisionArchitecture;
extern const ArchitectureEntry kDistilBertArchitecture;
extern const ArchitectureEntry kFalconArchitecture;
extern const ArchitectureEntry kGemma2Architecture;
extern const ArchitectureEntry kGemma3TextArchitecture;
extern const ArchitectureEntry kGemmaArchitecture;
extern const ArchitectureEntry kGpt2Architecture;
extern const ArchitectureEntry kGptNeoxArchitecture;
extern const ArchitectureEntry kLlamaArchitecture;
extern const ArchitectureEntry kMistralArchitecture;
extern const ArchitectureEntry kMixtralArchitecture;
extern const ArchitectureEntry kModernBertArchitecture;
extern const ArchitectureEntry kMpnetArchitecture;
extern const ArchitectureEntry kOptArchitecture;
extern const ArchitectureEntry kPhi3Architecture;
extern const ArchitectureEntry kPhiArchitecture;
extern const ArchitectureEntry kQwen2Architecture;
extern const ArchitectureEntry kQwen3Architecture;
extern const ArchitectureEntry kQwen3MoeArchitecture;
extern const ArchitectureEntry kResnetArchitecture;
extern const ArchitectureEntry kRobertaArchitecture;
extern const ArchitectureEntry kT5Architecture;
extern const ArchitectureEntry kVitArchitecture;
extern const ArchitectureEntry kWhisperArchitecture;
extern const ArchitectureEntry kXlmRobertaArchitecture;

inline const ArchitectureEntry* const kArchitectures[] = {
    &kBertArchitecture,       &kBloomArchitecture,      &kClipArchitecture,     &kClipTextArchitecture,
    &kClipVisionArchitecture, &kDistilBertArchitecture, &kFalconArchitecture,   &kGemma2Architecture,
    &kGemma3TextArchitecture, &kGemmaArchitecture,      &kGpt2Architecture,     &kGptNeoxArchitecture,
    &kLlamaArchitecture,      &kMistralArchitecture,    &kMixtralArchitecture,  &kModernBertArchitecture,
    &kMpnetArchitecture,      &kOptArchitecture,        &kPhi3Architecture,     &kPhiArchitecture,
    &kQwen2Architecture,      &kQwen3Architecture,      &kQwen3MoeArchitecture, &kResnetArchitecture,
    &kRobertaArchitecture,    &kT5Architecture,         &kVitArchitecture,      &kWhisperArchitecture,
    &kXlmRobertaArchitecture,
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_REGISTRY_H_
