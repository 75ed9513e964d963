// What a part that reads a container exports: how to know the container by its content, and how to open it.
#ifndef PLUMB_WEIGHTS_CONTAINER_FORMAT_H_
#define PLUMB_WEIGHTS_CONTAINER_FORMAT_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

class ZipArchive;

// A file that is to be opened as a container.
struct ContainerInput {
  // Where the file and its neighbours are found. Borrowed for the call.
  const ByteFolder* folder = nullptr;
  // Relative to `folder`. A format decides by content; it may use the path to find neighbours, and in messages.
  std::string path;
  std::shared_ptr<const ByteSource> bytes;
  // The first bytes: kContainerHeadBytes, or the whole of a shorter file; kContainerHeadBytesMin at least where more
  // cost more.
  std::span<const uint8_t> head;

  // The path of a file beside this one.
  std::string Neighbour(std::string_view name) const {
    size_t slash = path.rfind('/');
    return slash == path.npos ? std::string(name) : path.substr(0, slash + 1).append(name);
  }
};

inline constexpr uint64_t kContainerHeadBytes = 4096;
inline constexpr uint64_t kContainerHeadBytesMin = 512;

struct ContainerFormat {
  std::string_view name;
  // Whether the content claims to be of this format: cheap, and true of at most one format for any bytes.
  bool (*recognises)(const ContainerInput& input);
  // Reads the headers. Errors name the rule that is broken; OpenTensorSource puts the file's path in front.
  absl::StatusOr<std::unique_ptr<TensorSource>> (*open)(const ContainerInput& input);
};

// A format whose files are ZIP archives. The archive is opened once for all such formats; it lives for the call.
struct ZipContainerFormat {
  std::string_view name;
  // True of at most one format for any archive.
  bool (*recognises)(const ZipArchive& archive);
  absl::StatusOr<std::unique_ptr<TensorSource>> (*open)(const ContainerInput& input, const ZipArchive& archive);
};

}  // namespace plumb

#endif  // PLUMB_WEIGHTS_CONTAINER_FORMAT_H_
