#include "plumb/containers/foreign.h"

#include <algorithm>
#include <string>

#include "plumb/archive/tar.h"
#include "plumb/base/file.h"
#include "plumb/protowire/wire_reader.h"

namespace plumb {
namespace {

using namespace std::string_view_literals;

struct Magic {
  size_t at;
  std::string_view bytes;
  ForeignFormat format;
};

// What a file begins with, or has at a place near its beginning.
constexpr Magic kMagics[] = {
    {4, "ET12"sv, {"executorch", "an ExecuTorch program"}},
    {4, "ORTM"sv, {"ort", "an ONNX Runtime model (ORT format)"}},
    {0, "lmgg"sv, {"ggml", "a GGML file of before GGUF"}},
    {0, "fmgg"sv, {"ggml", "a GGML file of before GGUF (ggmf)"}},
    {0, "tjgg"sv, {"ggml", "a GGML file of before GGUF (ggjt)"}},
    {0, "algg"sv, {"ggml", "a GGML adapter of before GGUF (ggla)"}},
    {0, "ftrt"sv, {"tensorrt", "a TensorRT engine"}},
    {0, "ptrt"sv, {"tensorrt", "a TensorRT engine"}},
    {0, "RKNN"sv, {"rknn", "an RKNN model"}},
    {0, "MZqFpD='"sv, {"llamafile", "a llamafile, a program that holds a model"}},
    {64, "\xef\xbe\xad\xde"sv, {"coreml", "the weights of a CoreML program"}},
    {0, "\x1f\x8b"sv, {"packed", "packed with gzip"}},
    {0, "BZh"sv, {"packed", "packed with bzip2"}},
    {0, "\xfd\x37\x7a\x58\x5a\0"sv, {"packed", "packed with xz"}},
    {0, "\x28\xb5\x2f\xfd"sv, {"packed", "packed with zstd"}},
    {0, "7z\xbc\xaf\x27\x1c"sv, {"packed", "a 7z archive"}},
};

bool HasMagic(std::string_view head, const Magic& magic) {
  return head.size() >= magic.at + magic.bytes.size() && head.substr(magic.at).starts_with(magic.bytes);
}

// A description of features begins with one that begins with its name, where ONNX has a text, and TensorFlow a message
// of other fields.
bool IsDescription(std::span<const uint8_t> message) {
  constexpr uint8_t kFirst = 0x0a;  // Field 1, with a length.
  if (message.empty() || message[0] != kFirst) return false;
  message = message.subspan(1);
  return TakeVarint(message).has_value() && !message.empty() && message[0] == kFirst;
}

// OpenVINO's networks are XML with the weights beside them.
bool LooksLikeOpenvino(std::string_view head) {
  if (!head.starts_with("<?xml") && !head.starts_with("<net ")) return false;
  return head.find("<net ") != head.npos && head.find("version=\"") != head.npos;
}

// By the first file of the archive, before which a folder may stand.
std::optional<ForeignFormat> TarFormat(std::span<const uint8_t> head) {
  constexpr size_t kBlockBytes = 512;
  constexpr size_t kNameBytes = 100;
  if (!LooksLikeTar(head)) return std::nullopt;
  for (size_t at = 0; at + kBlockBytes <= head.size(); at += kBlockBytes) {
    std::string_view name = AsText(head.subspan(at, kNameBytes));
    name = name.substr(0, name.find('\0'));
    if (name.starts_with("./")) name.remove_prefix(2);
    if (name.empty()) continue;
    // PyTorch 0.1.
    for (std::string_view known : {"sys_info", "pickle", "storages", "tensors"}) {
      if (name == known) return std::nullopt;
    }
    if (name == "model_config.yaml" || name == "model_weights.ckpt") return ForeignFormat{"nemo", "a NeMo archive"};
    return ForeignFormat{"packed", "a TAR archive"};
  }
  return std::nullopt;
}

}  // namespace

// The specification's version (1), a description (2), then the kind of model, a field from 200 on.
bool LooksLikeCoreml(std::span<const uint8_t> head) {
  constexpr uint32_t kKindMin = 200;
  constexpr uint64_t kVersionMax = 100;
  constexpr uint8_t kDescription = 0x12;
  WireReader reader(head);
  WireField field;
  if (!reader.Next(field) || field.number != 1 || field.wire != Wire::kVarint || field.value > kVersionMax)
    return false;
  while (reader.Next(field)) {
    if (field.number >= kKindMin) return field.wire == Wire::kBytes;
    if (field.number == 2 && field.wire == Wire::kBytes && IsDescription(field.bytes)) return true;
  }
  // The description is longer than what was read.
  if (head.size() < 4 || head[1] >= 0x80 || head[2] != kDescription) return false;
  std::span<const uint8_t> rest = head.subspan(3);
  return TakeVarint(rest).has_value() && IsDescription(rest);
}

std::optional<ForeignFormat> ForeignFormatOf(std::span<const uint8_t> head) {
  const std::string_view text = AsText(head);
  for (const Magic& magic : kMagics) {
    if (HasMagic(text, magic)) return magic.format;
  }
  if (LooksLikeOpenvino(text)) {
    return ForeignFormat{"openvino", "an OpenVINO network, whose weights are in the .bin beside it"};
  }
  if (LooksLikeCoreml(head)) return ForeignFormat{"coreml", "a CoreML model"};
  return TarFormat(head);
}

std::optional<ForeignFormat> ForeignFormatOf(const ZipArchive& archive) {
  const auto has = [&](const std::string& ending) {
    return std::any_of(archive.entries().begin(), archive.entries().end(),
                       [&](const ZipEntry& entry) { return ("/" + entry.name).ends_with("/" + ending); });
  };
  if (has(".data/extern_modules"))
    return ForeignFormat{"torch.package", "a torch.package archive, which holds programs"};
  if (has("serialized_exported_program.json") || has("models/model.json")) {
    return ForeignFormat{"torch.export", "a program of torch.export (.pt2)"};
  }
  if (has("com.apple.CoreML/model.mlmodel")) return ForeignFormat{"coreml", "a packed CoreML package"};
  return std::nullopt;
}

}  // namespace plumb
