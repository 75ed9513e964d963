// Files of models that Plumb knows by their content and does not read: named, so that nobody takes them for broken ones
// of a format that it does.
#ifndef PLUMB_CONTAINERS_FOREIGN_H_
#define PLUMB_CONTAINERS_FOREIGN_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "plumb/archive/zip.h"

namespace plumb {

// Plain value; both point to literals.
struct ForeignFormat {
  std::string_view name;  // `coreml`, `nemo`, ...; `packed` for archives and packed files that may hold anything.
  std::string_view what;  // "a CoreML model".

  // Whether it is a model for sure.
  bool model() const { return name != "packed"; }
};

// What bytes that begin so are; nullopt for everything else. `head`: the first bytes, kContainerHeadBytesMin at least
// of a longer file. docs/containers.md has the list.
std::optional<ForeignFormat> ForeignFormatOf(std::span<const uint8_t> head);

// Whether bytes begin like a CoreML model, which ONNX's and TensorFlow's messages do but for what is in them.
bool LooksLikeCoreml(std::span<const uint8_t> head);

// The same for ZIP archives, by their entries.
std::optional<ForeignFormat> ForeignFormatOf(const ZipArchive& archive);

}  // namespace plumb

#endif  // PLUMB_CONTAINERS_FOREIGN_H_
