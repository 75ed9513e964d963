#include "registry/catalogue/journal.h"

#include <utility>

#include "registry/catalogue/keys.h"
#include "registry/catalogue/records.h"
#include "registry/storage/timestamp.h"

namespace plumb {
namespace {

// Another server on the same metadata store may come first this often before we give up.
constexpr int kAttemptsMax = 32;

absl::StatusOr<uint64_t> HeadIn(const MetadataStore& store) {
  absl::StatusOr<std::string> value = store.Get(keys::kHead);
  if (absl::IsNotFound(value.status())) return 0;
  if (!value.ok()) return value.status();
  if (value->size() != 8) return DataLoss("the number of the newest event cannot be read");
  return keys::ReadBigEndian64(*value);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Journal>> Journal::New(MetadataStore* store, Clock clock) {
  PLUMB_ASSIGN_OR_RETURN(uint64_t head, HeadIn(*store));
  return std::unique_ptr<Journal>(new Journal(store, std::move(clock), head));
}

absl::StatusOr<uint64_t> Journal::Append(const Prepare& prepare) {
  std::lock_guard change(change_mutex_);
  for (int attempt = 0; attempt < kAttemptsMax; ++attempt) {
    PLUMB_ASSIGN_OR_RETURN(uint64_t head, HeadIn(*store_));
    uint64_t sequence = head + 1;
    TimePoint now = clock_();
    Transaction transaction;
    PLUMB_ASSIGN_OR_RETURN(std::optional<v1::Event> event, prepare(sequence, now, &transaction));
    if (!event.has_value()) return 0;
    event->set_sequence(sequence);
    *event->mutable_time() = ToTimestamp(now);
    if (head == 0) {
      transaction.RequireAbsent(std::string(keys::kHead));
    } else {
      transaction.RequireValue(std::string(keys::kHead), keys::BigEndian64(head));
    }
    transaction.Put(std::string(keys::kHead), keys::BigEndian64(sequence));
    transaction.Put(keys::Event(sequence), event->SerializeAsString());
    absl::Status status = store_->Commit(transaction);
    if (absl::IsAborted(status)) continue;
    PLUMB_RETURN_IF_ERROR(status);
    std::lock_guard lock(mutex_);
    head_ = sequence;
    moved_.notify_all();
    return sequence;
  }
  return absl::AbortedError("too many changes at the same time; try again");
}

uint64_t Journal::head() const {
  std::lock_guard lock(mutex_);
  return head_;
}

absl::StatusOr<std::vector<v1::Event>> Journal::List(uint64_t after_sequence, size_t count) const {
  std::vector<v1::Event> events;
  absl::Status failure;
  PLUMB_RETURN_IF_ERROR(
      store_->Scan(keys::kEvents, keys::Event(after_sequence), [&](std::string_view, std::string_view value) {
        if (events.size() == count) return false;
        auto event = ParseRecord<v1::Event>(value, "an event");
        failure = event.status();
        if (event.ok()) events.push_back(*std::move(event));
        return failure.ok();
      }));
  PLUMB_RETURN_IF_ERROR(failure);
  return events;
}

bool Journal::WaitFor(uint64_t after_sequence, std::chrono::milliseconds timeout) const {
  std::unique_lock lock(mutex_);
  // wait_until on the system clock: ThreadSanitizer knows its calls.
  moved_.wait_until(lock, std::chrono::system_clock::now() + timeout,
                    [&] { return head_ > after_sequence || stopped_; });
  return head_ > after_sequence;
}

void Journal::StopWaiting() {
  std::lock_guard lock(mutex_);
  stopped_ = true;
  moved_.notify_all();
}

bool Journal::stopped() const {
  std::lock_guard lock(mutex_);
  return stopped_;
}

}  // namespace plumb
