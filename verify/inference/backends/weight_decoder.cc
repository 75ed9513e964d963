#include "verify/inference/backends/weight_decoder.h"

#include <algorithm>
#include <utility>

#include "plumb/base/status.h"
#include "verify/inference/backends/bfloat16.h"
#include "verify/inference/backends/host_plan.h"
#include "verify/inference/backends/host_weights.h"

namespace plumb {
namespace {

constexpr uint64_t kStagedElements = 1 << 18;

uint64_t StagedBytes(const Node& weight) {
  return std::min(*ElementCount(weight.shape), kStagedElements) * sizeof(float);
}

// Through a part of float32 at a time, which lies behind the result in the buffer.
absl::Status FillRounded(const WeightSource& source, const Node& weight, HostBuffer& buffer) {
  const uint64_t count = *ElementCount(weight.shape);
  auto* out = reinterpret_cast<uint16_t*>(buffer.data());
  std::span<float> staged = {reinterpret_cast<float*>(buffer.data() + buffer.size_bytes() - StagedBytes(weight)),
                             StagedBytes(weight) / sizeof(float)};
  for (uint64_t first = 0; first < count; first += staged.size()) {
    std::span<float> part = staged.first(std::min<uint64_t>(staged.size(), count - first));
    PLUMB_RETURN_IF_ERROR(source.LoadPart(weight.name, first, part));
    RoundToBFloat16(part.data(), part.size(), out + first);
  }
  source.Release(weight.name);
  return absl::OkStatus();
}

}  // namespace

uint64_t DecodedBytes(const Node& weight, const WeightForm& form) {
  const uint64_t count = ElementCount(weight.shape).value_or(0);
  if (form.type == ElementType::kF32) return count * sizeof(float);
  return (count * sizeof(uint16_t) + 63) / 64 * 64 + StagedBytes(weight);
}

absl::StatusOr<DecodedWeight> MakeRoom(const WeightSource& source, const Node& weight, const WeightForm& form,
                                       MemoryMeter& meter) {
  DecodedWeight room;
  const uint64_t bytes = *ElementCount(weight.shape) * ElementBytes(form.type);
  room.view = source.View(weight.name, form.type);
  if (room.view.type == form.type && room.view.bytes.size() == bytes && bytes > 0) return room;
  room.buffer = HostBuffer(DecodedBytes(weight, form), meter);
  if (room.buffer.data() == nullptr) return NoMemory(weight);
  room.view = {form.type, room.buffer.bytes().first(bytes)};
  return room;
}

absl::Status FillRoom(const WeightSource& source, const Node& weight, const WeightForm& form, DecodedWeight& room) {
  if (room.viewed()) return source.Check(weight.name);
  if (form.type == ElementType::kF32) return source.Load(weight.name, room.buffer.floats());
  return FillRounded(source, weight, room.buffer);
}

WeightDecoder::WeightDecoder(const WeightSource& source) : source_(source), thread_([this] { Work(); }) {}

WeightDecoder::~WeightDecoder() {
  {
    std::lock_guard lock(mutex_);
    ends_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void WeightDecoder::Add(const Node& weight, const WeightForm& form, DecodedWeight room) {
  jobs_.push_back({&weight, form, std::move(room), absl::OkStatus()});
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back(&jobs_.back());
  }
  changed_.notify_all();
}

std::list<WeightDecoder::Job>::iterator WeightDecoder::Find(const Node& weight, const WeightForm& form) {
  return std::find_if(jobs_.begin(), jobs_.end(),
                      [&](const Job& job) { return job.weight->name == weight.name && job.form == form; });
}

bool WeightDecoder::Holds(const Node& weight, const WeightForm& form) const {
  return const_cast<WeightDecoder*>(this)->Find(weight, form) != jobs_.end();
}

std::optional<absl::StatusOr<DecodedWeight>> WeightDecoder::Take(const Node& weight, const WeightForm& form) {
  auto job = Find(weight, form);
  if (job == jobs_.end()) return std::nullopt;
  {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return job->done; });
  }
  absl::StatusOr<DecodedWeight> result = job->status.ok() ? absl::StatusOr<DecodedWeight>(std::move(job->room))
                                                          : absl::StatusOr<DecodedWeight>(job->status);
  jobs_.erase(job);
  return result;
}

void WeightDecoder::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return ends_ || !waiting_.empty(); });
    if (ends_) return;
    Job* job = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    job->status = FillRoom(source_, *job->weight, job->form, job->room);
    lock.lock();
    job->done = true;
    changed_.notify_all();
  }
}

}  // namespace plumb
