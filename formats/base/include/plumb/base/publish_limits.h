// Limits on what publishing reads of a person's folder beside weights; as limits.h. Units are in the names.
#ifndef PLUMB_BASE_PUBLISH_LIMITS_H_
#define PLUMB_BASE_PUBLISH_LIMITS_H_

#include <cstddef>
#include <cstdint>

namespace plumb::limits {

// What a publisher leaves out: a file of rules, and all rules together.
inline constexpr uint64_t kIgnoreFileBytesMax = 256u << 10;
inline constexpr size_t kIgnoreRulesMax = 1000;
inline constexpr size_t kIgnoreRuleBytesMax = 1024;

// Looking for secrets: in files up to the first size, until the second has been read in all.
inline constexpr uint64_t kSecretFileBytesMax = 1u << 20;
inline constexpr uint64_t kSecretBytesMax = 16u << 20;

// What a manifest says of a release beside its files: texts, and how many of a kind.
inline constexpr size_t kFactBytesMax = 256;
inline constexpr size_t kFactsOfAKindMax = 32;

}  // namespace plumb::limits

#endif  // PLUMB_BASE_PUBLISH_LIMITS_H_
