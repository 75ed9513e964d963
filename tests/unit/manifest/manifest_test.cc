#include "plumb/manifest/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "plumb/base/limits.h"
#include "plumb/base/publish_limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

using ::testing::HasSubstr;

v1::File MakeFile(const std::string& path, uint64_t size = 100) {
  v1::File file;
  file.set_path(path);
  file.set_size_bytes(size);
  file.set_sha256(std::string(32, 's'));
  file.set_tree_root(std::string(32, 't'));
  file.set_chunk_count(size == 0 ? 0 : 1);
  return file;
}

v1::Manifest MakeManifest() {
  v1::Manifest manifest;
  manifest.set_schema_version(1);
  manifest.set_model("lab/tiny");
  manifest.set_version("v1");
  manifest.set_kind(v1::KIND_WEIGHTS);
  for (const char* path : {"LICENSE", "config.json", "golden.safetensors", "model.safetensors"}) {
    *manifest.add_files() = MakeFile(path);
  }
  manifest.set_license("Apache-2.0");
  manifest.add_license_paths("LICENSE");
  v1::SmokeCase* smoke = manifest.add_smoke_cases();
  smoke->set_name("model");
  smoke->set_weights_path("model.safetensors");
  smoke->set_config_path("config.json");
  smoke->set_golden_path("golden.safetensors");
  smoke->set_recorded_by("publisher");
  return manifest;
}

void ExpectRefused(const v1::Manifest& manifest, const std::string& reason) {
  absl::Status status = ValidateManifest(manifest);
  EXPECT_TRUE(absl::IsInvalidArgument(status)) << status;
  EXPECT_EQ(ErrorClassOf(status), ErrorClass::kVerification);
  EXPECT_THAT(std::string(Message(status)), HasSubstr(reason));
}

TEST(ManifestTest, BuildAndParseAgree) {
  auto built = BuildManifest(MakeManifest());
  ASSERT_TRUE(built.ok()) << built.status();
  EXPECT_EQ(built->digest, Sha256Of(built->bytes));
  auto parsed = ParseManifest(built->bytes);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  EXPECT_EQ(parsed->digest, built->digest);
  EXPECT_EQ(parsed->manifest.SerializeAsString(), built->manifest.SerializeAsString());
}

TEST(ManifestTest, SameMessageSameBytes) {
  EXPECT_EQ(BuildManifest(MakeManifest())->bytes, BuildManifest(MakeManifest())->bytes);
}

TEST(ManifestTest, RefusesWhatIsNoMessage) {
  EXPECT_EQ(ErrorClassOf(ParseManifest("\xff\xff\xff").status()), ErrorClass::kVerification);
}

TEST(ManifestTest, RefusesMoreThanTheLimit) {
  EXPECT_TRUE(absl::IsOutOfRange(ParseManifest(std::string(limits::kManifestBytesMax + 1, 'x')).status()));
}

TEST(ManifestTest, RefusesAnEmptyMessage) { EXPECT_FALSE(ParseManifest("").ok()); }

TEST(ManifestTest, RefusesANewerLayout) {
  v1::Manifest manifest = MakeManifest();
  manifest.set_schema_version(2);
  ExpectRefused(manifest, "a newer plumb may read it");
}

TEST(ManifestTest, RefusesBadNames) {
  v1::Manifest manifest = MakeManifest();
  manifest.set_model("../../etc");
  ExpectRefused(manifest, "not a model name");
  manifest = MakeManifest();
  manifest.set_version("v 1");
  ExpectRefused(manifest, "not a version");
}

TEST(ManifestTest, RefusesAnUnknownKind) {
  v1::Manifest manifest = MakeManifest();
  manifest.set_kind(static_cast<v1::Kind>(77));
  ExpectRefused(manifest, "unknown kind");
}

class HostilePathTest : public ::testing::TestWithParam<std::string> {};

TEST_P(HostilePathTest, IsRefused) {
  v1::Manifest manifest;
  manifest.set_schema_version(1);
  manifest.set_model("lab/tiny");
  manifest.set_version("v1");
  manifest.set_kind(v1::KIND_WEIGHTS);
  *manifest.add_files() = MakeFile(GetParam());
  ExpectRefused(manifest, "manifest: ");
}

