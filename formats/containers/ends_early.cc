#include <algorithm>
#include <array>
#include <utility>

#include "fmt/format.h"
#include "formats/containers/structure.h"
#include "plumb/base/file.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"
#include "plumb/containers/file_roles.h"
#include "plumb/containers/incomplete.h"

namespace plumb {
namespace {

// What a file begins with, and how its structure is followed to the end.
struct Signature {
  std::string_view bytes;
  absl::StatusOr<bool> (*ends_early)(ByteWindow* window);
};

constexpr std::string_view kZip("PK\x03\x04", 4);
constexpr std::string_view kHdf5("\x89HDF\r\n\x1a\n", 8);
constexpr std::string_view kLegacyCheckpoint("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19\x2e", 15);
constexpr std::string_view kNumpy("\x93NUMPY", 6);

constexpr std::array<Signature, 9> kSignatures = {{{kZip, &structure::ZipEndsEarly},
                                                   {kHdf5, &structure::Hdf5EndsEarly},
                                                   {kNumpy, &structure::NpyEndsEarly},
                                                   {"PAR1", &structure::ParquetEndsEarly},
                                                   {"ARROW1", &structure::ArrowEndsEarly},
                                                   {"\x80\x02", &structure::PickleEndsEarly},
                                                   {"\x80\x03", &structure::PickleEndsEarly},
                                                   {"\x80\x04", &structure::PickleEndsEarly},
                                                   {"\x80\x05", &structure::PickleEndsEarly}}};

// What every file of that ending begins with.
constexpr std::array<std::pair<std::string_view, std::string_view>, 7> kPromised = {{{".gguf", "GGUF"},
                                                                                     {".npz", kZip},
                                                                                     {".npy", kNumpy},
                                                                                     {".keras", kZip},
                                                                                     {".h5", kHdf5},
                                                                                     {".hdf5", kHdf5},
                                                                                     {".parquet", "PAR1"}}};

IncompleteFile Cut(std::string_view path, uint64_t size) {
  return IncompleteFile{.path = std::string(path),
                        .what = fmt::format("is cut short: it ends after {} bytes, before what it announces", size),
                        .mend = "download or save it again"};
}

// Formats without a mark of their own, which only the name tells. A protobuf message of these kinds begins with its
// first field: a number of ONNX's, a text or a message of the others.
absl::StatusOr<bool> NamedEndsEarly(std::string_view path, std::string_view head, ByteWindow* window) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  const bool protobuf = head.starts_with('\x08') || head.starts_with('\x0a');
  if (path.ends_with(".msgpack")) return structure::MsgpackEndsEarly(window);
  if (protobuf && (path.ends_with(".onnx") || path.ends_with(".pb"))) return structure::ProtobufEndsEarly(window);
  if (name == "tokenizer.model" || name == "spiece.model" || name == "sentencepiece.bpe.model") {
    return head.starts_with('\x0a') ? structure::ProtobufEndsEarly(window) : false;
  }
  if (path.ends_with(".tflite")) return structure::TfliteEndsEarly(window);
  if (path.ends_with(".tar") || path.ends_with(".nemo")) return structure::TarEndsEarly(window);
  return false;
}

// HDF5 allows bytes of the user's own, a power of two from 512 on, before its signature.
bool HasSignatureLater(std::string_view promised, ByteWindow* window) {
  for (uint64_t at = 512; promised == kHdf5 && at + promised.size() <= window->size(); at *= 2) {
    absl::StatusOr<std::span<const uint8_t>> bytes = window->At(at, promised.size());
    if (bytes.ok() && AsText(*bytes) == promised) return true;
  }
  return false;
}

std::optional<IncompleteFile> BreaksPromise(std::string_view path, std::string_view head, ByteWindow* window) {
  for (const auto& [ending, promised] : kPromised) {
    if (!path.ends_with(ending) || head.starts_with(promised)) continue;
    if (head.size() < promised.size() && promised.starts_with(head)) return Cut(path, window->size());
    if (HasSignatureLater(promised, window)) return std::nullopt;
    return IncompleteFile{.path = std::string(path),
                          .what = fmt::format("is no {} file: it begins with {}, expected {}", ending.substr(1),
                                              QuoteForMessage(head.substr(0, 8)), QuoteForMessage(promised)),
                          .mend = "download or save it again"};
  }
  return std::nullopt;
}

}  // namespace

absl::StatusOr<std::optional<IncompleteFile>> EndsEarly(std::string_view path, const ByteSource& bytes) {
  ByteWindow window(bytes);
  std::array<uint8_t, 16> first{};
  const uint64_t count = std::min<uint64_t>(first.size(), bytes.Size());
  PLUMB_RETURN_IF_ERROR(bytes.Read(0, std::span(first).first(count)));
  const std::string_view head = AsText(std::span(first).first(count));
  // Of PyTorch's old checkpoints the pickles are followed by bare numbers.
  if (head.starts_with(kLegacyCheckpoint)) return std::optional<IncompleteFile>();
  for (const Signature& signature : kSignatures) {
    if (!head.starts_with(signature.bytes)) continue;
    PLUMB_ASSIGN_OR_RETURN(bool early, signature.ends_early(&window));
    if (early) return std::optional(Cut(path, bytes.Size()));
    return BreaksPromise(path, head, &window);
  }
  PLUMB_ASSIGN_OR_RETURN(bool early, NamedEndsEarly(path, head, &window));
  if (early) return std::optional(Cut(path, bytes.Size()));
  return BreaksPromise(path, head, &window);
}

}  // namespace plumb
