// The proofs published by transparency-dev/merkle (tests/data/merkle).
#include <openssl/evp.h>

#include "gtest/gtest.h"
#include "plumb/base/file.h"
#include "plumb/base/json.h"
#include "plumb/content/merkle.h"

namespace plumb {
namespace {

std::string Base64(const nlohmann::json& value) {
  const std::string text = value.is_null() ? "" : value.get<std::string>();
  std::string bytes(text.size(), '\0');
  int size = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()), AsBytes(text).data(),
                             static_cast<int>(text.size()));
  EXPECT_GE(size, 0) << text;
  bytes.resize(static_cast<size_t>(size) - (text.ends_with("==") ? 2 : text.ends_with("=") ? 1 : 0));
  return bytes;
}

// A hash of 32 bytes is itself. For others, which no Digest can hold, another digest stands: some vectors
// compare texts as roots, and hashes of a wrong size must fail just as wrong ones do.
Digest TakeDigest(const nlohmann::json& value) {
  const std::string bytes = Base64(value);
  auto digest = Digest::FromBytes(bytes);
  return digest.ok() ? *digest : Sha256Of(bytes);
}

std::vector<Digest> TakeProof(const nlohmann::json& vector) {
  std::vector<Digest> proof;
  for (const nlohmann::json& hash : vector.at("proof")) proof.push_back(TakeDigest(hash));
  return proof;
}

nlohmann::json Load(const std::string& name) {
  auto text = ReadFile(std::string(PLUMB_TEST_DATA "/merkle/") + name, 1 << 20);
  EXPECT_TRUE(text.ok()) << text.status();
  auto vectors = ParseJson(*text, name);
  EXPECT_TRUE(vectors.ok()) << vectors.status();
  EXPECT_EQ(vectors->size(), 98u);
  return *vectors;
}

TEST(MerkleVectorsTest, Inclusion) {
  int good = 0;
  for (const nlohmann::json& entry : Load("inclusion.json")) {
    SCOPED_TRACE(entry.at("file").get<std::string>());
    const nlohmann::json& vector = entry.at("vector");
    absl::Status status =
        VerifyInclusion(vector.at("leafIdx").get<uint64_t>(), vector.at("treeSize").get<uint64_t>(),
                        TakeDigest(vector.at("leafHash")), TakeProof(vector), TakeDigest(vector.at("root")));
    // A leaf hash of another size, which two vectors have, is refused where it enters.
    bool ok = status.ok() && Digest::FromBytes(Base64(vector.at("leafHash"))).ok();
    EXPECT_EQ(ok, !vector.at("wantErr").get<bool>()) << status;
    good += ok ? 1 : 0;
  }
  EXPECT_EQ(good, 6);
}

TEST(MerkleVectorsTest, Consistency) {
  int good = 0;
  for (const nlohmann::json& entry : Load("consistency.json")) {
    SCOPED_TRACE(entry.at("file").get<std::string>());
    const nlohmann::json& vector = entry.at("vector");
    absl::Status status =
        VerifyConsistency(vector.at("size1").get<uint64_t>(), vector.at("size2").get<uint64_t>(),
                          TakeDigest(vector.at("root1")), TakeDigest(vector.at("root2")), TakeProof(vector));
    EXPECT_EQ(status.ok(), !vector.at("wantErr").get<bool>()) << status;
    good += status.ok() ? 1 : 0;
  }
  EXPECT_EQ(good, 6);
}

}  // namespace
}  // namespace plumb
