#include "plumb/manifest/manifest.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>

#include <algorithm>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {

absl::StatusOr<StoredManifest> ParseManifest(std::string bytes) {
  if (bytes.size() > limits::kManifestBytesMax) {
    return OutOfRange(
        fmt::format("manifest has {} bytes, at most {} are read", bytes.size(), limits::kManifestBytesMax));
  }
  StoredManifest stored;
  if (!stored.manifest.ParseFromString(bytes)) {
    return WithErrorClass(InvalidArgument("manifest is not a valid plumb.v1.Manifest message"),
                          ErrorClass::kVerification);
  }
  PLUMB_RETURN_IF_ERROR(ValidateManifest(stored.manifest));
  stored.digest = Sha256Of(bytes);
  stored.bytes = std::move(bytes);
  return stored;
}

absl::StatusOr<StoredManifest> BuildManifest(v1::Manifest manifest) {
  PLUMB_RETURN_IF_ERROR(ValidateManifest(manifest));
  StoredManifest stored;
  {
    google::protobuf::io::StringOutputStream stream(&stored.bytes);
    google::protobuf::io::CodedOutputStream coded(&stream);
    coded.SetSerializationDeterministic(true);
    if (!manifest.SerializeToCodedStream(&coded)) return Internal("cannot serialize the manifest");
  }
  if (stored.bytes.size() > limits::kManifestBytesMax) {
    return OutOfRange(
        fmt::format("manifest has {} bytes, at most {} are allowed", stored.bytes.size(), limits::kManifestBytesMax));
  }
  stored.digest = Sha256Of(stored.bytes);
  stored.manifest = std::move(manifest);
  return stored;
}

const v1::File* FindFile(const v1::Manifest& manifest, std::string_view path) {
  auto found = std::lower_bound(manifest.files().begin(), manifest.files().end(), path,
                                [](const v1::File& file, std::string_view wanted) { return file.path() < wanted; });
  return found != manifest.files().end() && found->path() == path ? &*found : nullptr;
}

uint64_t TotalBytes(const v1::Manifest& manifest) {
  uint64_t total = 0;
  for (const v1::File& file : manifest.files()) total += file.size_bytes();
  return total;
}

std::string_view KindName(v1::Kind kind) {
  switch (kind) {
    case v1::KIND_WEIGHTS:
      return "weights";
    case v1::KIND_CHECKPOINT:
      return "checkpoint";
    case v1::KIND_ADAPTER:
      return "adapter";
    case v1::KIND_RECIPE:
      return "recipe";
    default:
      return "unspecified";
  }
}

std::string DescribeKind(const v1::Manifest& manifest) {
  const v1::ReleaseFacts& facts = manifest.facts();
  std::string details;
  const auto add = [&](std::string_view detail) {
    if (!detail.empty()) details += fmt::format("{}{}", details.empty() ? "" : ", ", detail);
  };
  if (facts.form() != "model" && facts.form() != KindName(manifest.kind())) add(facts.form());
  add(facts.library());
  if (facts.quantisation() != facts.library()) add(facts.quantisation());
  std::string text(KindName(manifest.kind()));
  if (!details.empty()) text += fmt::format(" ({})", details);
  if (facts.form() == "adapter" && facts.base_models_size() > 0) text += " for " + facts.base_models(0).name();
  return text;
}

std::optional<v1::Kind> ParseKind(std::string_view name) {
  for (v1::Kind kind : {v1::KIND_WEIGHTS, v1::KIND_CHECKPOINT, v1::KIND_ADAPTER, v1::KIND_RECIPE}) {
    if (KindName(kind) == name) return kind;
  }
  return std::nullopt;
}

}  // namespace plumb
