// The manifest of a release: bytes that are stored and hashed and never written again
// (docs/manifest.md). Everything that comes from a manifest has passed ValidateManifest.
#ifndef PLUMB_MANIFEST_MANIFEST_H_
#define PLUMB_MANIFEST_MANIFEST_H_

#include <optional>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/content/digest.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb {

// A manifest with the bytes it was read from and their SHA-256, the release's identity.
struct StoredManifest {
  v1::Manifest manifest;
  std::string bytes;
  Digest digest;
};

// OK when the manifest satisfies every rule of docs/manifest.md: known layout version, valid
// names, at most limits::kFilesPerReleaseMax files with valid paths that can stand side by side, sorted, digests of
// 32 bytes, sizes and chunk counts that agree, tensors inside their file, licence paths, smoke cases and recipe that
// name existing files. INVALID_ARGUMENT (ErrorClass::kVerification) names the entry and the rule.
absl::Status ValidateManifest(const v1::Manifest& manifest);

// Parses and validates. OUT_OF_RANGE over limits::kManifestBytesMax.
absl::StatusOr<StoredManifest> ParseManifest(std::string bytes);

// Validates and serializes, the same bytes for the same message.
absl::StatusOr<StoredManifest> BuildManifest(v1::Manifest manifest);

// nullptr when the manifest has no such file.
const v1::File* FindFile(const v1::Manifest& manifest, std::string_view path);

// Sum of the sizes of all files.
uint64_t TotalBytes(const v1::Manifest& manifest);

// `weights`, `checkpoint`, `adapter`, `recipe`; `unspecified` otherwise.
std::string_view KindName(v1::Kind kind);
// The kind with what else is known, for people: `adapter (peft) for lab/base`, `weights (model, gptq)`.
std::string DescribeKind(const v1::Manifest& manifest);
std::optional<v1::Kind> ParseKind(std::string_view name);

}  // namespace plumb

#endif  // PLUMB_MANIFEST_MANIFEST_H_
