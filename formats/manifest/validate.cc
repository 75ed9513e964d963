#include <algorithm>
#include <string>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/names.h"
#include "plumb/base/path.h"
#include "plumb/base/publish_limits.h"
#include "plumb/base/status.h"
#include "plumb/document/recipe.h"
#include "plumb/manifest/manifest.h"

namespace plumb {
namespace {

absl::Status Broken(std::string message) {
  return WithErrorClass(InvalidArgument("manifest: " + std::move(message)), ErrorClass::kVerification);
}

absl::Status CheckTensor(const v1::File& file, const v1::Tensor& tensor) {
  auto refuse = [&](std::string_view rule) {
    return Broken(fmt::format("file \"{}\", tensor \"{}\": {}", file.path(), tensor.name().substr(0, 200), rule));
  };
  if (tensor.name().empty() || tensor.name().size() > limits::kTensorNameBytesMax) return refuse("bad name length");
  if (tensor.dtype().empty() || tensor.dtype().size() > 32) return refuse("bad element type");
  if (static_cast<size_t>(tensor.shape_size()) > limits::kTensorRankMax) return refuse("too many dimensions");
  if (tensor.begin() > tensor.end() || tensor.end() > file.size_bytes()) {
    return refuse(
        fmt::format("bytes {} to {} are not inside the file's {}", tensor.begin(), tensor.end(), file.size_bytes()));
  }
  return absl::OkStatus();
}

absl::Status CheckFile(const v1::File& file) {
  auto refuse = [&](std::string_view rule) { return Broken(fmt::format("file \"{}\": {}", file.path(), rule)); };
  if (file.sha256().size() != Digest::kSizeBytes) return refuse("sha256 must be 32 bytes");
  if (file.tree_root().size() != Digest::kSizeBytes) return refuse("tree_root must be 32 bytes");
  if (file.size_bytes() > limits::kFileBytesMax)
    return refuse(fmt::format("larger than {} bytes", limits::kFileBytesMax));
  // A chunk holds 1 to kChunkBytesMax bytes.
  uint64_t fewest = (file.size_bytes() + limits::kChunkBytesMax - 1) / limits::kChunkBytesMax;
  if (file.chunk_count() < fewest || file.chunk_count() > std::min(file.size_bytes(), limits::kChunksPerFileMax)) {
    return refuse(fmt::format("{} chunks cannot hold {} bytes", file.chunk_count(), file.size_bytes()));
  }
  for (const v1::Tensor& tensor : file.tensors()) PLUMB_RETURN_IF_ERROR(CheckTensor(file, tensor));
  return absl::OkStatus();
}

absl::Status CheckFiles(const v1::Manifest& manifest) {
  if (static_cast<size_t>(manifest.files_size()) > limits::kFilesPerReleaseMax) {
    return Broken(fmt::format("{} files, at most {} are allowed", manifest.files_size(), limits::kFilesPerReleaseMax));
  }
  std::vector<std::string> paths;
  for (const v1::File& file : manifest.files()) {
    if (!paths.empty() && file.path() <= paths.back()) {
      return Broken(fmt::format("files are not sorted: \"{}\" after \"{}\"", file.path(), paths.back()));
    }
    paths.push_back(file.path());
  }
  if (absl::Status status = ValidatePathSet(paths); !status.ok()) return Broken(std::string(Message(status)));
  for (const std::string& path : paths) {
    // Pulled folders keep their own record there.
    if (path == ".plumb" || path.starts_with(".plumb/"))
      return Broken(fmt::format("file \"{}\": .plumb is reserved", path));
  }
  for (const v1::File& file : manifest.files()) PLUMB_RETURN_IF_ERROR(CheckFile(file));
  return absl::OkStatus();
}

absl::Status CheckNamedFile(const v1::Manifest& manifest, std::string_view what, const std::string& path) {
  if (FindFile(manifest, path) != nullptr) return absl::OkStatus();
  return Broken(fmt::format("{} names \"{}\", which is not among the files", what, path.substr(0, 200)));
}

absl::Status CheckSmokeCases(const v1::Manifest& manifest) {
  if (static_cast<size_t>(manifest.smoke_cases_size()) > limits::kSmokeCasesMax) {
    return Broken(
        fmt::format("{} smoke cases, at most {} are allowed", manifest.smoke_cases_size(), limits::kSmokeCasesMax));
  }
  for (const v1::SmokeCase& smoke : manifest.smoke_cases()) {
    if (smoke.name().empty() || smoke.name().size() > limits::kPathBytesMax || !IsValidUtf8(smoke.name())) {
      return Broken("a smoke case has a bad name");
    }
    std::string what = fmt::format("smoke case \"{}\"", smoke.name());
    PLUMB_RETURN_IF_ERROR(CheckNamedFile(manifest, what, smoke.weights_path()));
    PLUMB_RETURN_IF_ERROR(CheckNamedFile(manifest, what, smoke.config_path()));
    PLUMB_RETURN_IF_ERROR(CheckNamedFile(manifest, what, smoke.golden_path()));
    if (smoke.recorded_by() != "publisher" && smoke.recorded_by() != "reference") {
      return Broken(what + " was recorded by neither `publisher` nor `reference`");
    }
  }
  return absl::OkStatus();
}

absl::Status CheckFacts(const v1::ReleaseFacts& facts) {
  std::vector<std::string> texts = {facts.form(), facts.library(), facts.task(), facts.family(), facts.quantisation()};
  texts.insert(texts.end(), facts.formats().begin(), facts.formats().end());
  for (const v1::BaseModel& base : facts.base_models()) texts.push_back(base.name());
  const bool many = static_cast<size_t>(facts.formats_size()) > limits::kFactsOfAKindMax ||
                    static_cast<size_t>(facts.base_models_size()) > limits::kFactsOfAKindMax;
  const bool sound = std::all_of(texts.begin(), texts.end(), [](const std::string& text) {
    return text.size() <= limits::kFactBytesMax && IsValidUtf8(text);
  });
  if (many || !sound) return Broken("its facts are too many or too long");
  return absl::OkStatus();
}

absl::Status CheckLineage(const v1::Manifest& manifest) {
  if (manifest.has_lineage() && manifest.lineage().parent_digest().size() != Digest::kSizeBytes) {
    return Broken("the parent's digest must be 32 bytes");
  }
  if (manifest.has_checkpoint() != (manifest.kind() == v1::KIND_CHECKPOINT)) {
    return Broken("a checkpoint, and nothing else, states its step");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status ValidateManifest(const v1::Manifest& manifest) {
  if (manifest.schema_version() != 1) {
    return Broken(
        fmt::format("layout version {}, this program knows 1; a newer plumb may read it", manifest.schema_version()));
  }
  if (absl::Status status = ValidateModelName(manifest.model()); !status.ok())
    return Broken(std::string(Message(status)));
  if (absl::Status status = ValidateVersion(manifest.version()); !status.ok())
    return Broken(std::string(Message(status)));
  if (!v1::Kind_IsValid(manifest.kind()) || manifest.kind() == v1::KIND_UNSPECIFIED) return Broken("unknown kind");
  if (manifest.license().size() > limits::kLicenceExpressionBytesMax)
    return Broken("the licence expression is too long");
  PLUMB_RETURN_IF_ERROR(CheckFiles(manifest));
  for (const std::string& path : manifest.license_paths()) {
    PLUMB_RETURN_IF_ERROR(CheckNamedFile(manifest, "the licence list", path));
  }
  PLUMB_RETURN_IF_ERROR(CheckLineage(manifest));
  PLUMB_RETURN_IF_ERROR(CheckFacts(manifest.facts()));
  if (manifest.has_recipe()) {
    if (absl::Status status = ValidateRecipe(manifest.recipe()); !status.ok())
      return Broken(std::string(Message(status)));
  }
  return CheckSmokeCases(manifest);
}

}  // namespace plumb
