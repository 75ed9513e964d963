#include "client/library/arrivals.h"

#include <algorithm>

namespace plumb {

void Arrivals::Add(const std::string& path, uint64_t begin, uint64_t end) {
  if (begin >= end) return;
  std::lock_guard lock(mutex_);
  std::map<uint64_t, uint64_t>& ranges = ranges_[path];
  auto next = ranges.upper_bound(begin);
  if (next != ranges.begin() && std::prev(next)->second >= begin) --next;
  while (next != ranges.end() && next->first <= end) {
    begin = std::min(begin, next->first);
    end = std::max(end, next->second);
    next = ranges.erase(next);
  }
  ranges[begin] = end;
  changed_.notify_all();
}

void Arrivals::End(const absl::Status& status) {
  std::lock_guard lock(mutex_);
  ended_ = true;
  status_ = status.ok() ? absl::CancelledError("the bytes did not arrive") : status;
  changed_.notify_all();
}

absl::Status Arrivals::Await(const std::string& path, uint64_t begin, uint64_t end) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ended_ || Has(path, begin, end); });
  return Has(path, begin, end) ? absl::OkStatus() : status_;
}

bool Arrivals::Has(const std::string& path, uint64_t begin, uint64_t end) const {
  if (begin >= end) return true;
  auto ranges = ranges_.find(path);
  if (ranges == ranges_.end()) return false;
  auto next = ranges->second.upper_bound(begin);
  return next != ranges->second.begin() && std::prev(next)->second >= end;
}

}  // namespace plumb
