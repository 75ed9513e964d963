// When two computations of the same logits agree.
//
// The measures and limits come from measurements of what arithmetic alone changes; docs/inference.md has the numbers.
#ifndef PLUMB_INFERENCE_COMPARE_H_
#define PLUMB_INFERENCE_COMPARE_H_

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/inference/gate.h"

namespace plumb {

// The arithmetic that the less exact of the two sides used. Weights of 16 bits that are widened before anything is
// computed are still the f32 tier.
enum class Tier { kF32, k16Bit };

// `f32` or `16-bit`.
std::string_view TierName(Tier tier);

// The limits of a tier.
struct Thresholds {
  double nmse_max = 0;
  double max_kl_max = 0;       // Largest KL divergence of any position, in nats.
  double mean_kl_max = 0;      // Mean over the positions.
  double top1_min = 0;         // Share of all positions where the most likely token is the same.
  uint64_t differing_max = 0;  // Integers, places and flags that are not the same.
};

// f32: NMSE 1e-9, largest KL 1e-6. 16-bit: NMSE 1e-5 a layer, at least 1e-4 and at most 1e-3; mean KL 1e-2; top-1 98 %.
Thresholds ThresholdsFor(Tier tier, uint64_t layers);

// How far apart two sets of logits are. Infinite nmse and KL when `broken` is not 0.
struct Comparison {
  double nmse = 0;    // sum (expected - actual)^2 / sum expected^2.
  double max_kl = 0;  // KL(softmax(expected) || softmax(actual)) of the worst position, in nats.
  double mean_kl = 0;
  double top1_agreement = 1;  // Share of positions whose largest logit is at the same token.
  double max_delta = 0;       // Largest |expected - actual|.
  uint64_t positions = 0;
  // Positions whose expected margin (largest logit less the next) is above the noise that `thresholds` tolerate, and
  // where the largest logit is all the same at another token.
  uint64_t decided_flips = 0;
  // Elements that are NaN on either side, or infinite and not the same on both.
  uint64_t broken = 0;
  uint64_t integers = 0;   // Integers, places and flags that were compared,
  uint64_t differing = 0;  // and how many of them are not the same.
  // See NmseFloor: whatever the limit is, an NMSE up to this is no difference.
  double nmse_floor = 0;
};

// Rounding units (2^-24) of the largest expected number that the root mean square of the differences may have at least.
inline constexpr double kFloorUnits = 16;

// The NMSE of differences as large as kFloorUnits roundings of the largest expected number: `count` numbers, the
// largest of which is `largest` and whose squares add up to `signal`.
double NmseFloor(double largest, double signal, size_t count);

// The worst of each measure, and the sum of what is counted.
Comparison WorseOf(const Comparison& a, const Comparison& b);

// Compares logits [positions, vocabulary]. A margin decides when it exceeds 4 times the noise at the NMSE limit,
// sqrt(nmse_max * mean(expected^2)). INVALID_ARGUMENT when sizes differ, are empty or no multiple of `vocabulary`.
absl::StatusOr<Comparison> CompareLogits(std::span<const float> expected, std::span<const float> actual,
                                         uint64_t vocabulary, const Thresholds& thresholds);

// Each limit as a number, a threshold and whether it holds.
std::vector<Measure> MeasuresOf(const Comparison& comparison, const Thresholds& thresholds);

// Empty when `comparison` is within the limits; otherwise each limit that is broken, with both numbers.
std::string JudgeComparison(const Comparison& comparison, const Thresholds& thresholds);

// What a golden keeps of the logits [positions, vocabulary]; `positions` counts those of all sequences.
struct LogitSummary {
  uint64_t positions = 0;
  uint64_t kept = 0;                // Of each position: min(vocabulary, 32).
  std::vector<int32_t> ids;         // [positions, kept]: of the largest logits, largest first.
  std::vector<float> values;        // [positions, kept]
  std::vector<double> log_sum_exp;  // [positions], over the whole vocabulary.
  std::vector<double> tail;         // [positions]: log-sum-exp of the logits that were not kept; -Inf for none.
  std::vector<double> nll;          // [sequences]: see SequenceNll.
};

// Summarises finite logits of `sequences` sequences of the tokens `ids`. REQUIRES: the sizes fit.
LogitSummary SummarizeLogits(std::span<const float> logits, std::span<const int32_t> ids, uint64_t sequences,
                             uint64_t vocabulary);

// For each sequence the mean over its positions but the last of -log p(next token), in nats; 0 for one token. REQUIRES:
// the sizes fit.
std::vector<double> SequenceNll(std::span<const float> logits, std::span<const int32_t> ids, uint64_t sequences,
                                uint64_t vocabulary);

// Compares logits [positions, vocabulary] with a summary. NMSE is over the kept logits and the tail; KL is between the
// distributions over the kept tokens and "any other", which is at most that between the whole ones. Margins decide as
// in CompareLogits. INVALID_ARGUMENT when sizes differ.
absl::StatusOr<Comparison> CompareWithSummary(const LogitSummary& expected, std::span<const float> actual,
                                              uint64_t vocabulary, const Thresholds& thresholds);

// Compares numbers that are no logits: NMSE, largest difference and what is broken; the rest as for equal ones.
// INVALID_ARGUMENT when sizes differ or are 0.
absl::StatusOr<Comparison> CompareFeatures(std::span<const float> expected, std::span<const float> actual);

}  // namespace plumb

#endif  // PLUMB_INFERENCE_COMPARE_H_
