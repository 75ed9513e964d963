#include "plumb/content/merkle.h"

#include <bit>
#include <random>

#include "gtest/gtest.h"
#include "plumb/base/file.h"
#include "plumb/base/hex.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// MTH of RFC 9162 section 2.1.1, word for word.
Digest NaiveRoot(std::span<const Digest> leaves) {
  if (leaves.empty()) return Sha256Of("");
  if (leaves.size() == 1) return leaves[0];
  size_t k = 1;
  while (2 * k < leaves.size()) k *= 2;
  std::string node = "\x01" + NaiveRoot(leaves.first(k)).ToBytes() + NaiveRoot(leaves.subspan(k)).ToBytes();
  return Sha256Of(node);
}

std::vector<Digest> Leaves(size_t count) {
  std::vector<Digest> leaves;
  for (size_t i = 0; i < count; ++i) leaves.push_back(MerkleLeafHash(AsBytes(std::to_string(i))));
  return leaves;
}

void ExpectVerificationError(const absl::Status& status) {
  EXPECT_TRUE(absl::IsDataLoss(status)) << status;
  EXPECT_EQ(ErrorClassOf(status), ErrorClass::kVerification) << status;
}

TEST(MerkleTest, PrefixesKeepLeavesAndNodesApart) {
  EXPECT_EQ(MerkleLeafHash(AsBytes("abc")), Sha256Of(std::string_view("\0abc", 4)));
  Digest left = Sha256Of("l"), right = Sha256Of("r");
  EXPECT_EQ(MerkleNodeHash(left, right), Sha256Of("\x01" + left.ToBytes() + right.ToBytes()));
  EXPECT_NE(MerkleNodeHash(left, right), MerkleNodeHash(right, left));
}

// The tree of certificate-transparency's own tests, in all its sizes.
TEST(MerkleTest, PublishedRoots) {
  const char* leaves[] = {
      "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
  const char* roots[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                         "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                         "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                         "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                         "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                         "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                         "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                         "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                         "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};
  MerkleRootBuilder builder;
  EXPECT_EQ(builder.Root().ToHex(), roots[0]);
  for (size_t i = 0; i < 8; ++i) {
    builder.AddLeafHash(MerkleLeafHash(AsBytes(*HexDecode(leaves[i]))));
    EXPECT_EQ(builder.size(), i + 1);
    EXPECT_EQ(builder.Root().ToHex(), roots[i + 1]);
  }
}

TEST(MerkleTest, RootsAgreeWithTheDefinition) {
  std::vector<Digest> leaves = Leaves(130);
  MerkleRootBuilder builder;
  for (size_t size = 0; size <= leaves.size(); ++size) {
    std::span<const Digest> tree(leaves.data(), size);
    EXPECT_EQ(MerkleRoot(tree), NaiveRoot(tree)) << size;
    EXPECT_EQ(builder.Root(), NaiveRoot(tree)) << size;
    if (size < leaves.size()) builder.AddLeafHash(leaves[size]);
  }
}

TEST(MerkleTest, EveryInclusionProofVerifiesAndOnlyForItsLeaf) {
  std::vector<Digest> leaves = Leaves(33);
  for (size_t size = 1; size <= leaves.size(); ++size) {
    std::span<const Digest> tree(leaves.data(), size);
    const Digest root = NaiveRoot(tree);
    for (size_t index = 0; index < size; ++index) {
      auto proof = ProveInclusion(tree, index);
      ASSERT_TRUE(proof.ok()) << proof.status();
      EXPECT_TRUE(VerifyInclusion(index, size, leaves[index], *proof, root).ok()) << index << " of " << size;
      for (size_t other = 0; other < size; ++other) {
        EXPECT_EQ(VerifyInclusion(other, size, leaves[index], *proof, root).ok(), other == index);
      }
    }
    EXPECT_TRUE(absl::IsOutOfRange(ProveInclusion(tree, size).status()));
  }
}

TEST(MerkleTest, EveryConsistencyProofVerifies) {
  std::vector<Digest> leaves = Leaves(33);
  for (size_t size = 1; size <= leaves.size(); ++size) {
    std::span<const Digest> tree(leaves.data(), size);
    for (size_t old_size = 1; old_size <= size; ++old_size) {
      auto proof = ProveConsistency(tree, old_size);
      ASSERT_TRUE(proof.ok()) << proof.status();
      Digest old_root = NaiveRoot(tree.first(old_size));
      EXPECT_TRUE(VerifyConsistency(old_size, size, old_root, NaiveRoot(tree), *proof).ok()) << old_size << " " << size;
      if (size == old_size) continue;
      ExpectVerificationError(VerifyConsistency(old_size, size, leaves[32], NaiveRoot(tree), *proof));
      ExpectVerificationError(VerifyConsistency(old_size, size, old_root, Sha256Of("x"), *proof));
    }
    EXPECT_TRUE(absl::IsOutOfRange(ProveConsistency(tree, 0).status()));
    EXPECT_TRUE(absl::IsOutOfRange(ProveConsistency(tree, size + 1).status()));
  }
}

TEST(MerkleTest, AnyChangeOfAProofIsRefused) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::vector<Digest> leaves = Leaves(200);
  const Digest root = NaiveRoot(leaves);
  for (int round = 0; round < 200; ++round) {
    size_t index = random() % leaves.size();
    size_t old_size = 1 + random() % (leaves.size() - 1);
    std::vector<Digest> inclusion = *ProveInclusion(leaves, index);
    std::vector<Digest> consistency = *ProveConsistency(leaves, old_size);
    Digest old_root = NaiveRoot(std::span(leaves).first(old_size));
    uint64_t bit = random() % 256;
    inclusion[random() % inclusion.size()].bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    consistency[random() % consistency.size()].bytes[bit / 8] ^= static_cast<uint8_t>(1 << bit % 8);
    ExpectVerificationError(VerifyInclusion(index, 200, leaves[index], inclusion, root));
    ExpectVerificationError(VerifyConsistency(old_size, 200, old_root, root, consistency));
  }
}

TEST(MerkleTest, ProofsOfOtherLengthsAreRefused) {
  std::vector<Digest> leaves = Leaves(7);
  const Digest root = NaiveRoot(leaves);
  std::vector<Digest> proof = *ProveInclusion(leaves, 3);
  proof.push_back(root);
  ExpectVerificationError(VerifyInclusion(3, 7, leaves[3], proof, root));
  proof.resize(proof.size() - 2);
  ExpectVerificationError(VerifyInclusion(3, 7, leaves[3], proof, root));
  ExpectVerificationError(VerifyConsistency(3, 7, NaiveRoot(std::span(leaves).first(3)), root, {}));
  ExpectVerificationError(VerifyConsistency(7, 7, root, root, proof));
  ExpectVerificationError(VerifyConsistency(7, 7, leaves[0], root, {}));
}

TEST(MerkleTest, HugeSizesEndQuickly) {
  std::vector<Digest> proof(64, Sha256Of("x"));
  ExpectVerificationError(VerifyInclusion(UINT64_MAX - 1, UINT64_MAX, Sha256Of("l"), proof, Sha256Of("r")));
  ExpectVerificationError(VerifyConsistency(UINT64_MAX - 1, UINT64_MAX, Sha256Of("l"), Sha256Of("r"), proof));
  ExpectVerificationError(VerifyConsistency(1ull << 63, UINT64_MAX, Sha256Of("l"), Sha256Of("r"), proof));
}

}  // namespace
}  // namespace plumb
