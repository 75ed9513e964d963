// What goldens of every form have beside their outputs.
#ifndef PLUMB_VERIFY_INFERENCE_GOLDEN_METADATA_H_
#define PLUMB_VERIFY_INFERENCE_GOLDEN_METADATA_H_

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "plumb/inference/golden.h"
#include "plumb/weights/safetensors.h"

namespace plumb {

// Reads config hash, text, tokenizer, tier and the digests of hidden state and layers into `golden`; all may be
// missing. INVALID_ARGUMENT (ErrorClass::kPolicy) names what is wrong.
absl::Status ReadGoldenMetadata(const SafetensorsFile& file, std::string_view path, Golden& golden);

// `extra` and the golden's tier, config hash, text and tokenizer.
std::map<std::string, std::string> GoldenMetadata(const Golden& golden,
                                                  const std::map<std::string, std::string>& extra);

// Layers' digests as they are stored: `names` into the metadata, `layers.norms` F64 [layers], `layers.values` F32
// [layers, width]. A layer whose name has a comma is left out.
struct StoredLayers {
  std::string names;  // Empty when there are none.
  std::vector<double> norms;
  std::vector<float> values;
};
StoredLayers StoreLayers(const std::vector<LayerDigest>& layers);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_GOLDEN_METADATA_H_
