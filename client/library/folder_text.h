// Small text files of a folder.
#ifndef PLUMB_CLIENT_LIBRARY_FOLDER_TEXT_H_
#define PLUMB_CLIENT_LIBRARY_FOLDER_TEXT_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "fmt/format.h"
#include "plumb/base/directory.h"
#include "plumb/base/status.h"

namespace plumb {

// The whole file at `path` below `folder`. OUT_OF_RANGE when it is larger than `bytes_max`.
inline absl::StatusOr<std::string> ReadText(const Directory& folder, std::string_view path, uint64_t bytes_max) {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, folder.OpenFile(path));
  PLUMB_ASSIGN_OR_RETURN(uint64_t size, FileSize(fd.get(), path));
  if (size > bytes_max) return OutOfRange(fmt::format("{} has {} bytes, at most {} are read", path, size, bytes_max));
  std::string text(size, '\0');
  PLUMB_RETURN_IF_ERROR(PreadExactly(fd.get(), {reinterpret_cast<uint8_t*>(text.data()), size}, 0, path));
  return text;
}

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_FOLDER_TEXT_H_
