// Statistics of a model's weights, taken while a run decodes them.
#ifndef PLUMB_VERIFY_INFERENCE_CHECK_WEIGHT_SURVEY_H_
#define PLUMB_VERIFY_INFERENCE_CHECK_WEIGHT_SURVEY_H_

#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "plumb/inference/backend.h"

namespace plumb {

// What the elements of one tensor are like.
struct WeightStatistics {
  double mean = 0;
  double deviation = 0;  // Standard deviation.
  double absmax = 0;
  double zeros = 0;  // Share of elements that are 0.
};

WeightStatistics StatisticsOfWeights(std::span<const float> values);

// Hands on another source's weights and keeps the statistics of each tensor that was loaded whole, so that no weight is
// read a second time for them. Thread-safe.
class WeightSurvey : public WeightSource {
 public:
  // `await` is called with a tensor's name before it is asked for; may be empty. `source` must outlive this object.
  explicit WeightSurvey(const WeightSource& source, std::function<absl::Status(const std::string&)> await = nullptr)
      : source_(source), await_(std::move(await)) {}

  absl::Status Load(const std::string& name, std::span<float> out) const override;
  absl::Status LoadPart(const std::string& name, uint64_t first, std::span<float> out) const override;
  TensorView View(const std::string& name, ElementType type) const override { return source_.View(name, type); }
  absl::Status Check(const std::string& name) const override;
  void Release(const std::string& name) const override { source_.Release(name); }

  std::map<std::string, WeightStatistics> statistics() const;

 private:
  bool Known(const std::string& name) const;
  void Keep(const std::string& name, std::span<const float> values) const;
  absl::Status Await(const std::string& name) const { return await_ ? await_(name) : absl::OkStatus(); }

  const WeightSource& source_;
  std::function<absl::Status(const std::string&)> await_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, WeightStatistics> statistics_;
};

// Tensors that are unlike those of the same role in other layers (`h.3.mlp.weight` beside `h.*.mlp.weight`), in words:
// a spread, largest element or share of zeros far from what the others have. Roles with fewer than four layers are not
// judged. Trained layers do differ, so that this is a hint and no fault.
std::vector<std::string> SiblingWarnings(const std::map<std::string, WeightStatistics>& statistics);

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_CHECK_WEIGHT_SURVEY_H_
