// A version and a tag of one name, and digests that are only begun.
#include "registry/catalogue/name_clash.h"

#include "tests/unit/registry/catalogue_fixture.h"

namespace plumb {
namespace {

using testing_support::MakeManifest;
using testing_support::SampleFile;
using testing_support::Store;

const SampleFile kOne = {"a.bin", {"first chunk", "second chunk"}};
const SampleFile kTwo = {"b.bin", {"second chunk", "third"}};

class NameClashTest : public testing_support::CatalogueFixture {
 protected:
  absl::StatusOr<v1::Release> ResolveTag(const std::string& tag) {
    v1::ResolveRequest request;
    request.set_model("lab/m");
    request.set_tag(tag);
    return catalogue_->reader().Resolve(request);
  }
  absl::StatusOr<v1::Release> ResolveVersion(const std::string& version) {
    v1::ResolveRequest request;
    request.set_model("lab/m");
    request.set_version(version);
    return catalogue_->reader().Resolve(request);
  }
  absl::StatusOr<v1::Release> ResolvePrefix(const std::string& hex) {
    v1::ResolveRequest request;
    request.set_model("lab/m");
    request.set_digest_prefix(hex);
    return catalogue_->reader().Resolve(request);
  }
  // As a mirror does.
  absl::Status RepeatTag(const std::string& tag, const std::string& digest) {
    v1::SetTagRequest request;
    request.set_model("lab/m");
    request.set_tag(tag);
    request.set_digest(digest);
    request.set_mirrored(true);
    return SetTag(request, "mirror", store_, &catalogue_->journal()).status();
  }
};

TEST_F(NameClashTest, ATagIsNotCalledAsAVersion) {
  std::string one = Publish("lab/m", "v1", {kOne});
  std::string two = Publish("lab/m", "v2", {kTwo});
  for (const std::string& digest : {one, two}) {
    EXPECT_TRUE(absl::IsAlreadyExists(Tag("lab/m", "v1", digest).status()));
  }
  EXPECT_OK(Tag("lab/m", "v3", one));
  // Of another model it may be.
  std::string other = Publish("lab/n", "w", {kOne});
  EXPECT_OK(Tag("lab/n", "v1", other));
}

TEST_F(NameClashTest, AVersionIsNotCalledAsATag) {
  std::string one = Publish("lab/m", "v1", {kOne});
  ASSERT_OK(Tag("lab/m", "v2", one));
  Upload({kTwo});
  EXPECT_TRUE(absl::IsAlreadyExists(Commit(MakeManifest("lab/m", "v2", {kTwo})).status()));
  ASSERT_OK(Tag("lab/m", "v2", ""));
  EXPECT_OK(Commit(MakeManifest("lab/m", "v2", {kTwo})));
}

TEST_F(NameClashTest, WhatOlderRegistriesAllowedIsRepeatedAndBothReadingsAreNamed) {
  std::string one = Publish("lab/m", "v1", {kOne});
  std::string two = Publish("lab/m", "v2", {kTwo});
  ASSERT_OK(RepeatTag("v1", two));
  EXPECT_EQ(ResolveTag("v1")->version(), "v2");
  EXPECT_EQ(ResolveTag("v1")->namesake(), "v1");
  EXPECT_EQ(ResolveVersion("v1")->version(), "v1");
  EXPECT_EQ(ResolveVersion("v1")->namesake(), "v2");
  EXPECT_EQ(ResolveVersion("v2")->namesake(), "");
  // What stands may be moved and removed.
  EXPECT_OK(Tag("lab/m", "v1", one));
  EXPECT_EQ(ResolveTag("v1")->namesake(), "");
  EXPECT_OK(Tag("lab/m", "v1", ""));
  EXPECT_TRUE(absl::IsAlreadyExists(Tag("lab/m", "v1", two).status()));

  ASSERT_OK(Tag("lab/m", "v3", one));
  Upload({kOne, kTwo});
  ASSERT_OK(
      catalogue_->publisher().Commit(Store(MakeManifest("lab/m", "v3", {kOne, kTwo})), "mirror", NameClash::kAllow));
  EXPECT_EQ(ResolveVersion("v3")->namesake(), "v1");
}

TEST_F(NameClashTest, TheBeginningOfADigestIsEnough) {
  std::string one = Publish("lab/m", "v1", {kOne});
  Publish("lab/m", "v2", {kTwo});
  std::string other = Publish("lab/n", "v1", {kOne});
  const std::string hex = Digest::FromBytes(one)->ToHex();
  for (size_t digits : {size_t{8}, size_t{12}, size_t{13}, size_t{63}}) {
    auto found = ResolvePrefix(hex.substr(0, digits));
    ASSERT_OK(found) << found.status();
    EXPECT_EQ(found->version(), "v1");
  }
  std::string wrong = hex.substr(0, 12);
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  EXPECT_TRUE(absl::IsNotFound(ResolvePrefix(wrong).status()));
  // Another model's releases are none of this one's.
  EXPECT_TRUE(absl::IsNotFound(ResolvePrefix(Digest::FromBytes(other)->ToHex().substr(0, 12)).status()));
}

TEST_F(NameClashTest, WhatIsNoBeginningOfADigestIsInvalid) {
  Publish("lab/m", "v1", {kOne});
  for (const std::string& hex : {std::string(), std::string("abcdef0"), std::string(64, 'a'),
                                 std::string("ABCDEF012345"), std::string("ghijklmnop")}) {
    EXPECT_TRUE(absl::IsInvalidArgument(ResolvePrefix(hex).status())) << hex;
  }
}

TEST_F(NameClashTest, SeveralReleasesThatBeginAlikeAreListed) {
  std::string one = Publish("lab/m", "v1", {kOne});
  // Two digests that begin alike cannot be made: the index entry of a second one is.
  std::string twin = one;
  twin.back() = static_cast<char>(twin.back() ^ 1);
  Transaction transaction;
  transaction.Put("digest/" + twin, std::string("lab/m") + '\0' + "v2");
  ASSERT_OK(store_.Commit(transaction));
  absl::Status status = ResolvePrefix(Digest::FromBytes(one)->ToHex().substr(0, 12)).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status));
  EXPECT_NE(Message(status).find(Digest::FromBytes(one)->ToHex()), std::string::npos);
  EXPECT_NE(Message(status).find(Digest::FromBytes(twin)->ToHex()), std::string::npos);
}

}  // namespace
}  // namespace plumb
