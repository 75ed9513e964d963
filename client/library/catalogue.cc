#include "plumb/client/catalogue.h"

#include <utility>

#include "client/library/paging.h"
#include "client/rpc/channel.h"
#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/client/cached_releases.h"

namespace plumb {
namespace {

using Catalogue = v1::CatalogueService::Stub;

constexpr size_t kDigestDigits = 64;

absl::Status WrongAnswer(const Connection& connection, std::string message) {
  return WithErrorClass(DataLoss(fmt::format("registry {}: {}", connection.registry(), message)),
                        ErrorClass::kVerification);
}

// Whether `text` can be the beginning of a release's digest.
bool IsShortDigest(const std::string& text) {
  return text.size() >= kDigestDigitsMin && text.size() < kDigestDigits &&
         text.find_first_not_of("0123456789abcdef") == text.npos;
}

absl::StatusOr<v1::Release> ResolveExactly(Connection& connection, const Reference& reference) {
  if (connection.offline()) {
    PLUMB_ASSIGN_OR_RETURN(KnownRelease known, RecallRelease(connection, reference));
    return std::move(known.release);
  }
  v1::ResolveRequest request;
  request.set_model(reference.model);
  if (!reference.version.empty()) request.set_version(reference.version);
  if (!reference.tag.empty()) request.set_tag(reference.tag);
  if (reference.digest_hex.size() == kDigestDigits) {
    PLUMB_ASSIGN_OR_RETURN(Digest wanted, Digest::FromHex(reference.digest_hex));
    request.set_digest(wanted.ToBytes());
  } else if (!reference.digest_hex.empty()) {
    request.set_digest_prefix(reference.digest_hex);
  }
  rpc::Channel& channel = connection.channel();
  PLUMB_ASSIGN_OR_RETURN(v1::Release release, channel.Call(channel.catalogue(), &Catalogue::Resolve, request));
  PLUMB_ASSIGN_OR_RETURN(Digest found, Digest::FromBytes(release.digest()));
  if (release.model() != reference.model) {
    return WrongAnswer(connection, fmt::format("asked for {}, was shown {}", reference.model, release.model()));
  }
  if (!reference.version.empty() && release.version() != reference.version) {
    return WrongAnswer(connection,
                       fmt::format("asked for version {}, was shown {}", reference.version, release.version()));
  }
  if (!found.ToHex().starts_with(reference.digest_hex)) {
    return WrongAnswer(connection,
                       fmt::format("asked for sha256:{}, was shown {}", reference.digest_hex, found.ToString()));
  }
  // Memory is a convenience: a full disk must not fail the question.
  if (connection.memory() != nullptr) RememberRelease(connection, reference, release).IgnoreError();
  return release;
}

}  // namespace

absl::StatusOr<v1::Release> Resolve(Connection& connection, const Reference& reference) {
  absl::StatusOr<v1::Release> release = ResolveExactly(connection, reference);
  if (!absl::IsNotFound(release.status()) || !IsShortDigest(reference.version)) return release;
  // Digits as they are printed, without `sha256:`. A version of that name would have been the one meant.
  absl::StatusOr<v1::Release> by_digits = ResolveExactly(
      connection, {.registry = reference.registry, .model = reference.model, .digest_hex = reference.version});
  return absl::IsNotFound(by_digits.status()) ? release : by_digits;
}

absl::StatusOr<StoredManifest> GetManifest(Connection& connection, const Digest& digest) {
  if (connection.offline()) return RecallManifest(connection, digest);
  v1::GetManifestRequest request;
  request.set_digest(digest.ToBytes());
  rpc::Channel& channel = connection.channel();
  PLUMB_ASSIGN_OR_RETURN(v1::GetManifestResponse response,
                         channel.Call(channel.catalogue(), &Catalogue::GetManifest, request));
  Digest found = Sha256Of(response.manifest());
  if (found != digest) {
    return WrongAnswer(connection, fmt::format("manifest: expected {}, found {}", digest.ToString(), found.ToString()));
  }
  PLUMB_ASSIGN_OR_RETURN(StoredManifest manifest, ParseManifest(std::move(*response.mutable_manifest())));
  if (connection.memory() != nullptr) RememberManifest(*connection.memory(), manifest).IgnoreError();
  return manifest;
}

absl::StatusOr<ChunkList> GetChunkList(Connection& connection, const v1::File& file) {
  if (connection.offline()) return RecallChunkList(connection, file);
  rpc::Channel& channel = connection.channel();
  ChunkList list;
  while (list.size() < file.chunk_count()) {
    v1::GetChunkListRequest request;
    request.set_tree_root(file.tree_root());
    request.set_first(list.size());
    request.set_limit(limits::kChunkListPageMax);
    PLUMB_ASSIGN_OR_RETURN(v1::GetChunkListResponse response,
                           channel.Call(channel.content(), &v1::ContentService::Stub::GetChunkList, request));
    if (response.chunks().empty()) break;
    for (const v1::Chunk& chunk : response.chunks()) {
      PLUMB_ASSIGN_OR_RETURN(Digest digest, Digest::FromBytes(chunk.digest()));
      PLUMB_RETURN_IF_ERROR(list.Append({digest, chunk.size_bytes()}));
      if (list.size() > file.chunk_count() || list.file_bytes() > file.size_bytes()) break;
    }
  }
  if (list.size() != file.chunk_count() || list.file_bytes() != file.size_bytes() ||
      list.TreeRoot().ToBytes() != file.tree_root()) {
    return WrongAnswer(connection,
                       fmt::format("the chunk list of \"{}\" is not the one the manifest names", file.path()));
  }
  if (connection.memory() != nullptr) RememberChunkList(*connection.memory(), list).IgnoreError();
  return list;
}

absl::StatusOr<std::vector<v1::Model>> ListModels(Connection& connection, const std::string& prefix) {
  v1::ListModelsRequest request;
  request.set_prefix(prefix);
  rpc::Channel& channel = connection.channel();
  return FetchAll<v1::Model>(channel, channel.catalogue(), &Catalogue::ListModels, request,
                             [](v1::ListModelsResponse* response) { return response->mutable_models(); });
}

absl::StatusOr<std::vector<v1::Model>> SearchModels(Connection& connection, const std::string& query) {
  v1::SearchModelsRequest request;
  request.set_query(query);
  rpc::Channel& channel = connection.channel();
  return FetchAll<v1::Model>(channel, channel.catalogue(), &Catalogue::SearchModels, request,
                             [](v1::ListModelsResponse* response) { return response->mutable_models(); });
}

absl::StatusOr<std::vector<v1::Release>> ListReleases(Connection& connection, const std::string& model, v1::Kind kind) {
  v1::ListReleasesRequest request;
  request.set_model(model);
  request.set_kind(kind);
  rpc::Channel& channel = connection.channel();
  return FetchAll<v1::Release>(channel, channel.catalogue(), &Catalogue::ListReleases, request,
                               [](v1::ListReleasesResponse* response) { return response->mutable_releases(); });
}

absl::StatusOr<std::vector<v1::Tag>> ListTags(Connection& connection, const std::string& model) {
  v1::ListTagsRequest request;
  request.set_model(model);
  rpc::Channel& channel = connection.channel();
  return FetchAll<v1::Tag>(channel, channel.catalogue(), &Catalogue::ListTags, request,
                           [](v1::ListTagsResponse* response) { return response->mutable_tags(); });
}

absl::StatusOr<std::vector<v1::TagMove>> ListTagHistory(Connection& connection, const std::string& model,
                                                        const std::string& tag) {
  v1::ListTagHistoryRequest request;
  request.set_model(model);
  request.set_tag(tag);
  rpc::Channel& channel = connection.channel();
  return FetchAll<v1::TagMove>(channel, channel.catalogue(), &Catalogue::ListTagHistory, request,
                               [](v1::ListTagHistoryResponse* response) { return response->mutable_moves(); });
}

absl::StatusOr<v1::ListEventsResponse> ListEvents(Connection& connection, uint64_t after_sequence, uint32_t page_size) {
  v1::ListEventsRequest request;
  request.set_after_sequence(after_sequence);
  request.set_page_size(page_size);
  rpc::Channel& channel = connection.channel();
  return channel.Call(channel.catalogue(), &Catalogue::ListEvents, request);
}

std::string NamesakeWarning(const Reference& reference, const v1::Release& release) {
  if (release.namesake().empty()) return "";
  const bool tag = !reference.tag.empty();
  const std::string& name = tag ? reference.tag : reference.version;
  return fmt::format("{0} is a version of {1} and a tag of it: {1}{2}{0} is version {3}, {1}{4}{0} is version {5}",
                     name, release.model(), tag ? ":" : "@", release.version(), tag ? "@" : ":", release.namesake());
}

absl::StatusOr<v1::Tag> SetTag(Connection& connection, const std::string& model, const std::string& tag,
                               const std::optional<Digest>& digest, std::optional<uint64_t> expected_revision,
                               bool mirrored) {
  v1::SetTagRequest request;
  request.set_mirrored(mirrored);
  request.set_model(model);
  request.set_tag(tag);
  if (digest.has_value()) request.set_digest(digest->ToBytes());
  if (expected_revision.has_value()) request.set_expected_revision(*expected_revision);
  rpc::Channel& channel = connection.channel();
  PLUMB_ASSIGN_OR_RETURN(v1::SetTagResponse response,
                         channel.Call(channel.publishing(), &v1::PublishingService::Stub::SetTag, request));
  return std::move(*response.mutable_tag());
}

absl::StatusOr<v1::Release> Yank(Connection& connection, const std::string& model, const std::string& version,
                                 const std::string& reason, bool undo) {
  v1::YankRequest request;
  request.set_model(model);
  request.set_version(version);
  request.set_reason(reason);
  request.set_undo(undo);
  rpc::Channel& channel = connection.channel();
  PLUMB_ASSIGN_OR_RETURN(v1::YankResponse response,
                         channel.Call(channel.publishing(), &v1::PublishingService::Stub::Yank, request));
  return std::move(*response.mutable_release());
}

}  // namespace plumb
