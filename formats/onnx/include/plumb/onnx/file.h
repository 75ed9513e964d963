// An ONNX model's file together with the files of external data that it names.
#ifndef PLUMB_ONNX_FILE_H_
#define PLUMB_ONNX_FILE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"
#include "plumb/base/directory.h"
#include "plumb/onnx/parse.h"
#include "plumb/weights/container_format.h"

namespace plumb {

// The elements of a tensor in ONNX's raw form: little-endian, packed below 8 bits with the first element lowest.
struct OnnxBytes {
  std::span<const uint8_t> bytes;  // Of the file, or of `owned`.
  std::vector<uint8_t> owned;      // Elements that stood in typed fields.
};

// Immutable and thread-safe.
class OnnxFile {
 public:
  // Reads `path` below `folder` and opens the external data it names, which must lie in the model's own folder or below
  // it, reached without a symbolic link: opening goes through ByteFolder. Checks of each external tensor that it lies
  // in its file, that its length is that of its shape, and its SHA-1 when one is given. INVALID_ARGUMENT
  // (ErrorClass::kPolicy) names the tensor and the rule; DATA_LOSS (the same class) for a file that ends before a tensor
  // does; NOT_FOUND for one that is missing.
  static absl::StatusOr<std::unique_ptr<OnnxFile>> Open(const ByteFolder& folder, std::string_view path);
  static absl::StatusOr<std::unique_ptr<OnnxFile>> Open(const Directory& folder, std::string_view path);
  // A model without external data.
  static absl::StatusOr<std::unique_ptr<OnnxFile>> FromBytes(std::shared_ptr<const ByteSource> bytes);

  const OnnxModelProto& model() const { return model_; }

  // The elements of a tensor of this model. INVALID_ARGUMENT (ErrorClass::kPolicy) when they are not as many as its
  // shape says, stand in a field that is not its type's, or are strings.
  absl::StatusOr<OnnxBytes> Read(const OnnxTensor& tensor) const;

  // A file of the model and the bytes in it. The first is the model itself.
  struct Part {
    std::string path;
    std::shared_ptr<const ByteSource> bytes;
    std::span<const uint8_t> view;  // All of it.
    std::vector<uint8_t> owned;     // When the source is not mapped.
  };
  const std::vector<std::unique_ptr<Part>>& parts() const { return parts_; }
  // The part in which `bytes`, of a tensor that stands in a file as it is, lie, and where they begin; nullptr if none.
  const Part* PartOf(std::span<const uint8_t> bytes, uint64_t* begin) const;

 private:
  OnnxFile() = default;
  absl::Status AddPart(std::string path, std::shared_ptr<const ByteSource> bytes);
  absl::Status OpenExternal(const ByteFolder* folder, const OnnxGraph& graph);
  absl::Status OpenExternalOfNodes(const ByteFolder* folder, std::span<const OnnxNode> nodes);
  absl::Status OpenExternal(const ByteFolder* folder, const OnnxTensor& tensor);
  absl::StatusOr<std::span<const uint8_t>> ExternalBytes(const OnnxTensor& tensor) const;

  std::vector<std::unique_ptr<Part>> parts_;
  std::map<std::string, const Part*, std::less<>> by_location_;
  OnnxModelProto model_;
};

// The elements of a tensor that has no external data, in raw form. Borrows the tensor's bytes where it can.
absl::StatusOr<OnnxBytes> ReadOnnxTensor(const OnnxTensor& tensor);

// ONNX among the containers that OpenTensorSource knows: the initializers of the main graph.
const ContainerFormat& OnnxFormat();

}  // namespace plumb

#endif  // PLUMB_ONNX_FILE_H_
