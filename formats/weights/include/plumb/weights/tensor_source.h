// One view of the tensors of any container: safetensors, GGUF, PyTorch, ONNX, ...
//
// A reader of a format fills a TensorSourceParts: where each tensor's bytes lie and what they mean. TensorSource::New
// checks that once for every format, so that a source that exists is safe to read, and does the reading itself.
// docs/containers.md says what each format's reader does.
#ifndef PLUMB_WEIGHTS_TENSOR_SOURCE_H_
#define PLUMB_WEIGHTS_TENSOR_SOURCE_H_

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"
#include "plumb/weights/dtype.h"
#include "plumb/weights/metadata.h"

namespace plumb {

// Bytes [begin, end) of TensorSourceParts::files[file].
struct StoredRange {
  uint32_t file = 0;
  uint64_t begin = 0;
  uint64_t end = 0;
  friend bool operator==(const StoredRange&, const StoredRange&) = default;
};

// One tensor of a source. Plain value.
struct SourceTensor {
  std::string name;  // 1 to limits::kTensorNameBytesMax bytes, no two alike in a source.
  DType dtype = DType::kF32;
  // Outermost dimension first, as PyTorch has it; empty for a scalar.
  std::vector<uint64_t> shape;
  // How many elements to go for one step along each dimension; empty when dense and row-major. 0 repeats elements.
  // Only for types of whole bytes.
  std::vector<uint64_t> strides;
  // The stored bytes, in this order one after another. With strides exactly one range, from the tensor's first
  // element to the end of its last. Empty for a tensor without bytes.
  std::vector<StoredRange> ranges;
  // The stored bytes are big-endian; what is read is little-endian all the same.
  bool big_endian = false;
  // Set when other tensors read from the same bytes (tied weights, views): they all have the same number.
  std::optional<uint32_t> shared_storage;

  // Product of `shape`; 1 for a scalar. Cannot overflow in a tensor of a TensorSource.
  uint64_t element_count() const;
  // Bytes of the dense tensor, which strides may make more than are stored. For STRING, those stored.
  uint64_t size_bytes() const;
};

// One file of a source.
struct SourceFile {
  std::string path;  // Relative to the folder that was opened; for messages and for publishing tensor bounds.
  std::shared_ptr<const ByteSource> bytes;
  // These are not the file's own bytes but unpacked from it, so that ranges are not places in the file.
  bool unpacked = false;
};

// What a part knows about types that plumb::weights cannot decode by itself.
struct BlockCodec {
  // Decodes whole blocks: out.size() elements from out.size() / BlockOf(dtype).elements blocks.
  absl::Status (*decode)(DType dtype, std::span<const uint8_t> blocks, std::span<float> out) = nullptr;
  // Turns whole big-endian blocks into little-endian ones.
  void (*swap)(DType dtype, std::span<uint8_t> blocks) = nullptr;
  // How many whole little-endian blocks have a scale that is no finite number. May be left out.
  uint64_t (*count_bad)(DType dtype, std::span<const uint8_t> blocks) = nullptr;
};

// What a format's reader found.
struct TensorSourceParts {
  std::string_view format;  // A string literal: "safetensors", "gguf", ...
  std::vector<SourceFile> files;
  std::vector<SourceTensor> tensors;  // In the container's order.
  std::vector<MetadataEntry> metadata;
  // Things a person should hear that are no errors, each a sentence.
  std::vector<std::string> notes;
  BlockCodec codec;
};

// Immutable and thread-safe.
class TensorSource {
 public:
  // INVALID_ARGUMENT (ErrorClass::kPolicy), naming the tensor, unless: names are valid UTF-8, of legal length and
  // unique; ranks and sizes are within limits; every range lies in its file; ranges and shape agree; strides stay in
  // the range; metadata keys are unique.
  static absl::StatusOr<std::unique_ptr<TensorSource>> New(TensorSourceParts parts);

  std::string_view format() const { return parts_.format; }
  const std::vector<SourceFile>& files() const { return parts_.files; }
  const std::vector<SourceTensor>& tensors() const { return parts_.tensors; }
  const Metadata& metadata() const { return metadata_; }
  const std::vector<std::string>& notes() const { return parts_.notes; }
  // nullptr when there is none of that name.
  const SourceTensor* Find(std::string_view name) const;

  // Below, `tensor` is one that this source returned.

  // Decodes out.size() elements from `first` on, in row-major order, to float32; block types are dequantised,
  // integers rounded. INVALID_ARGUMENT for complex, F6 and STRING; OUT_OF_RANGE past the tensor; what Read of the
  // byte source returns.
  absl::Status ReadF32(const SourceTensor& tensor, uint64_t first, std::span<float> out) const;

  // Fills `out` with bytes of the tensor in its own type, dense, row-major, little-endian, from byte `first` on.
  absl::Status ReadBytes(const SourceTensor& tensor, uint64_t first, std::span<uint8_t> out) const;

  // How many of the blocks that hold elements [first, first + count) have a scale that is NaN or infinite; 0 for types
  // without blocks. `first` and `count` are of whole blocks. What ReadBytes returns.
  absl::StatusOr<uint64_t> CountBadBlocks(const SourceTensor& tensor, uint64_t first, uint64_t count) const;

  // The tensor's dense little-endian bytes where they lie, valid as long as the source, without alignment; nullopt
  // when they do not lie like that in memory, and ReadBytes has to be used.
  std::optional<std::span<const uint8_t>> View(const SourceTensor& tensor) const;

  // Lets the kernel drop the tensor's pages.
  void Release(const SourceTensor& tensor) const;

 private:
  explicit TensorSource(TensorSourceParts parts);
  // Units (one element, or one block) [first, first + count) into `out`, little-endian.
  absl::Status ReadUnits(const SourceTensor& tensor, uint64_t first, std::span<uint8_t> out) const;
  absl::Status ReadStored(const SourceTensor& tensor, uint64_t first, std::span<uint8_t> out) const;
  absl::Status Gather(const SourceTensor& tensor, uint64_t first, std::span<uint8_t> out) const;
  absl::Status Decode(DType dtype, std::span<const uint8_t> units, std::span<float> out) const;

  TensorSourceParts parts_;
  Metadata metadata_;
  std::vector<uint32_t> by_name_;  // Indices into parts_.tensors, sorted by name.
};

}  // namespace plumb

#endif  // PLUMB_WEIGHTS_TENSOR_SOURCE_H_
