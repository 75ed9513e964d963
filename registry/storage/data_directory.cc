#include "registry/storage/data_directory.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {

absl::StatusOr<DataDirectory> DataDirectory::Open(const std::string& path) {
  absl::Status made = MakeDirectories(path, 0700);
  if (!made.ok()) return WithErrorClass(Annotate(made, "open the data folder"), ErrorClass::kLocalStorage);
  std::string name = path + "/lock";
  UniqueFd fd(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!fd.valid()) return WithErrorClass(ErrnoStatus(errno, "open " + name), ErrorClass::kLocalStorage);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    int error = errno;
    if (error != EWOULDBLOCK) return WithErrorClass(ErrnoStatus(error, "lock " + name), ErrorClass::kLocalStorage);
    char holder[32] = {};
    ssize_t length = ::pread(fd.get(), holder, sizeof holder - 1, 0);
    std::string process(holder, length > 0 ? static_cast<size_t>(length) : 0);
    return WithErrorClass(FailedPrecondition(fmt::format("the data folder {} is in use by process {}; a folder belongs "
                                                         "to one server at a time",
                                                         path, process.empty() ? "(unknown)" : process)),
                          ErrorClass::kLocalStorage);
  }
  std::string process = std::to_string(::getpid());
  if (::ftruncate(fd.get(), 0) != 0) return ErrnoStatus(errno, "write " + name);
  PLUMB_RETURN_IF_ERROR(PwriteAll(fd.get(), AsBytes(process), 0, name));
  return DataDirectory(path, std::move(fd));
}

std::string DataDirectory::Join(std::string_view name) const { return fmt::format("{}/{}", path_, name); }

}  // namespace plumb
