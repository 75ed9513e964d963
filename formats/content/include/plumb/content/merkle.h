// Merkle trees as RFC 9162 section 2.1 hashes them (SHA-256, leaf prefix 0x00, node prefix
// 0x01, split at the largest power of two below the size).
//
// Security: a proof that Verify* accepts was made from a tree with the given root, unless
// SHA-256 collisions are known. The size is an input, so it must be trusted as the root is.
#ifndef PLUMB_CONTENT_MERKLE_H_
#define PLUMB_CONTENT_MERKLE_H_

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "plumb/content/digest.h"

namespace plumb {

// SHA-256(0x00 || data).
Digest MerkleLeafHash(std::span<const uint8_t> data);
// SHA-256(0x01 || left || right).
Digest MerkleNodeHash(const Digest& left, const Digest& right);

// Computes a root from leaf hashes appended one after another, in memory proportional to
// the logarithm of their number. Not thread-safe.
class MerkleRootBuilder {
 public:
  void AddLeafHash(const Digest& leaf_hash);
  uint64_t size() const { return size_; }
  // The root over what was added so far; SHA-256 of nothing for an empty tree.
  Digest Root() const;

 private:
  std::vector<Digest> peaks_;  // Roots of the complete subtrees, largest first.
  uint64_t size_ = 0;
};

// Root over all `leaf_hashes`.
Digest MerkleRoot(std::span<const Digest> leaf_hashes);

// The audit path of leaf `index`, from the leaf up. OUT_OF_RANGE when there is no such leaf.
absl::StatusOr<std::vector<Digest>> ProveInclusion(std::span<const Digest> leaf_hashes, uint64_t index);

// OK when `proof` shows that `leaf_hash` is leaf `index` of the tree of `size` leaves with
// `root`. DATA_LOSS (ErrorClass::kVerification) when it does not.
absl::Status VerifyInclusion(uint64_t index, uint64_t size, const Digest& leaf_hash, std::span<const Digest> proof,
                             const Digest& root);

// The proof that the tree over the first `old_size` leaves is a prefix of the whole.
absl::StatusOr<std::vector<Digest>> ProveConsistency(std::span<const Digest> leaf_hashes, uint64_t old_size);

// OK when `proof` shows that the tree of `old_size` leaves with `old_root` is a prefix of
// that of `new_size` leaves with `new_root`. An `old_size` of zero is refused.
absl::Status VerifyConsistency(uint64_t old_size, uint64_t new_size, const Digest& old_root, const Digest& new_root,
                               std::span<const Digest> proof);

}  // namespace plumb

#endif  // PLUMB_CONTENT_MERKLE_H_
