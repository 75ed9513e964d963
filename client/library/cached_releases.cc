#include "plumb/client/cached_releases.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "client/library/folder_history.h"
#include "client/library/folder_record.h"
#include "client/library/folder_text.h"
#include "client/library/known_names.h"
#include "client/library/record_file.h"
#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kReleaseBytesMax = 1u << 20;
constexpr size_t kDigestDigitsMin = 12;
// Releases named in one message.
constexpr size_t kNamedReleasesMax = 10;

std::string ManifestName(const Digest& digest) { return "manifests/" + digest.ToHex(); }
std::string ReleaseName(const Digest& digest) { return "manifests/" + digest.ToHex() + ".release"; }

std::string ListName(const Digest& root) {
  const std::string hex = root.ToHex();
  return fmt::format("chunks/{}/{}", hex.substr(0, 2), hex);
}

absl::StatusOr<StoredManifest> LoadManifest(const Cache& cache, const Digest& digest) {
  absl::StatusOr<std::string> bytes = ReadText(cache.directory(), ManifestName(digest), limits::kManifestBytesMax);
  if (absl::IsNotFound(bytes.status())) {
    // A folder in the cache has it too, also where an older plumb made it.
    bytes = ReadText(cache.directory(), fmt::format("releases/{}/{}", digest.ToHex(), kManifestName),
                     limits::kManifestBytesMax);
  }
  PLUMB_RETURN_IF_ERROR(bytes.status());
  if (Sha256Of(*bytes) != digest) {
    return WithErrorClass(
        DataLoss(fmt::format("the cache's manifest {} is damaged; `plumb cache rm` removes it", digest.ToString())),
        ErrorClass::kVerification);
  }
  return ParseManifest(*std::move(bytes));
}

// Digests of the manifests that are here, sorted.
std::vector<Digest> KnownDigests(const Cache& cache) {
  std::set<std::string> names;
  for (const char* folder : {"/manifests", "/releases"}) {
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(cache.path() + folder, error)) {
      names.insert(entry.path().filename().string());
    }
  }
  std::vector<Digest> digests;
  for (const std::string& name : names) {
    absl::StatusOr<Digest> digest = Digest::FromHex(name);
    if (digest.ok()) digests.push_back(*digest);
  }
  return digests;
}

v1::Release ReleaseOf(const Cache& cache, const StoredManifest& stored) {
  v1::Release release;
  absl::StatusOr<std::string> bytes = ReadText(cache.directory(), ReleaseName(stored.digest), kReleaseBytesMax);
  const v1::Manifest& manifest = stored.manifest;
  const bool right = bytes.ok() && release.ParseFromString(*bytes) && release.digest() == stored.digest.ToBytes() &&
                     release.model() == manifest.model() && release.version() == manifest.version();
  if (right) return release;
  release.Clear();
  release.set_model(manifest.model());
  release.set_version(manifest.version());
  release.set_digest(stored.digest.ToBytes());
  release.set_kind(manifest.kind());
  release.set_size_bytes(TotalBytes(manifest));
  release.set_file_count(static_cast<uint32_t>(manifest.files_size()));
  release.set_license(manifest.license());
  return release;
}

void Touch(const Cache& cache, const Digest& digest) {
  absl::StatusOr<UniqueFd> fd = cache.directory().OpenFile(ManifestName(digest));
  if (fd.ok()) ::futimens(fd->get(), nullptr);
}

absl::StatusOr<KnownRelease> WithDigest(const Cache& cache, const Digest& digest, const std::string& model,
                                        std::string known_at) {
  PLUMB_ASSIGN_OR_RETURN(StoredManifest stored, LoadManifest(cache, digest));
  if (stored.manifest.model() != model) {
    return NotFound(fmt::format("{} is a release of {}, not of {}", digest.ToString(), stored.manifest.model(), model));
  }
  Touch(cache, digest);
  return KnownRelease{.release = ReleaseOf(cache, stored), .digest = digest, .known_at = std::move(known_at)};
}

// The digest that `hex`, the beginning of one, is the only one here to begin with.
absl::StatusOr<Digest> Complete(const Cache& cache, const std::string& hex) {
  if (hex.size() == 2 * 32) return Digest::FromHex(hex);
  std::vector<Digest> found = KnownDigests(cache);
  std::erase_if(found, [&](const Digest& digest) { return !digest.ToHex().starts_with(hex); });
  if (hex.size() < kDigestDigitsMin || found.size() != 1) {
    return NotFound(fmt::format("sha256:{} is the beginning of {} releases in the cache", hex, found.size()));
  }
  return found.front();
}

absl::Status NotKnown(const Connection& connection, const Reference& asked) {
  const std::string what = RenderReference({.registry = {},
                                            .model = asked.model,
                                            .version = asked.version,
                                            .tag = asked.tag,
                                            .digest_hex = asked.digest_hex});
  if (connection.memory() == nullptr) return NotFound(fmt::format("{} is not here, and no cache is in use", what));
  std::string known;
  size_t count = 0;
  for (const auto& [selector, name] : LoadKnownNames(*connection.memory(), connection.registry(), asked.model)) {
    if (selector.empty() || ++count > kNamedReleasesMax) continue;
    known += (known.empty() ? "" : ", ") + selector;
  }
  return NotFound(fmt::format("the cache does not know {} of {}; {}", what, connection.registry(),
                              known.empty() ? "it knows nothing of that model" : "it knows " + known));
}

}  // namespace

absl::Status RememberManifest(const Cache& cache, const StoredManifest& manifest) {
  const std::string name = ManifestName(manifest.digest);
  if (absl::StatusOr<UniqueFd> fd = cache.directory().OpenFile(name); fd.ok()) {
    ::futimens(fd->get(), nullptr);
    return absl::OkStatus();
  }
  return ReplaceFile(cache.directory(), name, manifest.bytes);
}

