#include "plumb/tflite/tflite_source.h"

#include <optional>
#include <set>

#include "fmt/format.h"
#include "formats/tflite/flatbuffer.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/quote.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"
#include "plumb/weights/unreadable_tensor.h"

namespace plumb {
namespace {

// Fields of the schema's tables by number.
enum ModelField { kModelVersion = 0, kModelSubgraphs = 2, kModelDescription = 3, kModelBuffers = 4 };
enum SubgraphField { kSubgraphTensors = 0 };
enum TensorField { kTensorShape = 0, kTensorType = 1, kTensorBuffer = 2, kTensorName = 3, kTensorSparsity = 6 };
enum BufferField { kBufferData = 0, kBufferOffset = 1, kBufferSize = 2 };

constexpr uint64_t kVersion = 3;

// The schema's TensorType; nullopt for resources, variants and newer ones.
std::optional<DType> TypeNumbered(uint64_t type) {
  constexpr std::optional<DType> kTypes[] = {DType::kF32,    DType::kF16,  DType::kI32, DType::kU8,   DType::kI64,
                                             DType::kString, DType::kBool, DType::kI16, DType::kC64,  DType::kI8,
                                             DType::kF64,    DType::kC128, DType::kU64, std::nullopt, std::nullopt,
                                             DType::kU32,    DType::kU16,  DType::kI4,  DType::kBF16};
  return type < std::size(kTypes) ? kTypes[type] : std::nullopt;
}

class TfliteReader {
 public:
  explicit TfliteReader(const ContainerInput& input) : input_(input), buffer_(*input.bytes) {}

  absl::StatusOr<std::unique_ptr<TensorSource>> Run() {
    parts_.format = "tflite";
    parts_.files.push_back({input_.path, input_.bytes});
    const FlatTable model = FlatTable::Root(buffer_);
    if (const uint64_t version = model.Number(kModelVersion, 4); buffer_.status().ok() && version != kVersion) {
      return RefusedFile(fmt::format("its version is {}, expected {}", version, kVersion));
    }
    buffers_ = model.Vector(kModelBuffers, 4);
    const FlatVector subgraphs = model.Vector(kModelSubgraphs, 4);
    for (uint64_t i = 0; i < subgraphs.count && buffer_.status().ok(); ++i) {
      PLUMB_RETURN_IF_ERROR(AddSubgraph(model, model.Item(subgraphs, i), i));
    }
    const std::string description = model.Text(kModelDescription, limits::kCardBytesMax);
    PLUMB_RETURN_IF_ERROR(buffer_.status());
    if (!description.empty() && IsValidUtf8(description)) parts_.metadata.push_back({"description", description, {}});
    return TensorSource::New(std::move(parts_));
  }

 private:
  absl::Status AddSubgraph(const FlatTable& model, const FlatTable& subgraph, uint64_t number) {
    const FlatVector tensors = subgraph.Vector(kSubgraphTensors, 4);
    for (uint64_t i = 0; i < tensors.count && buffer_.status().ok(); ++i) {
      // Lists may share their items: what is read stays in proportion to the limit, not to the file.
      if (++visited_ > limits::kDocumentNodesMax)
        return RefusedFile(fmt::format("more than {} tensors", limits::kDocumentNodesMax));
      const FlatTable tensor = subgraph.Item(tensors, i);
      PLUMB_ASSIGN_OR_RETURN(StoredRange range, RangeOf(model, tensor));
      if (range.begin == range.end) continue;
      std::string name = tensor.Text(kTensorName, limits::kTensorNameBytesMax);
      if (number > 0) name = fmt::format("subgraph{}/{}", number, name);
      if (name.empty() || !names_.insert(name).second) name = fmt::format("{}#{}", name, i);
      PLUMB_RETURN_IF_ERROR(AddTensor(tensor, name, range));
    }
    return buffer_.status();
  }

  // The bytes of a tensor's buffer: in the flatbuffer, or after it.
  absl::StatusOr<StoredRange> RangeOf(const FlatTable& model, const FlatTable& tensor) {
    const uint64_t number = tensor.Number(kTensorBuffer, 4);
    PLUMB_RETURN_IF_ERROR(buffer_.status());
    if (number >= buffers_.count) {
      return RefusedFile(fmt::format("a tensor names buffer {}, of {}", number, buffers_.count));
    }
    const FlatTable buffer = model.Item(buffers_, number);
    const FlatVector data = buffer.Vector(kBufferData, 1);
    const uint64_t offset = buffer.Number(kBufferOffset, 8);
    const uint64_t size = buffer.Number(kBufferSize, 8);
    PLUMB_RETURN_IF_ERROR(buffer_.status());
    if (offset <= 1) return StoredRange{0, data.begin, data.begin + data.count};
    if (offset > buffer_.size() || size > buffer_.size() - offset) {
      return RefusedFile(fmt::format("buffer {} lies at {} with {} bytes, outside the file", number, offset, size));
    }
    return StoredRange{0, offset, offset + size};
  }

  absl::Status AddTensor(const FlatTable& table, const std::string& name, const StoredRange& range) {
    const uint64_t type = table.Number(kTensorType, 1);
    const std::optional<DType> dtype = TypeNumbered(type);
    const FlatVector shape = table.Vector(kTensorShape, 4);
    PLUMB_RETURN_IF_ERROR(buffer_.status());
    const bool sparse = table.Number(kTensorSparsity, 4) != 0;
    if (!dtype || sparse) {
      NoteUnreadable({name, sparse ? "is sparse" : fmt::format("is of type {}, which is not read", type)},
                     &parts_.notes);
      return buffer_.status();
    }
    SourceTensor tensor = {.name = name, .dtype = *dtype, .ranges = {range}};
    for (uint64_t d = 0; d < shape.count && d <= limits::kTensorRankMax; ++d) {
      const uint64_t size = buffer_.Number(shape.begin + 4 * d, 4);
      if (size > INT32_MAX) return RefusedFile(fmt::format("tensor {} has a negative size", QuoteForMessage(name)));
      tensor.shape.push_back(size);
    }
    parts_.tensors.push_back(std::move(tensor));
    return buffer_.status();
  }

  const ContainerInput& input_;
  Flatbuffer buffer_;
  FlatVector buffers_;
  TensorSourceParts parts_;
  std::set<std::string> names_;
  uint64_t visited_ = 0;
};

bool Recognises(const ContainerInput& input) {
  return input.head.size() >= 8 && AsText(input.head.subspan(4, 4)) == "TFL3";
}

absl::StatusOr<std::unique_ptr<TensorSource>> Open(const ContainerInput& input) { return TfliteReader(input).Run(); }

}  // namespace

const ContainerFormat& TfliteFormat() {
  static constexpr ContainerFormat kFormat = {"tflite", Recognises, Open};
  return kFormat;
}

}  // namespace plumb
