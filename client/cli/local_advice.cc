#include "client/cli/local_advice.h"

#include <cerrno>

#include "plumb/base/errno_of.h"

namespace plumb::cli {

std::string LocalStorageAdvice(const absl::Status& status) {
  switch (ErrnoOf(status)) {
    case ENOSPC:
      return "Free some space there, or choose another folder.";
    case EDQUOT:
      return "Your quota there is used up: remove something of yours, or choose another folder.";
    case EFBIG:
      return "That file system takes no file of this size: choose another folder.";
    case EROFS:
      return "That file system is mounted read-only: choose another folder.";
    case EACCES:
    case EPERM:
      return "You may not write there: choose another folder, or have its owner let you (ls -ld shows who may).";
    case ENOTDIR:
    case EEXIST:
    case EISDIR:
    case ENOTEMPTY:
      return "Something else stands where a folder or a file must be: move it away, or choose another folder.";
    case ENAMETOOLONG:
      return "That file system takes no name so long: choose a folder with a shorter path.";
    case ELOOP:
      return "Links lead in a circle there: choose another folder.";
    case EMFILE:
    case ENFILE:
      return "Too many files are open: raise the limit (ulimit -n), or close other programs.";
    case EBUSY:
    case ETXTBSY:
      return "Another program is using it: close that, or choose another folder.";
    case EIO:
      return "The disk itself fails: see the system's log, and choose a folder on another disk.";
    case ESTALE:
    case ENOENT:
      return "The folder went away meanwhile: see that it is there, and run the same command again.";
    default:
      break;
  }
  if (absl::IsAborted(status)) return "Wait for it to end, or choose another folder.";
  if (absl::IsResourceExhausted(status)) return "Free some space there, or choose another folder.";
  return "Choose another folder, or make that one writable.";
}

}  // namespace plumb::cli
