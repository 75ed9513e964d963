#include "plumb/containers/open.h"

#include <algorithm>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/flax/flax_source.h"
#include "plumb/gguf/gguf.h"
#include "plumb/keras/keras_source.h"
#include "plumb/numpy/numpy_source.h"
#include "plumb/onnx/file.h"
#include "plumb/pytorch/pytorch_source.h"
#include "plumb/tensorflow/bundle_source.h"
#include "plumb/tflite/tflite_source.h"
#include "plumb/weights/container_format.h"
#include "plumb/weights/safetensors_source.h"

namespace plumb {
namespace {

// One line for each format; docs/containers.md has a row for each.
// clang-format off
const std::vector<const ContainerFormat*>& Formats() {
  static const std::vector<const ContainerFormat*> kFormats = {
      &SafetensorsFormat(),
      &SafetensorsIndexFormat(),
      &gguf::GgufFormat(),
      &PytorchZipFormat(),
      &PytorchLegacyFormat(),
      &PytorchTarFormat(),
      &NpyFormat(),
      &NpzFormat(),
      &TfliteFormat(),
      &TensorBundleFormat(),
      &SavedModelFormat(),
      &FlaxFormat(),
      &OnnxFormat(),
      &Hdf5Format(),
      &KerasFormat(),
  };
  return kFormats;
}
// clang-format on

// An input together with the bytes that its `head` borrows.
struct Opened {
  ContainerInput input;
  std::vector<uint8_t> head;
};

absl::StatusOr<Opened> OpenInput(const ByteFolder& folder, std::string_view path) {
  Opened opened;
  opened.input.folder = &folder;
  opened.input.path = std::string(path);
  PLUMB_ASSIGN_OR_RETURN(opened.input.bytes, folder.Open(path));
  uint64_t cheap_bytes = std::max(opened.input.bytes->CheapEnd(0), kContainerHeadBytesMin);
  opened.head.resize(std::min({opened.input.bytes->Size(), kContainerHeadBytes, cheap_bytes}));
  absl::Status status = opened.input.bytes->Read(0, opened.head);
  if (!status.ok()) return Annotate(status, path);
  opened.input.head = opened.head;
  return opened;
}

const ContainerFormat* FormatOf(const ContainerInput& input) {
  for (const ContainerFormat* format : Formats()) {
    if (format->recognises(input)) return format;
  }
  return nullptr;
}

}  // namespace

absl::StatusOr<std::unique_ptr<TensorSource>> OpenTensorSource(const ByteFolder& folder, std::string_view path) {
  PLUMB_ASSIGN_OR_RETURN(Opened opened, OpenInput(folder, path));
  const ContainerFormat* format = FormatOf(opened.input);
  if (format != nullptr) return format->open(opened.input);
  std::string known;
  for (const ContainerFormat* each : Formats()) known += fmt::format("{}{}", known.empty() ? "" : ", ", each->name);
  return WithErrorClass(
      InvalidArgument(fmt::format("{}: its content is of no container that is read here ({})", path, known)),
      ErrorClass::kPolicy);
}

absl::StatusOr<std::unique_ptr<TensorSource>> OpenTensorSource(const Directory& folder, std::string_view path) {
  return OpenTensorSource(DirectoryByteFolder(&folder), path);
}

absl::StatusOr<std::string_view> ContainerFormatOf(const ByteFolder& folder, std::string_view path) {
  PLUMB_ASSIGN_OR_RETURN(Opened opened, OpenInput(folder, path));
  const ContainerFormat* format = FormatOf(opened.input);
  return format == nullptr ? std::string_view() : format->name;
}

}  // namespace plumb
