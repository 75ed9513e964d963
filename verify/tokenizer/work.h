// What encoding one text may still cost.
#ifndef PLUMB_VERIFY_TOKENIZER_WORK_H_
#define PLUMB_VERIFY_TOKENIZER_WORK_H_

#include <cstdint>

#include "plumb/base/limits.h"

namespace plumb::text {

// One for each call of Encode, passed down; not thread-safe.
struct Work {
  uint64_t pattern_steps = limits::kPatternStepsMax;  // Left for regular expressions.
};

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_WORK_H_
