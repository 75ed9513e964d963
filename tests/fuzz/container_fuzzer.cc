// A container of any format: opened by content, every tensor read as far as there is not too much of it. Each format
// has a program of its own with this body, and a corpus of real files to start from.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "plumb/base/status.h"
#include "plumb/containers/open.h"
#include "tests/fuzz/allocation_bound.h"

namespace plumb {
namespace {

class OneFile : public ByteFolder {
 public:
  explicit OneFile(std::shared_ptr<const ByteSource> bytes) : bytes_(std::move(bytes)) {}
  absl::StatusOr<std::shared_ptr<const ByteSource>> Open(std::string_view) const override { return bytes_; }

 private:
  std::shared_ptr<const ByteSource> bytes_;
};

}  // namespace
}  // namespace plumb

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr uint64_t kReadBytesMax = 1 << 16;
  auto bytes = plumb::MemoryByteSource(std::string(reinterpret_cast<const char*>(data), size));
  plumb::OneFile folder(bytes);
  const bool zip = size >= 2 && data[0] == 'P' && data[1] == 'K';
  plumb::fuzz::AllocationBound bound(
      size, zip ? plumb::fuzz::AllocationBound::kDeflateFactor : plumb::fuzz::AllocationBound::kFactor);
  absl::StatusOr<std::unique_ptr<plumb::TensorSource>> source = plumb::OpenTensorSource(folder, "model");
  if (!source.ok()) return 0;
  for (const plumb::SourceTensor& tensor : (*source)->tensors()) {
    std::vector<uint8_t> out(std::min(tensor.size_bytes(), kReadBytesMax));
    absl::Status status = (*source)->ReadBytes(tensor, 0, out);
    // Packed data are found broken when they are read.
    if (!status.ok() && plumb::ErrorClassOf(status) != plumb::ErrorClass::kPolicy) __builtin_trap();
  }
  return 0;
}
