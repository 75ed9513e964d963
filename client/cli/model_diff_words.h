// What a comparison of two models is called, for people and for programs.
#ifndef PLUMB_CLIENT_CLI_MODEL_DIFF_WORDS_H_
#define PLUMB_CLIENT_CLI_MODEL_DIFF_WORDS_H_

#include <string>
#include <string_view>

#include "plumb/client/model_diff.h"

namespace plumb::cli {

// `equal`, `rounded`, `quantised`, ...: docs/naming.md has them all.
std::string_view FindingName(const DiffedPair& pair);
// `same`, `differs`, `undecided`, `other_config`.
std::string_view VerdictName(ModelVerdict verdict);

// `F32`, or `F32 -> Q8_0` when the sides differ.
std::string TypesText(const DiffedPair& pair);
// `F32[128,384]`.
std::string ShapeText(const DiffedTensor& tensor);

// One sentence: `the same model: 201 tensors equal, 90 rounded to F16 ...`, `differs in 3 of 291 tensors`.
std::string VerdictText(const ModelDiff& diff);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_MODEL_DIFF_WORDS_H_
