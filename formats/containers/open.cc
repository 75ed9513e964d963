#include "plumb/containers/open.h"

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "plumb/archive/zip.h"
#include "plumb/base/file.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"
#include "plumb/containers/incomplete.h"
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
      &PytorchLegacyFormat(),
      &PytorchTarFormat(),
      &PytorchIndexFormat(),
      &NpyFormat(),
      &TfliteFormat(),
      &TensorBundleFormat(),
      &SavedModelFormat(),
      &FlaxFormat(),
      &OnnxFormat(),
      &Hdf5Format(),
  };
  return kFormats;
}

const std::vector<const ZipContainerFormat*>& ZipFormats() {
  static const std::vector<const ZipContainerFormat*> kFormats = {
      &PytorchZipFormat(),
      &NpzFormat(),
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

// What an input is: a format, or one of ZIP archives with the archive.
struct Recognised {
  const ContainerFormat* format = nullptr;
  const ZipContainerFormat* zip_format = nullptr;
  absl::StatusOr<ZipArchive> archive = absl::UnknownError("no archive");
  std::optional<ForeignFormat> foreign;  // Then there is no format.

  bool any() const { return format != nullptr || zip_format != nullptr; }
};

Recognised Recognise(const ContainerInput& input) {
  Recognised found;
  for (const ContainerFormat* format : Formats()) {
    if (!format->recognises(input)) continue;
    // A CoreML model begins like the messages of these two.
    const bool message = format == &OnnxFormat() || format == &SavedModelFormat();
    if (message && LooksLikeCoreml(input.head)) break;
    found.format = format;
    return found;
  }
  if (!LooksLikeZip(input.head)) {
    found.foreign = ForeignFormatOf(input.head);
    return found;
  }
  found.archive = ZipArchive::Open(input.bytes);
  if (found.archive.ok()) found.foreign = ForeignFormatOf(*found.archive);
  if (found.foreign) return found;
  for (const ZipContainerFormat* format : ZipFormats()) {
    if (found.archive.ok() && format->recognises(*found.archive)) found.zip_format = format;
  }
  return found;
}

absl::StatusOr<std::unique_ptr<TensorSource>> OpenRecognised(const ContainerInput& input) {
  const Recognised found = Recognise(input);
  if (found.format != nullptr) return found.format->open(input);
  if (found.zip_format != nullptr) return found.zip_format->open(input, *found.archive);
  if (LooksLikeZip(input.head) && !found.archive.ok()) return found.archive.status();
  std::string known;
  const std::string what = found.foreign ? fmt::format("it is {}, which is not read", found.foreign->what)
                                         : "its content is of no container that is read here";
  for (const ContainerFormat* each : Formats()) known += fmt::format("{}, ", each->name);
  for (const ZipContainerFormat* each : ZipFormats()) known += fmt::format("{}, ", each->name);
  known.resize(known.size() - 2);
  return RefusedFile(fmt::format("{} ({})", what, known));
}

}  // namespace

absl::StatusOr<std::unique_ptr<TensorSource>> OpenTensorSource(const ByteFolder& folder, std::string_view path) {
  PLUMB_ASSIGN_OR_RETURN(Opened opened, OpenInput(folder, path));
  absl::StatusOr<std::unique_ptr<TensorSource>> source = OpenRecognised(opened.input);
  if (!source.ok()) {
    std::optional<IncompleteFile> stand_in = StandInFor(path, opened.input.bytes->Size(), opened.input.head);
    if (stand_in.has_value()) return RefusedFile(fmt::format("{} {}: {}", path, stand_in->what, stand_in->mend));
  }
  // Readers that others use too name the file themselves.
  if (source.ok() || Message(source.status()).starts_with(fmt::format("{}: ", path))) return source;
  return Annotate(source.status(), path);
}

absl::StatusOr<std::unique_ptr<TensorSource>> OpenTensorSource(const Directory& folder, std::string_view path) {
  return OpenTensorSource(DirectoryByteFolder(&folder), path);
}

absl::StatusOr<std::string_view> ContainerFormatOf(const ByteFolder& folder, std::string_view path) {
  PLUMB_ASSIGN_OR_RETURN(Opened opened, OpenInput(folder, path));
  const Recognised found = Recognise(opened.input);
  if (found.format != nullptr) return found.format->name;
  if (found.zip_format != nullptr) return found.zip_format->name;
  // A damaged archive is reported as such rather than as unknown, if it is one of ours.
  const bool checkpoint = AsText(opened.input.head).find("data.pkl") != std::string_view::npos;
  return !found.archive.ok() && checkpoint && LooksLikeZip(opened.input.head) ? PytorchZipFormat().name
                                                                              : std::string_view();
}

absl::StatusOr<std::optional<ForeignFormat>> ForeignContainerOf(const ByteFolder& folder, std::string_view path) {
  PLUMB_ASSIGN_OR_RETURN(Opened opened, OpenInput(folder, path));
  return Recognise(opened.input).foreign;
}

}  // namespace plumb
