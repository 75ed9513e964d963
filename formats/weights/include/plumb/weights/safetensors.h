// The safetensors container, read strictly: https://github.com/huggingface/safetensors#format
//
//   u64 little-endian N | N bytes of UTF-8 JSON | tensor data to the end of the file
#ifndef PLUMB_WEIGHTS_SAFETENSORS_H_
#define PLUMB_WEIGHTS_SAFETENSORS_H_

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/file.h"
#include "plumb/weights/dtype.h"

namespace plumb {

// One tensor of a container. `shape` is empty for a scalar; row-major, last dimension contiguous.
struct TensorInfo {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<uint64_t> shape;
  // First byte and one past the last, from the start of the file.
  uint64_t begin = 0;
  uint64_t end = 0;

  uint64_t size_bytes() const { return end - begin; }
  // Product of `shape`; 1 for a scalar. Cannot overflow in a tensor that Parse returned.
  uint64_t element_count() const;
};

// What a valid header says. Immutable, thread-safe.
class SafetensorsHeader {
 public:
  // Parses the first bytes of a file of `file_bytes` in all; `prefix` must hold the length and the
  // whole header (PrefixBytes tells how many that is) and may hold more.
  // INVALID_ARGUMENT (ErrorClass::kPolicy) with the rule that is broken, unless: the header is at most
  // limits::kSafetensorsHeaderBytesMax, starts with `{` (after JSON white space), is valid UTF-8 and JSON
  // without duplicate keys, every tensor has a known dtype, a shape whose byte size does not overflow and equals
  // its range, ranges tile the data without holes or overlap, and `__metadata__` maps strings to strings.
  static absl::StatusOr<SafetensorsHeader> Parse(std::span<const uint8_t> prefix, uint64_t file_bytes);

  // How many bytes of the file Parse needs, from its first 8 bytes.
  static absl::StatusOr<uint64_t> PrefixBytes(std::span<const uint8_t> first8, uint64_t file_bytes);

  // Reads and parses the header of an open file with pread; `name` is for messages.
  static absl::StatusOr<SafetensorsHeader> Read(int fd, std::string_view name);

  // In the order of their bytes; tensors without bytes before the one that follows them.
  const std::vector<TensorInfo>& tensors() const { return tensors_; }
  // nullptr when there is none of that name.
  const TensorInfo* Find(std::string_view name) const;
  const std::map<std::string, std::string>& metadata() const { return metadata_; }
  // Where tensor data begins in the file.
  uint64_t data_offset() const { return data_offset_; }

 private:
  std::vector<TensorInfo> tensors_;
  std::vector<uint32_t> by_name_;  // Indices into tensors_, sorted by name.
  std::map<std::string, std::string> metadata_;
  uint64_t data_offset_ = 0;
};

// A mapped container. Spans stay valid as long as this object. Thread-safe.
class SafetensorsFile {
 public:
  static absl::StatusOr<SafetensorsFile> Open(const std::string& path);
  // Maps what `fd` holds; the descriptor may be closed afterwards.
  static absl::StatusOr<SafetensorsFile> FromFd(int fd, std::string_view name);

  const SafetensorsHeader& header() const { return header_; }
  // The tensor's bytes as they lie in the file, little-endian, without alignment: copy, never cast.
  std::span<const uint8_t> Bytes(const TensorInfo& tensor) const;
  // Lets the kernel drop the tensor's pages.
  void Release(const TensorInfo& tensor) const { map_.Release(tensor.begin, tensor.end); }

 private:
  SafetensorsFile(MappedFile map, SafetensorsHeader header) : map_(std::move(map)), header_(std::move(header)) {}
  MappedFile map_;
  SafetensorsHeader header_;
};

// A tensor to be written; `bytes` is borrowed for the call.
struct TensorToWrite {
  std::string name;
  DType dtype = DType::kF32;
  std::vector<uint64_t> shape;
  std::span<const uint8_t> bytes;
};

// A whole container as the reference writer lays it out: tensors by falling alignment then name,
// header padded with spaces to a multiple of 8. INVALID_ARGUMENT when bytes and shape disagree or a
// name occurs twice.
absl::StatusOr<std::string> SerializeSafetensors(const std::vector<TensorToWrite>& tensors,
                                                 const std::map<std::string, std::string>& metadata);

}  // namespace plumb

#endif  // PLUMB_WEIGHTS_SAFETENSORS_H_
