// Large sets of digests in little memory.
#ifndef PLUMB_REGISTRY_CATALOGUE_DIGEST_SET_H_
#define PLUMB_REGISTRY_CATALOGUE_DIGEST_SET_H_

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstring>
#include <vector>

#include "plumb/content/digest.h"

namespace plumb {

// Remembers the first 16 bytes of each digest: 16 to 32 bytes of memory for each. MayContain never denies a digest
// that was added; one that was not is taken for one that was with a probability of about 2^-100. Not thread-safe.
class DigestSet {
 public:
  void Add(const Digest& digest) {
    entries_.push_back(Shorten(digest));
    if (entries_.size() >= compact_at_) Compact();
  }
  // Call once after the last Add, before MayContain.
  void Finish() { Compact(); }
  bool MayContain(const Digest& digest) const {
    return std::binary_search(entries_.begin(), entries_.end(), Shorten(digest));
  }
  size_t size() const { return entries_.size(); }

 private:
  using Entry = std::array<uint8_t, 16>;
  static Entry Shorten(const Digest& digest) {
    Entry entry;
    std::memcpy(entry.data(), digest.bytes.data(), entry.size());
    return entry;
  }
  void Compact() {
    std::sort(entries_.begin(), entries_.end());
    entries_.erase(std::unique(entries_.begin(), entries_.end()), entries_.end());
    compact_at_ = std::max<size_t>(1u << 16, entries_.size() * 2);
  }

  std::vector<Entry> entries_;
  size_t compact_at_ = 1u << 16;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_CATALOGUE_DIGEST_SET_H_
