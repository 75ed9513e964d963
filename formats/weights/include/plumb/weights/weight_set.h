// The tensors of one model, whether they lie in one file or in shards.
#ifndef PLUMB_WEIGHTS_WEIGHT_SET_H_
#define PLUMB_WEIGHTS_WEIGHT_SET_H_

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/weights/safetensors.h"

namespace plumb {

// Mapped tensors under their names. Immutable and thread-safe; spans stay valid as long as this object.
class WeightSet {
 public:
  // Opens `path` below `folder`: a `.safetensors` file, or a `.safetensors.index.json` with its shards
  // beside it. For an index, every shard must exist and hold exactly the tensors that the index gives it.
  // A file that is a shard by its name (shard_set.h) stands for its set: NOT_FOUND names the first that is missing,
  // INVALID_ARGUMENT (ErrorClass::kPolicy) a tensor that two of them hold.
  static absl::StatusOr<WeightSet> Open(const Directory& folder, std::string_view path);

  // Sorted by name.
  const std::vector<const TensorInfo*>& tensors() const { return tensors_; }
  // nullptr when there is none of that name.
  const TensorInfo* Find(std::string_view name) const;
  // The bytes of a tensor that Find or tensors() returned.
  std::span<const uint8_t> Bytes(const TensorInfo& tensor) const;
  // Lets the kernel drop the tensor's pages.
  void Release(const TensorInfo& tensor) const;

 private:
  // Where the tensor stands in tensors_; their number when there is none.
  size_t IndexOf(std::string_view name) const;

  std::vector<std::unique_ptr<SafetensorsFile>> files_;
  std::vector<const TensorInfo*> tensors_;
  std::vector<uint32_t> file_of_;  // Parallel to tensors_: index into files_.
};

// Decodes out.size() elements to float32, starting at element `first`. F64 and integers are rounded; BOOL is 0 or 1.
// INVALID_ARGUMENT for complex, F6, STRING and ggml's block types, OUT_OF_RANGE when `bytes` does not hold that many.
absl::Status DecodeToF32(DType dtype, std::span<const uint8_t> bytes, uint64_t first, std::span<float> out);

}  // namespace plumb

#endif  // PLUMB_WEIGHTS_WEIGHT_SET_H_
