#include "plumb/numpy/numpy_source.h"

#include <algorithm>

#include "fmt/format.h"
#include "formats/numpy/npy_header.h"
#include "plumb/archive/zip.h"
#include "plumb/base/limits.h"
#include "plumb/base/quote.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"
#include "plumb/weights/unreadable_tensor.h"

namespace plumb {
namespace {

constexpr std::string_view kSuffix = ".npy";

absl::StatusOr<std::unique_ptr<TensorSource>> OpenOne(const ContainerInput& input) {
  ByteWindow window(*input.bytes);
  TensorSourceParts parts = {.format = "numpy"};
  PLUMB_ASSIGN_OR_RETURN(NpyHeader header, ReadNpyHeader(window, 0, input.bytes->Size()));
  if (!header.unreadable.empty()) return RefusedFile("it " + header.unreadable);
  PLUMB_ASSIGN_OR_RETURN(SourceTensor tensor, NpyTensor("array", header, 0, 0, input.bytes->Size()));
  parts.tensors.push_back(std::move(tensor));
  parts.files.push_back({input.path, input.bytes});
  return TensorSource::New(std::move(parts));
}

// Adds the arrays of an archive one by one.
class Unpacker {
 public:
  Unpacker(const ContainerInput& input, const ZipArchive& archive)
      : input_(input), archive_(archive), window_(*input.bytes) {
    parts_.format = "numpy";
    parts_.files.push_back({input.path, input.bytes});
  }

  absl::Status Add(const ZipEntry& entry) {
    std::string name = entry.name.substr(0, entry.name.size() - kSuffix.size());
    if (!entry.deflated) return AddStored(std::move(name), entry);
    if (entry.size_bytes > limits::kUnpackedBytesMax - unpacked_bytes_) {
      return RefusedFile(fmt::format("it unpacks to more than {} bytes", limits::kUnpackedBytesMax));
    }
    unpacked_bytes_ += entry.size_bytes;
    PLUMB_ASSIGN_OR_RETURN(std::string data, archive_.Read(entry, entry.size_bytes));
    const auto file = static_cast<uint32_t>(parts_.files.size());
    std::shared_ptr<const ByteSource> bytes = MemoryByteSource(std::move(data));
    ByteWindow window(*bytes);
    PLUMB_ASSIGN_OR_RETURN(NpyHeader header, ReadNpyHeader(window, 0, bytes->Size()));
    if (!header.unreadable.empty()) return LeaveOut(std::move(name), std::move(header));
    PLUMB_ASSIGN_OR_RETURN(SourceTensor tensor, NpyTensor(std::move(name), header, file, 0, bytes->Size()));
    parts_.tensors.push_back(std::move(tensor));
    parts_.files.push_back({fmt::format("{}:{}", input_.path, entry.name), std::move(bytes), true});
    return absl::OkStatus();
  }

  absl::StatusOr<std::unique_ptr<TensorSource>> Finish() { return TensorSource::New(std::move(parts_)); }

 private:
  absl::Status LeaveOut(std::string name, NpyHeader header) {
    NoteUnreadable({std::move(name), std::move(header.unreadable)}, &parts_.notes);
    return absl::OkStatus();
  }

  absl::Status AddStored(std::string name, const ZipEntry& entry) {
    PLUMB_ASSIGN_OR_RETURN(NpyHeader header, ReadNpyHeader(window_, entry.begin, entry.size_bytes));
    if (!header.unreadable.empty()) return LeaveOut(std::move(name), std::move(header));
    PLUMB_ASSIGN_OR_RETURN(SourceTensor tensor, NpyTensor(std::move(name), header, 0, entry.begin, entry.size_bytes));
    parts_.tensors.push_back(std::move(tensor));
    return absl::OkStatus();
  }

  const ContainerInput& input_;
  const ZipArchive& archive_;
  ByteWindow window_;
  TensorSourceParts parts_;
  uint64_t unpacked_bytes_ = 0;
};

absl::StatusOr<std::unique_ptr<TensorSource>> OpenAll(const ContainerInput& input, const ZipArchive& archive) {
  Unpacker unpacker(input, archive);
  for (const ZipEntry& entry : archive.entries()) {
    if (!entry.name.ends_with(kSuffix)) {
      return RefusedFile(fmt::format("entry {} is no array", QuoteForMessage(entry.name)));
    }
    absl::Status status = unpacker.Add(entry);
    if (!status.ok()) return Annotate(status, fmt::format("entry {}", QuoteForMessage(entry.name)));
  }
  return unpacker.Finish();
}

bool RecognisesOne(const ContainerInput& input) { return LooksLikeNpy(input.head); }

bool RecognisesAll(const ZipArchive& archive) {
  const auto& entries = archive.entries();
  const bool checkpoint = std::any_of(entries.begin(), entries.end(),
                                      [](const ZipEntry& entry) { return entry.name.ends_with("/data.pkl"); });
  return !checkpoint && !entries.empty() && entries.front().name.ends_with(kSuffix);
}

}  // namespace

const ContainerFormat& NpyFormat() {
  static constexpr ContainerFormat kFormat = {"npy", RecognisesOne, OpenOne};
  return kFormat;
}

const ZipContainerFormat& NpzFormat() {
  static constexpr ZipContainerFormat kFormat = {"npz", RecognisesAll, OpenAll};
  return kFormat;
}

}  // namespace plumb
