// Texts that a safetensors file gives for GGUF's values: whatever is understood must come out again as it was written.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "formats/convert/value_text.h"
#include "tests/fuzz/allocation_bound.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  plumb::fuzz::AllocationBound bound(size);
  // The type's name, a line feed, the text.
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\n');
  if (end == input.npos) return 0;
  const std::string_view type = input.substr(0, end);
  const auto value = plumb::ValueOfText("key", input.substr(end + 1), type);
  if (!value) return 0;
  const auto text = plumb::ValueAsText(*value);
  if (!text) return 0;  // Not UTF-8.
  const auto again = plumb::ValueOfText("key", *text, type);
  if (!again || plumb::ValueAsText(*again) != text) std::abort();
  return 0;
}
