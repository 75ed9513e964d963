// What stands behind the transformer of a sentence encoder: modules.json and the configs of its modules.
#ifndef PLUMB_VERIFY_INFERENCE_SENTENCE_MODULES_H_
#define PLUMB_VERIFY_INFERENCE_SENTENCE_MODULES_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "plumb/base/directory.h"
#include "verify/inference/architectures/layer_builder.h"

namespace plumb {

inline constexpr char kSentenceModules[] = "modules.json";

// One entry of modules.json.
struct SentenceModule {
  std::string type;  // "Pooling"; the whole path of a class that is not sentence-transformers' own.
  std::string path;
};

// One step behind the transformer: adds its nodes to `x`, [B, T, width] before the pooling and [B, width] after it.
using SentenceStep = std::function<ValueId(LayerBuilder& builder, ValueId x)>;

// The steps as they are read; `width` is that of what the last one gives.
struct SentenceSteps {
  std::vector<SentenceStep> steps;
  uint64_t width = 0;
  std::vector<std::string> dense_folders;
};

// A config.json and its like below `folder`. INVALID_ARGUMENT (ErrorClass::kPolicy) when it is no JSON, UNIMPLEMENTED
// when it is too large.
absl::StatusOr<std::string> ReadConfigText(const Directory& folder, const std::string& path);

// The modules, of which the first is the transformer in the folder `base` itself. UNIMPLEMENTED for any other list.
absl::StatusOr<std::vector<SentenceModule>> ReadSentenceModules(const Directory& folder, const std::string& base);

// The steps of all modules but the first, whose output has `width` features. UNIMPLEMENTED names the file and what in
// it is not understood, NOT_FOUND a config that a module needs.
absl::StatusOr<SentenceSteps> ReadSentenceSteps(const Directory& folder, const std::string& base,
                                                const std::vector<SentenceModule>& modules, uint64_t width);

// UNIMPLEMENTED when sentence_bert_config.json asks the transformer for something else than its hidden states.
absl::Status CheckTransformerTask(const Directory& folder, const std::string& base);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_SENTENCE_MODULES_H_