absl::Status RememberChunkList(const Cache& cache, const ChunkList& list) {
  const std::string name = ListName(list.TreeRoot());
  if (cache.directory().Stat(name).ok()) return absl::OkStatus();
  return WriteChunkList(cache.directory(), name, list);
}

absl::Status RememberRelease(const Connection& connection, const Reference& asked, const v1::Release& release) {
  const Cache& cache = *connection.memory();
  PLUMB_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes(release.digest()));
  PLUMB_RETURN_IF_ERROR(ReplaceFile(cache.directory(), ReleaseName(digest), release.SerializeAsString()));
  std::map<std::string, KnownName> names = LoadKnownNames(cache, connection.registry(), release.model());
  const KnownName name{digest, NowText()};
  names["@" + release.version()] = name;
  if (asked.digest_hex.empty()) names[SelectorOf(asked)] = name;
  return SaveKnownNames(cache, connection.registry(), release.model(), names);
}

absl::StatusOr<KnownRelease> RecallRelease(const Connection& connection, const Reference& asked) {
  const Cache* cache = connection.memory();
  if (cache == nullptr) return NotKnown(connection, asked);
  absl::StatusOr<KnownRelease> known = NotFound("");
  if (!asked.digest_hex.empty()) {
    PLUMB_ASSIGN_OR_RETURN(Digest digest, Complete(*cache, asked.digest_hex));
    known = WithDigest(*cache, digest, asked.model, "");
  } else {
    const std::map<std::string, KnownName> names = LoadKnownNames(*cache, connection.registry(), asked.model);
    auto name = names.find(SelectorOf(asked));
    if (name != names.end()) known = WithDigest(*cache, name->second.digest, asked.model, name->second.known_at);
  }
  return absl::IsNotFound(known.status()) ? NotKnown(connection, asked) : known;
}

absl::StatusOr<StoredManifest> RecallManifest(const Connection& connection, const Digest& digest) {
  if (connection.memory() == nullptr) return NotFound("no cache is in use");
  return LoadManifest(*connection.memory(), digest);
}

absl::StatusOr<ChunkList> RecallChunkList(const Connection& connection, const v1::File& file) {
  if (connection.memory() == nullptr) return NotFound("no cache is in use");
  PLUMB_ASSIGN_OR_RETURN(Digest root, Digest::FromBytes(file.tree_root()));
  return ReadChunkList(connection.memory()->directory(), ListName(root), file);
}

absl::StatusOr<std::vector<CachedRelease>> ListCachedReleases(const Cache& cache) {
  std::vector<CachedRelease> releases;
  for (const Digest& digest : KnownDigests(cache)) {
    absl::StatusOr<StoredManifest> stored = LoadManifest(cache, digest);
    if (!stored.ok()) continue;
    CachedRelease release{.digest = digest, .model = stored->manifest.model(), .version = stored->manifest.version()};
    for (const v1::File& file : stored->manifest.files()) {
      ++release.files;
      release.bytes += file.size_bytes();
      absl::StatusOr<Digest> root = Digest::FromBytes(file.tree_root());
      if (!root.ok() || !cache.Has(*root)) continue;
      ++release.files_here;
      release.bytes_here += file.size_bytes();
    }
    for (const std::string& path : {fmt::format("{}/{}", cache.path(), ManifestName(digest)),
                                    fmt::format("{}/{}", cache.ReleasePath(digest), kManifestName)}) {
      struct stat info {};
      if (::stat(path.c_str(), &info) == 0) release.used_at = std::max<int64_t>(release.used_at, info.st_mtim.tv_sec);
    }
    releases.push_back(std::move(release));
  }
  std::sort(releases.begin(), releases.end(), [](const CachedRelease& a, const CachedRelease& b) {
    return std::tie(a.model, b.used_at, a.version) < std::tie(b.model, a.used_at, b.version);
  });
  return releases;
}

absl::StatusOr<CacheUsage> RemoveCachedRelease(const Cache& cache, const Digest& digest) {
  PLUMB_ASSIGN_OR_RETURN(StoredManifest stored, LoadManifest(cache, digest));
  std::set<std::string> others;
  for (const Digest& other : KnownDigests(cache)) {
    if (other == digest) continue;
    absl::StatusOr<StoredManifest> manifest = LoadManifest(cache, other);
    if (!manifest.ok()) continue;
    for (const v1::File& file : manifest->manifest.files()) others.insert(file.tree_root());
  }
  CacheUsage gone{.files = 0, .bytes = 0, .releases = 1};
  for (const v1::File& file : stored.manifest.files()) {
    absl::StatusOr<Digest> root = Digest::FromBytes(file.tree_root());
    if (!root.ok() || !others.insert(file.tree_root()).second) continue;
    if (cache.Has(*root)) {
      ++gone.files;
      gone.bytes += file.size_bytes();
    }
    PLUMB_RETURN_IF_ERROR(cache.Remove(*root));
    PLUMB_RETURN_IF_ERROR(cache.directory().Remove(ListName(*root)));
  }
  std::error_code error;
  fs::remove_all(cache.ReleasePath(digest), error);
  if (error) return ErrnoStatus(error.value(), fmt::format("remove {}", cache.ReleasePath(digest)));
  PLUMB_RETURN_IF_ERROR(cache.directory().Remove(ReleaseName(digest)));
  PLUMB_RETURN_IF_ERROR(cache.directory().Remove(ManifestName(digest)));
  return gone;
}

}  // namespace plumb
