#include "plumb/content/digest.h"

#include <openssl/sha.h>

#include <random>
#include <unordered_set>

#include "gtest/gtest.h"
#include "plumb/base/file.h"

namespace plumb {
namespace {

struct Vector {
  std::string message;
  std::string hex;
};

// FIPS 180-4 examples of NIST (SHA256.pdf, SHA2_Additional.pdf).
TEST(DigestTest, NistVectors) {
  const Vector vectors[] = {
      {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
      {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
      {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
       "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
      {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrst"
       "u",
       "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
      {std::string(1, '\xbd'), "68325720aabd7c82f30f554b313d0570c95accbb7dc4b5aae11204c08ffe732b"},
      {"\xc9\x8c\x8e\x55", "7abc22c0ae5af26ce93dbb94433a0e0b2e119d014f8e7f65bd56c61ccccd9504"},
      {std::string(55, '\0'), "02779466cdec163811d078815c633f21901413081449002f24aa3e80f0b88ef7"},
      {std::string(56, '\0'), "d4817aa5497628e7c77e6b606107042bbba3130888c5f47a375e6179be789fbb"},
      {std::string(57, '\0'), "65a16cb7861335d5ace3c60718b5052e44660726da4cd13bb745381b235a1785"},
      {std::string(64, '\0'), "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b"},
      {std::string(1000, '\0'), "541b3e9daa09b20bf85fa273e5cbd3e80185aa4ec298e765db87742b70138a53"},
      {std::string(1000, 'A'), "c2e686823489ced2017f6059b8b239318b6364f6dcd835d0a519105a1eadd6e4"},
      {std::string(1'000'000, 'a'), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"},
  };
  for (const Vector& vector : vectors) {
    EXPECT_EQ(Sha256Of(vector.message).ToHex(), vector.hex) << vector.message.size();
    EXPECT_EQ(Sha256Of(AsBytes(vector.message)).ToHex(), vector.hex) << vector.message.size();
  }
}

TEST(DigestTest, PiecesGiveWhatOpenSslGivesAtOnce) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  Sha256 hash;
  for (int round = 0; round < 200; ++round) {
    std::string message(random() % 2000, '\0');
    for (char& c : message) c = static_cast<char>(random());
    std::span<const uint8_t> rest = AsBytes(message);
    while (!rest.empty()) {
      size_t piece = std::min<size_t>(rest.size(), random() % 130);
      hash.Update(rest.first(piece));
      rest = rest.subspan(piece);
    }
    Digest expected;
    SHA256(AsBytes(message).data(), message.size(), expected.bytes.data());
    EXPECT_EQ(hash.Finish(), expected) << message.size();
  }
}

TEST(DigestTest, FinishStartsAfresh) {
  Sha256 hash;
  hash.Update(AsBytes("abc"));
  EXPECT_EQ(hash.Finish(), Sha256Of("abc"));
  EXPECT_EQ(hash.Finish(), Sha256Of(""));
}

TEST(DigestTest, MovedHashGoesOn) {
  Sha256 first;
  first.Update(AsBytes("a"));
  Sha256 second(std::move(first));
  second.Update(AsBytes("bc"));
  EXPECT_EQ(second.Finish(), Sha256Of("abc"));
}

TEST(DigestTest, TextFormsRoundTrip) {
  Digest digest = Sha256Of("abc");
  EXPECT_EQ(*Digest::FromHex(digest.ToHex()), digest);
  EXPECT_EQ(*Digest::FromHex(digest.ToString()), digest);
  EXPECT_EQ(*Digest::FromBytes(digest.ToBytes()), digest);
  EXPECT_EQ(digest.ToString(), "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(digest.Short(), "ba7816bf8f01");
}

TEST(DigestTest, OtherTextIsRefused) {
  const std::string hex(64, 'a');
  for (const std::string& text :
       {std::string(), hex.substr(1), hex.substr(2), hex + "a", hex + "aa", "sha256:" + hex.substr(2), "sha512:" + hex,
        "SHA256:" + hex, "sha256:sha256:" + hex, " " + hex, hex.substr(1) + "g"}) {
    EXPECT_TRUE(absl::IsInvalidArgument(Digest::FromHex(text).status())) << text;
  }
  for (size_t size : {0, 31, 33, 64}) EXPECT_FALSE(Digest::FromBytes(std::string(size, 'x')).ok()) << size;
}

TEST(DigestTest, OrderIsThatOfTheBytes) {
  Digest low, high;
  low.bytes[31] = 0xff;
  high.bytes[0] = 1;
  EXPECT_LT(low, high);
  EXPECT_NE(low, high);
  EXPECT_EQ((std::unordered_set<Digest>{low, high, low}.size()), 2u);
}

}  // namespace
}  // namespace plumb
