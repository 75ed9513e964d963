// Prints what Plumb reads in a container, for a conformance test to compare with the format's own library:
//
//     container_dump FOLDER PATH
//
// One JSON object: format, notes, metadata (key to value) and tensors, each with name, dtype, shape, the SHA-256 of
// its bytes (dense, row-major, little-endian) and of its elements as float32, where they can be decoded.
#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "plumb/base/status.h"
#include "plumb/containers/open.h"
#include "plumb/content/digest.h"

namespace plumb {
namespace {

constexpr uint64_t kPieceElements = 1 << 20;

std::string BytesDigest(const TensorSource& source, const SourceTensor& tensor, absl::Status* status) {
  Sha256 hash;
  std::vector<uint8_t> piece;
  for (uint64_t at = 0; at < tensor.size_bytes() && status->ok(); at += piece.size()) {
    piece.resize(std::min(kPieceElements, tensor.size_bytes() - at));
    *status = source.ReadBytes(tensor, at, piece);
    hash.Update(piece);
  }
  return hash.Finish().ToHex();
}

nlohmann::json FloatDigest(const TensorSource& source, const SourceTensor& tensor, absl::Status* status) {
  Sha256 hash;
  std::vector<float> piece;
  for (uint64_t at = 0; at < tensor.element_count() && status->ok(); at += piece.size()) {
    piece.resize(std::min(kPieceElements, tensor.element_count() - at));
    absl::Status read = source.ReadF32(tensor, at, piece);
    if (absl::IsInvalidArgument(read)) return nullptr;  // Complex numbers, texts.
    *status = read;
    hash.Update({reinterpret_cast<const uint8_t*>(piece.data()), piece.size() * sizeof(float)});
  }
  return hash.Finish().ToHex();
}

absl::StatusOr<nlohmann::json> Dump(const TensorSource& source) {
  nlohmann::json metadata = nlohmann::json::object(), tensors = nlohmann::json::array();
  for (const MetadataEntry& entry : source.metadata().entries()) {
    std::visit([&](const auto& value) { metadata[entry.key] = value; }, entry.value);
  }
  absl::Status status;
  for (const SourceTensor& tensor : source.tensors()) {
    tensors.push_back({{"name", tensor.name},
                       {"dtype", DTypeName(tensor.dtype)},
                       {"shape", tensor.shape},
                       {"bytes_sha256", BytesDigest(source, tensor, &status)},
                       {"f32_sha256", FloatDigest(source, tensor, &status)}});
    if (!status.ok()) return Annotate(status, tensor.name);
  }
  return nlohmann::json{
      {"format", source.format()}, {"notes", source.notes()}, {"metadata", metadata}, {"tensors", tensors}};
}

absl::Status Run(const std::string& folder, std::string_view path) {
  PLUMB_ASSIGN_OR_RETURN(Directory directory, Directory::Open(folder));
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<TensorSource> source, OpenTensorSource(directory, path));
  PLUMB_ASSIGN_OR_RETURN(nlohmann::json json, Dump(*source));
  std::puts(json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace).c_str());
  return absl::OkStatus();
}

}  // namespace
}  // namespace plumb

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: container_dump FOLDER PATH\n");
    return 2;
  }
  absl::Status status = plumb::Run(argv[1], argv[2]);
  if (status.ok()) return 0;
  std::fprintf(stderr, "Error: %s\n", std::string(plumb::Message(status)).c_str());
  return 1;
}