INSTANTIATE_TEST_SUITE_P(Paths, HostilePathTest,
                         ::testing::Values("", "/etc/passwd", "../x", "a/../../x", "a//b", "a/", "./a", "a/./b", "a\\b",
                                           "C:x", std::string("a\0b", 3), "a\nb", "\x1b[2J", "NUL", "com1.txt", "a.",
                                           "a ", ".plumb", ".plumb/manifest", "\xff", std::string(1025, 'a'),
                                           std::string(256, 'a')));

TEST(ManifestTest, RefusesUnsortedFiles) {
  v1::Manifest manifest = MakeManifest();
  manifest.mutable_files()->SwapElements(0, 1);
  ExpectRefused(manifest, "not sorted");
}

TEST(ManifestTest, RefusesTheSamePathTwice) {
  v1::Manifest manifest = MakeManifest();
  *manifest.add_files() = MakeFile("model.safetensors");
  ExpectRefused(manifest, "not sorted");
}

TEST(ManifestTest, RefusesPathsThatFoldTogether) {
  v1::Manifest manifest = MakeManifest();
  *manifest.add_files() = MakeFile("modeL.safetensors");
  manifest.mutable_files()->SwapElements(3, 4);
  ExpectRefused(manifest, "case-insensitive");
}

TEST(ManifestTest, RefusesAFileThatIsAlsoAFolder) {
  v1::Manifest manifest = MakeManifest();
  *manifest.add_files() = MakeFile("model.safetensors/x");
  ExpectRefused(manifest, "is a file, not a folder");
}

TEST(ManifestTest, RefusesDigestsOfAnotherLength) {
  v1::Manifest manifest = MakeManifest();
  manifest.mutable_files(0)->set_sha256("short");
  ExpectRefused(manifest, "sha256 must be 32 bytes");
  manifest = MakeManifest();
  manifest.mutable_files(0)->set_tree_root(std::string(33, 'x'));
  ExpectRefused(manifest, "tree_root must be 32 bytes");
}

TEST(ManifestTest, ChunkCountMustBeAbleToHoldTheSize) {
  v1::Manifest manifest = MakeManifest();
  manifest.mutable_files(0)->set_chunk_count(0);
  ExpectRefused(manifest, "cannot hold");
  manifest.mutable_files(0)->set_chunk_count(101);
  ExpectRefused(manifest, "cannot hold");
  manifest.mutable_files(0)->set_chunk_count(100);
  EXPECT_TRUE(ValidateManifest(manifest).ok());
}

TEST(ManifestTest, SizeAtTheLimitAndOnePast) {
  v1::Manifest manifest = MakeManifest();
  manifest.mutable_files(0)->set_size_bytes(limits::kFileBytesMax);
  manifest.mutable_files(0)->set_chunk_count(limits::kFileBytesMax / limits::kChunkBytesMax);
  EXPECT_TRUE(ValidateManifest(manifest).ok()) << ValidateManifest(manifest);
  manifest.mutable_files(0)->set_size_bytes(limits::kFileBytesMax + 1);
  ExpectRefused(manifest, "larger than");
}

TEST(ManifestTest, AnEmptyFileHasNoChunks) {
  v1::Manifest manifest = MakeManifest();
  *manifest.mutable_files(0) = MakeFile("LICENSE", 0);
  EXPECT_TRUE(ValidateManifest(manifest).ok());
  manifest.mutable_files(0)->set_chunk_count(1);
  ExpectRefused(manifest, "cannot hold");
}

TEST(ManifestTest, TensorsMustLieInTheirFile) {
  v1::Manifest manifest = MakeManifest();
  v1::Tensor* tensor = manifest.mutable_files(3)->add_tensors();
  tensor->set_name("w");
  tensor->set_dtype("F32");
  tensor->set_begin(50);
  tensor->set_end(100);
  EXPECT_TRUE(ValidateManifest(manifest).ok());
  tensor->set_end(101);
  ExpectRefused(manifest, "not inside the file's");
  tensor->set_end(49);
  ExpectRefused(manifest, "not inside the file's");
}

TEST(ManifestTest, NamesMustBeAmongTheFiles) {
  v1::Manifest manifest = MakeManifest();
  manifest.add_license_paths("COPYING");
  ExpectRefused(manifest, "not among the files");
  manifest = MakeManifest();
  manifest.mutable_smoke_cases(0)->set_golden_path("other");
  ExpectRefused(manifest, "not among the files");
}

