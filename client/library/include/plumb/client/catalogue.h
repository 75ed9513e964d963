// Asking a registry what it holds, and changing tags and yanks.
// Every function may block on the network; lists are fetched page by page to their end.
// Errors are those of the service (plumb/v1/catalogue.proto, publishing.proto).
#ifndef PLUMB_CLIENT_CATALOGUE_H_
#define PLUMB_CLIENT_CATALOGUE_H_

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/names.h"
#include "plumb/client/connection.h"
#include "plumb/content/chunk_list.h"
#include "plumb/content/digest.h"
#include "plumb/manifest/manifest.h"
#include "plumb/v1/catalogue.pb.h"

namespace plumb {

// The release `reference` means now. The answer's model is checked to be the one asked for;
// its digest, when the reference names one, too (DATA_LOSS, ErrorClass::kVerification). A digest of fewer than 64
// digits, also where a version stands that the model does not have, means the one release of the model that starts so;
// several are INVALID_ARGUMENT (ErrorClass::kUsage).
absl::StatusOr<v1::Release> Resolve(Connection& connection, const Reference& reference);

// Words for the user when the name in `reference`, which means `release`, means another release in its other reading;
// empty when it does not.
std::string NamesakeWarning(const Reference& reference, const v1::Release& release);

// The manifest with this digest; its bytes are hashed and must agree (ErrorClass::kVerification).
absl::StatusOr<StoredManifest> GetManifest(Connection& connection, const Digest& digest);

// A file's chunk list; its tree root, size and count must be those of `file` (ErrorClass::kVerification).
absl::StatusOr<ChunkList> GetChunkList(Connection& connection, const v1::File& file);

// Models whose name starts with `prefix`, sorted by name.
absl::StatusOr<std::vector<v1::Model>> ListModels(Connection& connection, const std::string& prefix);
// Models in which every word of `query` occurs: plumb/v1/catalogue.proto says where, and how to ask for one field.
absl::StatusOr<std::vector<v1::Model>> SearchModels(Connection& connection, const std::string& query);
// Releases of a model, oldest first; KIND_UNSPECIFIED for all kinds.
absl::StatusOr<std::vector<v1::Release>> ListReleases(Connection& connection, const std::string& model, v1::Kind kind);
absl::StatusOr<std::vector<v1::Tag>> ListTags(Connection& connection, const std::string& model);
// Moves of one tag, oldest first.
absl::StatusOr<std::vector<v1::TagMove>> ListTagHistory(Connection& connection, const std::string& model,
                                                        const std::string& tag);
// One page of events with numbers above `after_sequence`.
absl::StatusOr<v1::ListEventsResponse> ListEvents(Connection& connection, uint64_t after_sequence, uint32_t page_size);
// Calls `on_event` for each event above `after_sequence`, waiting for new ones, until it returns false.
absl::Status WatchEvents(Connection& connection, uint64_t after_sequence,
                         const std::function<bool(const v1::Event&)>& on_event);

// Points a tag to a release, or removes it when `digest` is empty. With `expected_revision`
// the tag must still be at that revision (ABORTED otherwise). `mirrored`: repeats what another registry did, which may
// be a tag with the name of a version.
absl::StatusOr<v1::Tag> SetTag(Connection& connection, const std::string& model, const std::string& tag,
                               const std::optional<Digest>& digest, std::optional<uint64_t> expected_revision,
                               bool mirrored = false);
// Marks a release as withdrawn, or takes that back.
absl::StatusOr<v1::Release> Yank(Connection& connection, const std::string& model, const std::string& version,
                                 const std::string& reason, bool undo);

}  // namespace plumb

#endif  // PLUMB_CLIENT_CATALOGUE_H_
