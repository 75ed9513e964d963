// The append-only, numbered sequence of events, and the one way to change the catalogue.
#ifndef PLUMB_REGISTRY_CATALOGUE_JOURNAL_H_
#define PLUMB_REGISTRY_CATALOGUE_JOURNAL_H_

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/v1/catalogue.pb.h"
#include "registry/storage/clock.h"
#include "registry/storage/metadata_store.h"

namespace plumb {

// Numbers start at 1 and have no gap: an event, its number and the change it tells of are
// one transaction. Thread-safe.
class Journal {
 public:
  // Prepares one change: reads what it is based on, adds conditions and writes to
  // `transaction`, and returns its event (number and time are filled in), or none when there
  // is nothing to change. May run more than once. No other change runs meanwhile.
  using Prepare = std::function<absl::StatusOr<std::optional<v1::Event>>(uint64_t sequence, TimePoint now,
                                                                         Transaction* transaction)>;

  // `store` must outlive the journal.
  static absl::StatusOr<std::unique_ptr<Journal>> New(MetadataStore* store, Clock clock);

  // Makes one change. Returns its event's number, 0 when nothing changed; the error of `prepare` or of the store.
  absl::StatusOr<uint64_t> Append(const Prepare& prepare);

  // The newest number; 0 when nothing happened yet.
  uint64_t head() const;
  // Events after `sequence`, oldest first, at most `count`.
  absl::StatusOr<std::vector<v1::Event>> List(uint64_t after_sequence, size_t count) const;
  // Waits until there is an event after `sequence`, the journal stops, or `timeout` passes;
  // returns whether there is one.
  bool WaitFor(uint64_t after_sequence, std::chrono::milliseconds timeout) const;
  // Ends all waiting, now and later.
  void StopWaiting();
  bool stopped() const;

 private:
  Journal(MetadataStore* store, Clock clock, uint64_t head) : store_(store), clock_(std::move(clock)), head_(head) {}

  MetadataStore* const store_;
  const Clock clock_;
  std::mutex change_mutex_;  // Held through a change; taken before mutex_.
  mutable std::mutex mutex_;
  mutable std::condition_variable moved_;
  uint64_t head_;  // Under mutex_.
  bool stopped_ = false;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_JOURNAL_H_