TEST(ManifestTest, SmokeCasesSayWhoRecordedThem) {
  v1::Manifest manifest = MakeManifest();
  manifest.mutable_smoke_cases(0)->set_recorded_by("me");
  ExpectRefused(manifest, "recorded by neither");
}

TEST(ManifestTest, SmokeCasesAtTheLimitAndOnePast) {
  v1::Manifest manifest = MakeManifest();
  while (manifest.smoke_cases_size() < static_cast<int>(limits::kSmokeCasesMax)) {
    *manifest.add_smoke_cases() = manifest.smoke_cases(0);
  }
  EXPECT_TRUE(ValidateManifest(manifest).ok());
  *manifest.add_smoke_cases() = manifest.smoke_cases(0);
  ExpectRefused(manifest, "smoke cases, at most");
}

TEST(ManifestTest, OnlyACheckpointStatesItsStep) {
  v1::Manifest manifest = MakeManifest();
  manifest.mutable_checkpoint()->set_step(3);
  ExpectRefused(manifest, "states its step");
  manifest.set_kind(v1::KIND_CHECKPOINT);
  EXPECT_TRUE(ValidateManifest(manifest).ok());
  manifest.clear_checkpoint();
  ExpectRefused(manifest, "states its step");
}

TEST(ManifestTest, AParentIsADigest) {
  v1::Manifest manifest = MakeManifest();
  manifest.mutable_lineage()->set_parent_reference("lab/tiny@v0");
  ExpectRefused(manifest, "32 bytes");
}

TEST(ManifestTest, FactsAtTheLimitsAndPast) {
  v1::Manifest manifest = MakeManifest();
  manifest.mutable_facts()->set_family(std::string(limits::kFactBytesMax, 'x'));
  for (size_t i = 0; i < limits::kFactsOfAKindMax; ++i) manifest.mutable_facts()->add_base_models()->set_name("a/b");
  EXPECT_TRUE(ValidateManifest(manifest).ok());
  manifest.mutable_facts()->set_family(std::string(limits::kFactBytesMax + 1, 'x'));
  EXPECT_FALSE(ValidateManifest(manifest).ok());
  manifest.mutable_facts()->set_family("x");
  manifest.mutable_facts()->add_base_models()->set_name("a/b");
  EXPECT_FALSE(ValidateManifest(manifest).ok());
}

TEST(ManifestTest, KindsAreDescribedWithTheirFacts) {
  v1::Manifest manifest;
  manifest.set_kind(v1::KIND_WEIGHTS);
  EXPECT_EQ(DescribeKind(manifest), "weights");
  manifest.mutable_facts()->set_form("model");
  manifest.mutable_facts()->set_quantisation("gptq");
  EXPECT_EQ(DescribeKind(manifest), "weights (gptq)");
  manifest.set_kind(v1::KIND_ADAPTER);
  manifest.mutable_facts()->set_form("adapter");
  manifest.mutable_facts()->clear_quantisation();
  manifest.mutable_facts()->set_library("peft");
  manifest.mutable_facts()->add_base_models()->set_name("lab/base");
  EXPECT_EQ(DescribeKind(manifest), "adapter (peft) for lab/base");
}

TEST(ManifestTest, FindFileFindsEveryFileAndNoOther) {
  v1::Manifest manifest = MakeManifest();
  for (const v1::File& file : manifest.files()) EXPECT_EQ(FindFile(manifest, file.path()), &file);
  EXPECT_EQ(FindFile(manifest, "config"), nullptr);
  EXPECT_EQ(FindFile(manifest, "zzz"), nullptr);
}

TEST(ManifestTest, TotalBytesAddsUp) { EXPECT_EQ(TotalBytes(MakeManifest()), 400u); }

TEST(ManifestTest, KindNamesRoundTrip) {
  for (v1::Kind kind : {v1::KIND_WEIGHTS, v1::KIND_CHECKPOINT, v1::KIND_ADAPTER, v1::KIND_RECIPE}) {
    EXPECT_EQ(ParseKind(KindName(kind)), kind);
  }
  EXPECT_FALSE(ParseKind("unspecified").has_value());
  EXPECT_FALSE(ParseKind("").has_value());
}

}  // namespace
}  // namespace plumb
