// GGUF files, whole or split, as tensor sources.
#include <limits>
#include <utility>

#include "fmt/format.h"
#include "formats/gguf/tensor_table.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/gguf/dequantise.h"
#include "plumb/gguf/gguf.h"

namespace plumb::gguf {
namespace {

absl::Status Refuse(std::string message) {
  return WithErrorClass(InvalidArgument(std::move(message)), ErrorClass::kPolicy);
}

// What the `split.*` keys of a file say; count 1 without them.
struct Split {
  uint64_t number = 0;  // From 0.
  uint64_t count = 1;
  std::optional<uint64_t> tensors;  // In all files together.
};

absl::StatusOr<Split> SplitOf(const GgufHeader& header, std::string_view path) {
  const Metadata metadata(header.metadata);
  Split split;
  if (metadata.Find("split.count") == nullptr) return split;
  const std::optional<uint64_t> number = metadata.Unsigned("split.no"), count = metadata.Unsigned("split.count");
  if (!number || !count || *count == 0 || *number >= *count || *count > limits::kShardsMax) {
    return Refuse(fmt::format("{}: GGUF: split.no and split.count must be whole numbers, no below count, count 1 to {}",
                              path, limits::kShardsMax));
  }
  return Split{*number, *count, metadata.Unsigned("split.tensors.count")};
}

std::string SplitSuffix(uint64_t number, uint64_t count) {
  return fmt::format("-{:05}-of-{:05}.gguf", number + 1, count);
}

void Append(std::string path, std::shared_ptr<const ByteSource> bytes, GgufHeader header, TensorSourceParts* parts) {
  if (std::optional<uint64_t> padded = PaddedTo(header.data_end, header.alignment); padded && *padded < bytes->Size()) {
    parts->notes.push_back(
        fmt::format("{}: {} bytes follow the last tensor, which no reader sees", path, bytes->Size() - *padded));
  }
  const uint32_t file = static_cast<uint32_t>(parts->files.size());
  parts->files.push_back({std::move(path), std::move(bytes)});
  for (SourceTensor& tensor : header.tensors) {
    for (StoredRange& range : tensor.ranges) range.file = file;
    parts->tensors.push_back(std::move(tensor));
  }
  if (file == 0) parts->metadata = std::move(header.metadata);
}

// The files after the first, which lie beside it under names that differ in the number only.
absl::Status AppendOthers(const ContainerInput& input, const Split& split, TensorSourceParts* parts) {
  const std::string suffix = SplitSuffix(0, split.count);
  if (!input.path.ends_with(suffix)) {
    return Refuse(
        fmt::format("{}: GGUF: the first of {} files, whose name must end in {}", input.path, split.count, suffix));
  }
  const std::string_view stem = std::string_view(input.path).substr(0, input.path.size() - suffix.size());
  for (uint64_t number = 1; number < split.count; ++number) {
    std::string path = fmt::format("{}{}", stem, SplitSuffix(number, split.count));
    PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const ByteSource> bytes, input.folder->Open(path));
    PLUMB_ASSIGN_OR_RETURN(GgufHeader header, GgufHeader::Read(*bytes, path));
    PLUMB_ASSIGN_OR_RETURN(Split own, SplitOf(header, path));
    if (own.number != number || own.count != split.count) {
      return Refuse(fmt::format("{}: GGUF: says that it is file {} of {}, expected {} of {}", path, own.number + 1,
                                own.count, number + 1, split.count));
    }
    Append(std::move(path), std::move(bytes), std::move(header), parts);
  }
  return absl::OkStatus();
}

bool Recognises(const ContainerInput& input) { return AsText(input.head).starts_with("GGUF"); }

absl::StatusOr<std::unique_ptr<TensorSource>> Open(const ContainerInput& input) {
  PLUMB_ASSIGN_OR_RETURN(GgufHeader header, GgufHeader::Read(*input.bytes, input.path));
  PLUMB_ASSIGN_OR_RETURN(Split split, SplitOf(header, input.path));
  if (split.number != 0) {
    return Refuse(fmt::format("{}: GGUF: file {} of {}; open the first, which leads to the others", input.path,
                              split.number + 1, split.count));
  }
  TensorSourceParts parts{.format = "gguf", .codec = GgmlBlockCodec()};
  Append(input.path, input.bytes, std::move(header), &parts);
  if (split.count > 1) PLUMB_RETURN_IF_ERROR(AppendOthers(input, split, &parts));
  if (split.tensors && *split.tensors != parts.tensors.size()) {
    return Refuse(fmt::format("{}: GGUF: split.tensors.count is {}, the files hold {}", input.path, *split.tensors,
                              parts.tensors.size()));
  }
  return TensorSource::New(std::move(parts));
}

}  // namespace

const ContainerFormat& GgufFormat() {
  static constexpr ContainerFormat kFormat = {"gguf", Recognises, Open};
  return kFormat;
}

}  // namespace plumb::gguf
