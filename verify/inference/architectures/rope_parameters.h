// Rotary positions: what a config says about them, in either spelling, and the frequencies that follow.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_ROPE_PARAMETERS_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_ROPE_PARAMETERS_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "plumb/inference/op.h"
#include "verify/inference/architectures/config_reader.h"

namespace plumb {

// How frequencies are changed for sequences longer than those of the first training.
enum class RopeKind {
  kDefault,   // Not.
  kLinear,    // Divided by a factor.
  kDynamic,   // A larger base, by the number of positions of the run.
  kYarn,      // Low ones divided, high ones kept, a ramp between; sine and cosine scaled.
  kLongrope,  // Each divided by a factor of its own, of two lists: one for short runs, one for long; scaled.
  kLlama3,    // Low ones divided, high ones kept, by wavelength.
};

struct RopeParameters {
  RopeKind kind = RopeKind::kDefault;
  RopeStyle style = RopeStyle::kHalves;
  double theta = 0;
  uint64_t rotary = 0;  // Dimensions of a head that are rotated; even.
  double factor = 1;
  uint64_t original_positions = 0;  // kDynamic, kYarn, kLongrope, kLlama3.
  double low_factor = 1;            // kLlama3.
  double high_factor = 4;
  double beta_fast = 32;  // kYarn; the values of its paper, which its configs leave out.
  double beta_slow = 1;
  std::vector<double> short_factors;  // kLongrope.
  std::vector<double> long_factors;
  double magnitude = 1;
};

// What the family and the other keys say.
struct RopeContext {
  uint64_t head_size = 0;
  uint64_t positions_max = 0;
  std::string theta_key = "rope_theta";
  // The key of the share of a head that is rotated; empty: the family rotates all of it.
  std::string partial_key;
  // The family's own values of those keys, when it has any.
  std::optional<double> theta_absent;
  std::optional<double> partial_absent;
};

// Reads `rope_theta` and `rope_scaling`, or `rope_parameters`, which replaced them; never both.
RopeParameters ReadRope(ConfigReader& reader, const RopeContext& context);

// Reads an object like `rope_parameters` itself. `outer` is the reader around it.
RopeParameters ReadRopeObject(ConfigReader& inner, ConfigReader& outer, const RopeContext& context);

// Rotation for a run of `positions`. Computed in float32 step by step as PyTorch does, so that angles agree.
// kDynamic, as one pass of transformers over the whole sequence: runs of at most `original_positions` use the base
// itself; all positions of a longer run use the base for that length.
RopeAttributes RopeFor(const RopeParameters& parameters, uint64_t head_size, uint64_t positions);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_ROPE_PARAMETERS_H_
