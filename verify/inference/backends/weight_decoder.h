// Decoding of weights beside the work that uses those before them.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_WEIGHT_DECODER_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_WEIGHT_DECODER_H_

#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/inference/backend.h"
#include "verify/inference/backends/host_buffer.h"
#include "verify/inference/backends/host_kernels.h"

namespace plumb {

// A weight in a form's type: in `buffer`, or viewed where the source holds it.
struct DecodedWeight {
  HostBuffer buffer;
  TensorView view;
  bool viewed() const { return buffer.data() == nullptr; }
};

// Room to decode into; none when the source can be viewed. RESOURCE_EXHAUSTED without memory.
absl::StatusOr<DecodedWeight> MakeRoom(const WeightSource& source, const Node& weight, const WeightForm& form,
                                       MemoryMeter& meter);
// Fills the room, or checks what is viewed.
absl::Status FillRoom(const WeightSource& source, const Node& weight, const WeightForm& form, DecodedWeight& room);

// Decodes one weight after another on a thread that lives as long as this object. Used by one thread.
class WeightDecoder {
 public:
  // Borrows the source.
  explicit WeightDecoder(const WeightSource& source);
  // Ends after the weight that is being decoded; the others are dropped.
  ~WeightDecoder();

  // The node must live as long as this object.
  void Add(const Node& weight, const WeightForm& form, DecodedWeight room);
  // Waits for a weight that was added; nullopt when none of that name and form was, or it was taken.
  std::optional<absl::StatusOr<DecodedWeight>> Take(const Node& weight, const WeightForm& form);
  bool Holds(const Node& weight, const WeightForm& form) const;

 private:
  struct Job {
    const Node* weight;
    WeightForm form;
    DecodedWeight room;
    absl::Status status;
    bool done = false;  // Guarded by mutex_; `room` and `status` belong to the thread until it is set.
  };

  std::list<Job>::iterator Find(const Node& weight, const WeightForm& form);
  void Work();

  const WeightSource& source_;
  std::list<Job> jobs_;  // Changed by the owner only.
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Job*> waiting_;  // Guarded by mutex_.
  bool ends_ = false;         // Guarded by mutex_.
  std::thread thread_;
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_WEIGHT_DECODER_H_
