// The last step of encoding: what the model wants around a text.
#ifndef PLUMB_VERIFY_TOKENIZER_POST_PROCESSOR_H_
#define PLUMB_VERIFY_TOKENIZER_POST_PROCESSOR_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"

namespace plumb::text {

// Ids before and behind one text.
struct Surroundings {
  std::vector<int32_t> before;
  std::vector<int32_t> behind;
};

// The section `post_processor` of a tokenizer.json: what it does to a single text. Ids below `vocabulary_size`.
absl::StatusOr<Surroundings> ParsePostProcessor(const nlohmann::json& json, uint64_t vocabulary_size);

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_POST_PROCESSOR_H_
