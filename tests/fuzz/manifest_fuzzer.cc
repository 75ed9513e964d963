// A manifest that is accepted can be built again from its message, and still is accepted.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "plumb/manifest/manifest.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  auto stored = plumb::ParseManifest(std::string(reinterpret_cast<const char*>(data), size));
  if (!stored.ok()) return 0;
  auto rebuilt = plumb::BuildManifest(stored->manifest);
  if (!rebuilt.ok()) std::abort();
  auto again = plumb::ParseManifest(rebuilt->bytes);
  if (!again.ok() || again->digest != rebuilt->digest) std::abort();
  for (const plumb::v1::File& file : stored->manifest.files()) {
    if (plumb::FindFile(stored->manifest, file.path()) != &file) std::abort();
  }
  return 0;
}
