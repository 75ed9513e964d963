// What a container is for, by the names that every tool gives it.
#ifndef PLUMB_CONTAINERS_FILE_ROLES_H_
#define PLUMB_CONTAINERS_FILE_ROLES_H_

#include <string_view>

namespace plumb {

// `X.golden`, and in older releases `golden.safetensors` and `X.golden.safetensors`: what a model computed
// (docs/inference.md).
bool IsGolden(std::string_view path);

// The index of a set of shards, which comes before the shards that it speaks of.
bool IsShardIndex(std::string_view path);

// The state of an optimizer, a schedule or a random generator, which stands beside the weights it belongs to.
bool IsTrainingState(std::string_view path);

// The format that weight files with this ending are usually of ("gguf", "pytorch", ...); empty for every other ending.
// What a file is, its content says all the same (open.h).
std::string_view FormatOfName(std::string_view path);

// True of names that some tool gives to weights, or to data in binary: FormatOfName's and many more.
bool IsWeightName(std::string_view path);

}  // namespace plumb

#endif  // PLUMB_CONTAINERS_FILE_ROLES_H_
