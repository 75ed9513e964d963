// Any bytes as a whole GGUF file: what is read lies in the file, is the same through a window, can be dequantised, and
// can be written and read again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "plumb/base/byte_source.h"
#include "plumb/base/status.h"
#include "plumb/containers/open.h"
#include "plumb/gguf/gguf.h"
#include "plumb/gguf/writer.h"
#include "tests/fuzz/allocation_bound.h"

namespace {

constexpr uint64_t kElementsReadMax = 1 << 16;  // Of all tensors together, so that a run stays short.

// Ends the run where a sanitizer would, so that the fuzzer keeps the input.
void Check(bool condition) {
  if (!condition) std::abort();
}

// As a remote file is read.
class Unmapped : public plumb::ByteSource {
 public:
  explicit Unmapped(const plumb::ByteSource& bytes) : bytes_(bytes) {}
  uint64_t Size() const override { return bytes_.Size(); }
  absl::Status Read(uint64_t offset, std::span<uint8_t> out) const override { return bytes_.Read(offset, out); }

 private:
  const plumb::ByteSource& bytes_;
};

class OneFile : public plumb::ByteFolder {
 public:
  explicit OneFile(std::shared_ptr<const plumb::ByteSource> bytes) : bytes_(std::move(bytes)) {}
  absl::StatusOr<std::shared_ptr<const plumb::ByteSource>> Open(std::string_view path) const override {
    if (path == "file") return bytes_;
    return plumb::NotFound("no other file");
  }

 private:
  std::shared_ptr<const plumb::ByteSource> bytes_;
};

void ReadTensors(const plumb::TensorSource& source) {
  uint64_t left = kElementsReadMax;
  for (const plumb::SourceTensor& tensor : source.tensors()) {
    std::vector<float> values(std::min(tensor.element_count(), left));
    Check(source.ReadF32(tensor, tensor.element_count() - values.size(), values).ok());
    std::vector<uint8_t> bytes(std::min<uint64_t>(tensor.size_bytes(), 1000));
    Check(source.ReadBytes(tensor, tensor.size_bytes() - bytes.size(), bytes).ok());
    left -= values.size();
  }
}

void CheckRoundTrip(const plumb::gguf::GgufHeader& header) {
  std::vector<plumb::gguf::GgufTensor> tensors;
  for (const plumb::SourceTensor& tensor : header.tensors) tensors.push_back({tensor.name, tensor.dtype, tensor.shape});
  auto layout = plumb::gguf::LayOutGguf(header.metadata, tensors);
  if (!layout.ok()) return;  // An empty name, which the table alone allows, or sizes above what we write.
  std::string file = layout->header;
  if (layout->file_bytes > file.size() + kElementsReadMax) return;
  file.resize(layout->file_bytes);
  auto again = plumb::gguf::GgufHeader::Read(*plumb::MemoryByteSource(file), "again");
  Check(again.ok() && again->tensors.size() == header.tensors.size());
  Check(again->metadata.size() == header.metadata.size() && again->alignment == header.alignment);
  for (size_t i = 0; i < header.metadata.size(); ++i) {
    Check(again->metadata[i].key == header.metadata[i].key);
    Check(again->metadata[i].stored_as == header.metadata[i].stored_as);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::shared_ptr<const plumb::ByteSource> bytes =
      plumb::MemoryByteSource(std::string(reinterpret_cast<const char*>(data), size));
  plumb::fuzz::AllocationBound bound(size);
  auto header = plumb::gguf::GgufHeader::Read(*bytes, "file");
  auto windowed = plumb::gguf::GgufHeader::Read(Unmapped(*bytes), "file");
  Check(header.status() == windowed.status());
  if (!header.ok()) return 0;
  Check(header->data_offset <= header->data_end && header->data_end <= size);
  CheckRoundTrip(*header);
  auto source = plumb::OpenTensorSource(OneFile(bytes), "file");
  if (source.ok()) ReadTensors(**source);
  return 0;
}
