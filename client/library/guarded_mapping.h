// Part of an open file mapped for reading, for files that something else may shorten or a disk may lose meanwhile.
// Reading a mapping costs no copy, which is a quarter of the time of hashing; the price of a plain one (MappedFile) is
// a SIGBUS that ends the process.
#ifndef PLUMB_CLIENT_LIBRARY_GUARDED_MAPPING_H_
#define PLUMB_CLIENT_LIBRARY_GUARDED_MAPPING_H_

#include <atomic>
#include <csignal>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

#include "absl/status/statusor.h"

namespace plumb {

// A thread has at most one at a time, and only that thread may read its bytes: faults are answered by thread. The first
// use installs a SIGBUS handler, which hands on every fault that is not in such a mapping to the handler before it.
class GuardedMapping {
 public:
  // Maps bytes [begin, end) of the file. An error when the file cannot be mapped; read it then. REQUIRES: begin < end.
  static absl::StatusOr<std::unique_ptr<GuardedMapping>> Map(int fd, uint64_t begin, uint64_t end,
                                                             std::string_view name);
  GuardedMapping(const GuardedMapping&) = delete;
  GuardedMapping& operator=(const GuardedMapping&) = delete;
  ~GuardedMapping();

  std::span<const uint8_t> bytes() const { return bytes_; }
  // Whether every byte read so far was the file's. When not, the bytes are zeros from some moment on, and what was made
  // of them must be thrown away.
  bool intact() const { return !lost_.load(std::memory_order_relaxed); }

 private:
  GuardedMapping(std::span<const uint8_t> pages, std::span<const uint8_t> bytes);
  static void OnBusError(int signal, siginfo_t* info, void* context);
  // Puts zeros in the place of the pages.
  bool Replace();

  std::span<const uint8_t> pages_;
  std::span<const uint8_t> bytes_;
  std::atomic<bool> lost_{false};
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_GUARDED_MAPPING_H_
