// Which bytes of which files have arrived, for threads that wait for them.
#ifndef PLUMB_CLIENT_LIBRARY_ARRIVALS_H_
#define PLUMB_CLIENT_LIBRARY_ARRIVALS_H_

#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

#include "absl/status/status.h"

namespace plumb {

// Thread-safe.
class Arrivals {
 public:
  // Bytes [begin, end) of the file are there.
  void Add(const std::string& path, uint64_t begin, uint64_t end);
  // Nothing more arrives: who waits for what is not there gets `status`, or CANCELLED when that is OK.
  void End(const absl::Status& status);
  // Returns when bytes [begin, end) of the file are there, or with End's status.
  absl::Status Await(const std::string& path, uint64_t begin, uint64_t end);

 private:
  bool Has(const std::string& path, uint64_t begin, uint64_t end) const;

  std::mutex mutex_;
  std::condition_variable changed_;
  // By path: begin to end of ranges that neither touch nor overlap.
  std::map<std::string, std::map<uint64_t, uint64_t>> ranges_;
  bool ended_ = false;
  absl::Status status_;
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_ARRIVALS_H_
