#include "plumb/content/merkle.h"

#include <bit>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

absl::Status ProofError(std::string message) {
  return WithErrorClass(DataLoss(std::move(message)), ErrorClass::kVerification);
}

absl::Status RootMismatch(std::string_view what, const Digest& found, const Digest& expected) {
  return ProofError(fmt::format("{}: the proof leads to root {}, expected {}", what, found.ToHex(), expected.ToHex()));
}

// The largest power of two below `size`, which is at least 2.
uint64_t SplitPoint(uint64_t size) { return std::bit_floor(size - 1); }

void InclusionPath(std::span<const Digest> leaves, uint64_t index, std::vector<Digest>* path) {
  if (leaves.size() == 1) return;
  uint64_t split = SplitPoint(leaves.size());
  if (index < split) {
    InclusionPath(leaves.first(split), index, path);
    path->push_back(MerkleRoot(leaves.subspan(split)));
  } else {
    InclusionPath(leaves.subspan(split), index - split, path);
    path->push_back(MerkleRoot(leaves.first(split)));
  }
}

// SUBPROOF of RFC 9162 section 2.1.4.1; `known` is its flag b.
void ConsistencyPath(std::span<const Digest> leaves, uint64_t old_size, bool known, std::vector<Digest>* path) {
  if (old_size == leaves.size()) {
    if (!known) path->push_back(MerkleRoot(leaves));
    return;
  }
  uint64_t split = SplitPoint(leaves.size());
  if (old_size <= split) {
    ConsistencyPath(leaves.first(split), old_size, known, path);
    path->push_back(MerkleRoot(leaves.subspan(split)));
  } else {
    ConsistencyPath(leaves.subspan(split), old_size - split, false, path);
    path->push_back(MerkleRoot(leaves.first(split)));
  }
}

// Moves up while `fn` is a left child, as RFC 9162 says after using a left sibling.
void SkipLeftEdges(uint64_t* fn, uint64_t* sn) {
  while (*fn != 0 && (*fn & 1) == 0) {
    *fn >>= 1;
    *sn >>= 1;
  }
}

}  // namespace

Digest MerkleLeafHash(std::span<const uint8_t> data) {
  Sha256 hash;
  const uint8_t prefix = 0;
  hash.Update({&prefix, 1});
  hash.Update(data);
  return hash.Finish();
}

Digest MerkleNodeHash(const Digest& left, const Digest& right) {
  std::array<uint8_t, 1 + 2 * Digest::kSizeBytes> input;
  input[0] = 1;
  std::memcpy(input.data() + 1, left.bytes.data(), Digest::kSizeBytes);
  std::memcpy(input.data() + 1 + Digest::kSizeBytes, right.bytes.data(), Digest::kSizeBytes);
  return Sha256Of(input);
}

void MerkleRootBuilder::AddLeafHash(const Digest& leaf_hash) {
  Digest hash = leaf_hash;
  // Each trailing one bit of the size is a complete subtree that the new leaf closes.
  for (uint64_t bits = size_; (bits & 1) != 0; bits >>= 1) {
    hash = MerkleNodeHash(peaks_.back(), hash);
    peaks_.pop_back();
  }
  peaks_.push_back(hash);
  ++size_;
}

Digest MerkleRootBuilder::Root() const {
  if (peaks_.empty()) return Sha256Of(std::string_view());
  Digest root = peaks_.back();
  for (size_t i = peaks_.size() - 1; i-- > 0;) root = MerkleNodeHash(peaks_[i], root);
  return root;
}

Digest MerkleRoot(std::span<const Digest> leaf_hashes) {
  MerkleRootBuilder builder;
  for (const Digest& leaf : leaf_hashes) builder.AddLeafHash(leaf);
  return builder.Root();
}

absl::StatusOr<std::vector<Digest>> ProveInclusion(std::span<const Digest> leaf_hashes, uint64_t index) {
  if (index >= leaf_hashes.size()) {
    return OutOfRange(fmt::format("leaf {} of a tree of {} leaves", index, leaf_hashes.size()));
  }
  std::vector<Digest> path;
  InclusionPath(leaf_hashes, index, &path);
  return path;
}

absl::Status VerifyInclusion(uint64_t index, uint64_t size, const Digest& leaf_hash, std::span<const Digest> proof,
                             const Digest& root) {
  if (index >= size) return ProofError(fmt::format("leaf {} of a tree of {} leaves", index, size));
  uint64_t fn = index;
  uint64_t sn = size - 1;
  Digest hash = leaf_hash;
  for (const Digest& sibling : proof) {
    if (sn == 0) return ProofError(fmt::format("inclusion proof has {} hashes, too many", proof.size()));
    if ((fn & 1) != 0 || fn == sn) {
      hash = MerkleNodeHash(sibling, hash);
      if ((fn & 1) == 0) SkipLeftEdges(&fn, &sn);
    } else {
      hash = MerkleNodeHash(hash, sibling);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return ProofError(fmt::format("inclusion proof has {} hashes, too few", proof.size()));
  return hash == root ? absl::OkStatus() : RootMismatch("inclusion", hash, root);
}

absl::StatusOr<std::vector<Digest>> ProveConsistency(std::span<const Digest> leaf_hashes, uint64_t old_size) {
  if (old_size == 0 || old_size > leaf_hashes.size()) {
    return OutOfRange(fmt::format("no consistency proof from size {} to {}", old_size, leaf_hashes.size()));
  }
  std::vector<Digest> path;
  ConsistencyPath(leaf_hashes, old_size, true, &path);
  return path;
}

absl::Status VerifyConsistency(uint64_t old_size, uint64_t new_size, const Digest& old_root, const Digest& new_root,
                               std::span<const Digest> proof) {
  if (old_size == 0 || old_size > new_size) {
    return ProofError(fmt::format("no consistency proof from size {} to {}", old_size, new_size));
  }
  if (old_size == new_size) {
    if (!proof.empty()) return ProofError("consistency proof between equal sizes is not empty");
    return old_root == new_root ? absl::OkStatus() : RootMismatch("consistency", old_root, new_root);
  }
  uint64_t fn = old_size - 1;
  uint64_t sn = new_size - 1;
  while ((fn & 1) != 0) {
    fn >>= 1;
    sn >>= 1;
  }
  // When the old tree is complete its root is the proof's implied first element.
  bool complete = std::has_single_bit(old_size);
  if (!complete && proof.empty()) return ProofError("consistency proof is empty");
  Digest old_hash = complete ? old_root : proof.front();
  Digest new_hash = old_hash;
  for (const Digest& sibling : complete ? proof : proof.subspan(1)) {
    if (sn == 0) return ProofError(fmt::format("consistency proof has {} hashes, too many", proof.size()));
    if ((fn & 1) != 0 || fn == sn) {
      old_hash = MerkleNodeHash(sibling, old_hash);
      new_hash = MerkleNodeHash(sibling, new_hash);
      if ((fn & 1) == 0) SkipLeftEdges(&fn, &sn);
    } else {
      new_hash = MerkleNodeHash(new_hash, sibling);
    }
    fn >>= 1;
    sn >>= 1;
  }
  if (sn != 0) return ProofError(fmt::format("consistency proof has {} hashes, too few", proof.size()));
  if (old_hash != old_root) return RootMismatch("consistency, old tree", old_hash, old_root);
  return new_hash == new_root ? absl::OkStatus() : RootMismatch("consistency, new tree", new_hash, new_root);
}

}  // namespace plumb
