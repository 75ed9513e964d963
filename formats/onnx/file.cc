#include "plumb/onnx/file.h"

#include <algorithm>
#include <cctype>
#include <utility>

#include "fmt/format.h"
#include "formats/onnx/sha1.h"
#include "plumb/base/limits.h"
#include "plumb/base/onnx_limits.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

absl::Status Refuse(const OnnxTensor& tensor, std::string_view why) {
  return WithErrorClass(InvalidArgument(fmt::format("ONNX: external tensor \"{}\" {}", tensor.name, why)),
                        ErrorClass::kPolicy);
}

std::string FolderOf(std::string_view path) {
  const size_t slash = path.rfind('/');
  return slash == path.npos ? std::string() : std::string(path.substr(0, slash + 1));
}

std::string_view WithoutDot(std::string_view location) {
  while (location.starts_with("./")) location.remove_prefix(2);
  return location;
}

bool SameDigest(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

}  // namespace

absl::Status OnnxFile::AddPart(std::string path, std::shared_ptr<const ByteSource> bytes) {
  auto part = std::make_unique<Part>(Part{std::move(path), std::move(bytes), {}, {}});
  part->view = part->bytes->Mapped();
  if (part->view.size() != part->bytes->Size()) {
    if (part->bytes->Size() > limits::kOnnxBytesMax) {
      return WithErrorClass(InvalidArgument(fmt::format("{}: {} bytes are too many to read into memory", part->path,
                                                        part->bytes->Size())),
                            ErrorClass::kPolicy);
    }
    part->owned.resize(part->bytes->Size());
    PLUMB_RETURN_IF_ERROR(part->bytes->Read(0, part->owned));
    part->view = part->owned;
  }
  parts_.push_back(std::move(part));
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<OnnxFile>> OnnxFile::Open(const ByteFolder& folder, std::string_view path) {
  std::unique_ptr<OnnxFile> file(new OnnxFile());
  PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const ByteSource> bytes, folder.Open(path));
  PLUMB_RETURN_IF_ERROR(file->AddPart(std::string(path), std::move(bytes)));
  absl::StatusOr<OnnxModelProto> model = ParseOnnxModel(file->parts_.front()->view);
  if (!model.ok()) return Annotate(model.status(), path);
  file->model_ = *std::move(model);
  absl::Status status = file->OpenExternal(&folder, file->model_.graph);
  for (const OnnxFunction& function : file->model_.functions) {
    if (status.ok()) status = file->OpenExternalOfNodes(&folder, function.nodes);
  }
  if (!status.ok()) return Annotate(status, path);
  return file;
}

absl::StatusOr<std::unique_ptr<OnnxFile>> OnnxFile::Open(const Directory& folder, std::string_view path) {
  return Open(DirectoryByteFolder(&folder), path);
}

absl::StatusOr<std::unique_ptr<OnnxFile>> OnnxFile::FromBytes(std::shared_ptr<const ByteSource> bytes) {
  std::unique_ptr<OnnxFile> file(new OnnxFile());
  PLUMB_RETURN_IF_ERROR(file->AddPart("model.onnx", std::move(bytes)));
  PLUMB_ASSIGN_OR_RETURN(file->model_, ParseOnnxModel(file->parts_.front()->view));
  PLUMB_RETURN_IF_ERROR(file->OpenExternal(nullptr, file->model_.graph));
  return file;
}

absl::Status OnnxFile::OpenExternal(const ByteFolder* folder, const OnnxGraph& graph) {
  for (const OnnxTensor& tensor : graph.initializers) PLUMB_RETURN_IF_ERROR(OpenExternal(folder, tensor));
  for (const OnnxSparseTensor& sparse : graph.sparse_initializers) {
    PLUMB_RETURN_IF_ERROR(OpenExternal(folder, sparse.values));
    PLUMB_RETURN_IF_ERROR(OpenExternal(folder, sparse.indices));
  }
  return OpenExternalOfNodes(folder, graph.nodes);
}

