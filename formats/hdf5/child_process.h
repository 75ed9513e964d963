// A program that runs beside this one with a socket between them and nothing else in common.
#ifndef PLUMB_FORMATS_HDF5_CHILD_PROCESS_H_
#define PLUMB_FORMATS_HDF5_CHILD_PROCESS_H_

#include <sys/types.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/file.h"

namespace plumb::hdf5 {

// Not thread-safe; several may live at once. The destructor kills the program if it still runs, and reaps it.
class ChildProcess {
 public:
  // Starts `command` with the socket as standard input, a bare environment and no other open file; it may take
  // `seconds_max` in all calls of Send and Receive together. FAILED_PRECONDITION when it cannot be started.
  static absl::StatusOr<std::unique_ptr<ChildProcess>> Start(const std::vector<std::string>& command,
                                                             double seconds_max);
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;
  ~ChildProcess();

  // Both wait for all bytes. DEADLINE_EXCEEDED when the program's time is up, ABORTED with how it ended when it has
  // ended.
  absl::Status Send(std::span<const uint8_t> data);
  absl::Status Receive(std::span<uint8_t> out);

  pid_t pid() const { return pid_; }

 private:
  ChildProcess(pid_t pid, UniqueFd socket, double seconds_max)
      : pid_(pid), socket_(std::move(socket)), seconds_left_(seconds_max) {}
  // Until the socket can be read or written.
  absl::Status Await(short events);
  // How it ended; kills it when it has only closed its socket.
  absl::Status Ended();
  void Reap();

  pid_t pid_;
  UniqueFd socket_;
  double seconds_left_;
  bool reaped_ = false;
  int wait_status_ = 0;
};

}  // namespace plumb::hdf5

#endif  // PLUMB_FORMATS_HDF5_CHILD_PROCESS_H_
