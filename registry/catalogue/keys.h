// The keys of the metadata store; docs/storage.md describes them with their values.
//
// Names of models, versions and tags hold no NUL, so a NUL ends each of them inside a key.
// Numbers are big-endian, so that keys sort as numbers do.
#ifndef PLUMB_REGISTRY_CATALOGUE_KEYS_H_
#define PLUMB_REGISTRY_CATALOGUE_KEYS_H_

#include <cstdint>
#include <string>
#include <string_view>

#include "plumb/content/digest.h"

namespace plumb::keys {

inline constexpr std::string_view kRegistryId = "registry/id";
inline constexpr std::string_view kSummaries = "registry/model-summaries";
inline constexpr std::string_view kHead = "event/head";
inline constexpr std::string_view kEvents = "event/at/";
inline constexpr std::string_view kModels = "model/";
inline constexpr std::string_view kReleases = "release/";
inline constexpr std::string_view kTags = "tag/";
inline constexpr std::string_view kLists = "list/";
inline constexpr std::string_view kListStaging = "list-staging/";

// Eight and four bytes, most significant first.
std::string BigEndian64(uint64_t value);
std::string BigEndian32(uint32_t value);
// The inverse; 0 for text of another length.
uint64_t ReadBigEndian64(std::string_view bytes);
uint32_t ReadBigEndian32(std::string_view bytes);

std::string Event(uint64_t sequence);
std::string Model(std::string_view model);
std::string Release(std::string_view model, std::string_view version);
// All releases of a model in the order of their publishing; the value is the version.
std::string OrderPrefix(std::string_view model);
std::string Order(std::string_view model, uint64_t sequence);
// Release digest to `model NUL version`. The prefix: of all digests that begin with these bytes.
std::string ReleaseDigestPrefix(std::string_view bytes);
std::string ReleaseDigest(const Digest& digest);
std::string Manifest(const Digest& digest);
std::string TagPrefix(std::string_view model);
std::string Tag(std::string_view model, std::string_view tag);
std::string TagMovePrefix(std::string_view model, std::string_view tag);
std::string TagMove(std::string_view model, std::string_view tag, uint64_t revision);
std::string Cursor(std::string_view name);
std::string List(const Digest& tree_root);
std::string ListStaging(std::string_view page_set);
std::string ListPagePrefix(std::string_view page_set);
std::string ListPage(std::string_view page_set, uint32_t page);
// Present when the file under a tree root was found to have this SHA-256.
std::string VerifiedPrefix(const Digest& tree_root);
std::string Verified(const Digest& tree_root, const Digest& sha256);

}  // namespace plumb::keys

#endif  // PLUMB_REGISTRY_CATALOGUE_KEYS_H_
