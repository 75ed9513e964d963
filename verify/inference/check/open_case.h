// A smoke case made ready to be run on several backends.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_OPEN_CASE_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_OPEN_CASE_H_

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "plumb/inference/smoke.h"
#include "verify/inference/check/open_model.h"
#include "verify/inference/check/weight_survey.h"

namespace plumb {

// What to run: inputs, and the graph that takes them.
struct Task {
  ModelInputs inputs;
  Graph graph;
};

// What outputs are judged by.
struct Limits {
  std::vector<Thresholds> outputs;  // For each output.
  std::string from;                 // How they were found: Gate::limits_from.
};

// A model, what was recorded of it, and what it is run on. Not thread-safe.
struct OpenCase {
  std::unique_ptr<RunnableModel> model;
  std::unique_ptr<WeightSurvey> weights;
  bool language = false;  // See IsLanguageModel.
  std::optional<Golden> golden;
  Task task;                      // On the golden's inputs, if there is one.
  std::optional<Task> long_task;  // For the comparison of backends, when the golden's inputs are too short for it.
  Gate config;
  std::optional<Gate> text;  // Whether a recorded text gives the recorded ids; empty without either.
  // What `reference` gave on the inputs that backends are compared on; empty until it has run.
  std::vector<TensorValue> reference;
  // Whether `reference` computes what was recorded, as far as the inputs can tell; unknown until it has run.
  std::optional<bool> reference_agrees;
  // Limits by what rounding alone does to the outputs, once they were needed: by whether they are for the golden's
  // inputs or those that backends are compared on, and by the backend's precision.
  std::map<std::pair<bool, Precision>, Limits> measured;

  const Task& cross_task() const { return long_task ? *long_task : task; }
};

// Opens model and golden and builds the graphs. Errors as OpenModel and LoadGolden give them.
absl::StatusOr<OpenCase> OpenSmokeCase(const Directory& folder, const SmokeCase& wanted, const SmokeOptions& options);

// The text's ids by the tokenizer inside `config_path`, if that is a GGUF file, or else beside it; of an ONNX file also
// by the one in the folder above. NOT_FOUND without a tokenizer, INVALID_ARGUMENT when the text has no ids.
absl::StatusOr<std::vector<int32_t>> Tokenize(const Directory& folder, const std::string& config_path,
                                              std::string_view text, const SmokeOptions& options,
                                              std::string* fingerprint);

// The same as one sequence; INVALID_ARGUMENT also when it does not fit the model.
absl::StatusOr<TokenBatch> TokenizePrompt(const Directory& folder, const std::string& config_path,
                                          std::string_view text, const Model& model, const SmokeOptions& options,
                                          std::string* fingerprint);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_OPEN_CASE_H_
