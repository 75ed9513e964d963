// Any bytes as a whole safetensors file: what Parse accepts must tile the file, and be written and read again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>
#include <string>
#include <vector>

#include "formats/weights/safetensors_parser.h"
#include "plumb/base/file.h"
#include "plumb/weights/safetensors.h"
#include "plumb/weights/unreadable_tensor.h"
#include "tests/fuzz/allocation_bound.h"

namespace {

// Ends the run where a sanitizer would, so that the fuzzer keeps the input.
void Check(bool condition) {
  if (!condition) std::abort();
}

// `all`: no tensor is of a type or a name that is passed over.
void CheckTiling(const plumb::SafetensorsHeader& header, uint64_t file_bytes, bool all) {
  uint64_t done = header.data_offset();
  Check(done >= 10 && done <= file_bytes);
  for (const plumb::TensorInfo& tensor : header.tensors()) {
    Check((all ? tensor.begin == done : tensor.begin >= done) && tensor.end >= tensor.begin);
    Check(!tensor.name.empty() && header.Find(tensor.name) == &tensor);
    Check(tensor.element_count() * plumb::DTypeBits(tensor.dtype) == tensor.size_bytes() * 8);
    done = tensor.end;
  }
  Check(all ? done == file_bytes : done <= file_bytes);
}

void CheckRoundTrip(const plumb::SafetensorsHeader& header, std::span<const uint8_t> file) {
  std::vector<plumb::TensorToWrite> tensors;
  for (const plumb::TensorInfo& tensor : header.tensors()) {
    tensors.push_back({tensor.name, tensor.dtype, tensor.shape, file.subspan(tensor.begin, tensor.size_bytes())});
  }
  auto written = plumb::SerializeSafetensors(tensors, header.metadata());
  // A __metadata__ that could be read can be written; so can every tensor.
  Check(written.ok());
  auto again = plumb::SafetensorsHeader::Parse(plumb::AsBytes(*written), written->size());
  Check(again.ok() && again->metadata() == header.metadata() && again->tensors().size() == tensors.size());
  for (const plumb::TensorToWrite& tensor : tensors) {
    const plumb::TensorInfo* found = again->Find(tensor.name);
    Check(found != nullptr && found->dtype == tensor.dtype && found->shape == tensor.shape);
    Check(plumb::AsText(plumb::AsBytes(*written).subspan(found->begin, found->size_bytes())) ==
          plumb::AsText(tensor.bytes));
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::span<const uint8_t> file(data, size);
  plumb::fuzz::AllocationBound bound(size);
  auto header = plumb::SafetensorsHeader::Parse(file, size);
  if (!header.ok()) return 0;
  const std::vector<std::string> notes =
      plumb::NotesOnSafetensorsJson(plumb::AsText(file.subspan(8, header->data_offset() - 8)));
  CheckTiling(*header, size, std::none_of(notes.begin(), notes.end(), plumb::IsUnreadableNote));
  CheckRoundTrip(*header, file);
  return 0;
}
