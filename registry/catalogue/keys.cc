#include "registry/catalogue/keys.h"

namespace plumb::keys {
namespace {

std::string Join(std::string_view space, std::string_view first) {
  std::string key(space);
  key.append(first);
  return key;
}

// `space` and names, each ended by a NUL.
template <typename... Names>
std::string Terminated(std::string_view space, Names... names) {
  std::string key(space);
  ((key.append(names), key.push_back('\0')), ...);
  return key;
}

}  // namespace

std::string BigEndian64(uint64_t value) {
  std::string bytes(8, '\0');
  for (int i = 0; i < 8; ++i) bytes[static_cast<size_t>(i)] = static_cast<char>(value >> (56 - 8 * i));
  return bytes;
}

std::string BigEndian32(uint32_t value) { return BigEndian64(value).substr(4); }

uint64_t ReadBigEndian64(std::string_view bytes) {
  if (bytes.size() != 8) return 0;
  uint64_t value = 0;
  for (char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

uint32_t ReadBigEndian32(std::string_view bytes) {
  if (bytes.size() != 4) return 0;
  uint32_t value = 0;
  for (char byte : bytes) value = value << 8 | static_cast<uint8_t>(byte);
  return value;
}

std::string Event(uint64_t sequence) { return Join(kEvents, BigEndian64(sequence)); }
std::string Model(std::string_view model) { return Join(kModels, model); }
std::string Release(std::string_view model, std::string_view version) {
  return Terminated(kReleases, model).append(version);
}
std::string OrderPrefix(std::string_view model) { return Terminated("order/", model); }
std::string Order(std::string_view model, uint64_t sequence) { return OrderPrefix(model) + BigEndian64(sequence); }
std::string ReleaseDigestPrefix(std::string_view bytes) { return Join("digest/", bytes); }
std::string ReleaseDigest(const Digest& digest) { return Join("digest/", digest.ToBytes()); }
std::string Manifest(const Digest& digest) { return Join("manifest/", digest.ToBytes()); }
std::string TagPrefix(std::string_view model) { return Terminated(kTags, model); }
std::string Tag(std::string_view model, std::string_view tag) { return TagPrefix(model).append(tag); }
std::string TagMovePrefix(std::string_view model, std::string_view tag) { return Terminated("tag-move/", model, tag); }
std::string TagMove(std::string_view model, std::string_view tag, uint64_t revision) {
  return TagMovePrefix(model, tag) + BigEndian64(revision);
}
std::string Cursor(std::string_view name) { return Join("cursor/", name); }
std::string List(const Digest& tree_root) { return Join(kLists, tree_root.ToBytes()); }
std::string ListStaging(std::string_view page_set) { return Join(kListStaging, page_set); }
std::string ListPagePrefix(std::string_view page_set) { return Join("list-page/", page_set); }
std::string ListPage(std::string_view page_set, uint32_t page) { return ListPagePrefix(page_set) + BigEndian32(page); }
std::string VerifiedPrefix(const Digest& tree_root) { return Join("verified/", tree_root.ToBytes()); }
std::string Verified(const Digest& tree_root, const Digest& sha256) {
  return VerifiedPrefix(tree_root) + sha256.ToBytes();
}

}  // namespace plumb::keys