absl::Status OnnxFile::OpenExternalOfNodes(const ByteFolder* folder, std::span<const OnnxNode> nodes) {
  for (const OnnxNode& node : nodes) {
    for (const OnnxAttribute& attribute : node.attributes) {
      if (attribute.tensor) PLUMB_RETURN_IF_ERROR(OpenExternal(folder, *attribute.tensor));
      if (attribute.graph) PLUMB_RETURN_IF_ERROR(OpenExternal(folder, *attribute.graph));
    }
  }
  return absl::OkStatus();
}

absl::Status OnnxFile::OpenExternal(const ByteFolder* folder, const OnnxTensor& tensor) {
  if (!tensor.external) return absl::OkStatus();
  const std::string_view location = tensor.external->location;
  if (folder == nullptr) return Refuse(tensor, "has external data, and there is no folder to look for it");
  if (by_location_.find(location) == by_location_.end()) {
    if (parts_.size() > limits::kShardsMax) return Refuse(tensor, "names one external file too many");
    // The folder refuses absolute paths, `..` and links.
    const std::string path = FolderOf(parts_.front()->path) + std::string(WithoutDot(location));
    absl::StatusOr<std::shared_ptr<const ByteSource>> bytes = folder->Open(path);
    if (absl::IsInvalidArgument(bytes.status())) return Refuse(tensor, fmt::format("is not in the folder: {}", Message(bytes.status())));
    if (!bytes.ok()) return Annotate(bytes.status(), fmt::format("external tensor \"{}\"", tensor.name));
    PLUMB_RETURN_IF_ERROR(AddPart(path, *std::move(bytes)));
    by_location_.emplace(location, parts_.back().get());
  }
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, ExternalBytes(tensor));
  const std::string_view expected = tensor.external->sha1;
  if (expected.empty()) return absl::OkStatus();
  const std::string found = onnx::Sha1Hex(by_location_.find(location)->second->view);
  // The specification speaks of the file's checksum; some writers give the tensor's own.
  if (SameDigest(found, expected) || SameDigest(onnx::Sha1Hex(bytes), expected)) return absl::OkStatus();
  return WithErrorClass(DataLoss(fmt::format("ONNX: external tensor \"{}\": {} has SHA-1 {}, the model says {}",
                                             tensor.name, location, found, expected)),
                        ErrorClass::kVerification);
}

absl::StatusOr<std::span<const uint8_t>> OnnxFile::ExternalBytes(const OnnxTensor& tensor) const {
  const OnnxExternalData& data = *tensor.external;
  auto found = by_location_.find(data.location);
  if (found == by_location_.end()) return Refuse(tensor, "is not of this model");
  const unsigned bits = OnnxTypeBits(tensor.type);
  if (bits == 0) return Refuse(tensor, fmt::format("is of type {}, which is no number", OnnxTypeName(tensor.type)));
  const uint64_t expected = (tensor.elements * bits + 7) / 8;
  if (data.length && *data.length != expected) {
    return Refuse(tensor, fmt::format("has {} bytes, expected {}", *data.length, expected));
  }
  const std::span<const uint8_t> file = found->second->view;
  if (data.offset > file.size() || expected > file.size() - data.offset) {
    return DamagedFile(fmt::format("ONNX: external tensor \"{}\" lies in bytes {} to {} of {}, which has {}", tensor.name,
                               data.offset, data.offset + expected, data.location, file.size()));
  }
  return file.subspan(data.offset, expected);
}

absl::StatusOr<OnnxBytes> OnnxFile::Read(const OnnxTensor& tensor) const {
  if (!tensor.external) return ReadOnnxTensor(tensor);
  OnnxBytes result;
  PLUMB_ASSIGN_OR_RETURN(result.bytes, ExternalBytes(tensor));
  return result;
}

const OnnxFile::Part* OnnxFile::PartOf(std::span<const uint8_t> bytes, uint64_t* begin) const {
  for (const std::unique_ptr<Part>& part : parts_) {
    const uint8_t* first = part->view.data();
    const bool inside = std::less_equal<>()(first, bytes.data()) &&
                        std::less_equal<>()(bytes.data() + bytes.size(), first + part->view.size());
    if (!inside) continue;
    *begin = static_cast<uint64_t>(bytes.data() - first);
    return part.get();
  }
  return nullptr;
}

}  // namespace plumb
