#include "client/cli/reference_advice.h"

#include <string>

#include "client/cli/error_report.h"
#include "gtest/gtest.h"
#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

std::string MendFor(const std::string& text) { return MendOf(ParseReferenceArgument(text).status(), ""); }

TEST(ParseReferenceArgument, APathInsideAReleaseHasItsCommands) {
  EXPECT_EQ(MendFor("lab/x/file.gguf"), "plumb cat lab/x file.gguf\nplumb pull lab/x --include file.gguf");
  EXPECT_EQ(MendFor("lab/x/sub/file.gguf@v1"),
            "plumb cat lab/x@v1 sub/file.gguf\nplumb pull lab/x@v1 --include sub/file.gguf");
}

TEST(InsideReleaseAdvice, IsForPathsThatBeginLikeAModel) {
  EXPECT_NE(InsideReleaseAdvice("lab/x/model.gguf"), "");
  for (const char* text :
       {"x/model.gguf", "./lab/x/model.gguf", "/lab/x/model.gguf", "~/lab/x/model.gguf", "lab/x/y/"}) {
    EXPECT_EQ(InsideReleaseAdvice(text), "") << text;
  }
}

TEST(ParseReferenceArgument, AUrlOfARegistryIsTheReferenceInIt) {
  EXPECT_EQ(MendFor("https://models.example.org:7070/acme/tiny"), "plumb show models.example.org:7070/acme/tiny");
}

TEST(ParseReferenceArgument, AHubIsNoRegistry) {
  for (const char* text : {"https://huggingface.co/acme/tiny/tree/main", "hf://acme/tiny"}) {
    EXPECT_NE(MendFor(text).find("`hf download acme/tiny`"), std::string::npos) << text;
  }
}

TEST(ParseReferenceArgument, OtherMistakesHaveNoCommand) { EXPECT_EQ(MendFor("tiny"), ""); }

const KnownNames& Known() {
  static const auto* known = new KnownNames{.versions = {"v2", "v1", "step-1000"}, .tags = {"latest", "stable"}};
  return *known;
}

TEST(ProbableReference, AVersionCalledAsATag) {
  EXPECT_EQ(ProbableReference({.model = "lab/tiny", .tag = "v2"}, Known()), "lab/tiny@v2");
}

TEST(ProbableReference, ATagCalledAsAVersion) {
  EXPECT_EQ(ProbableReference({.registry = "h.example", .model = "lab/tiny", .version = "latest"}, Known()),
            "h.example/lab/tiny:latest");
}

TEST(ProbableReference, TheNearestOfItsOwnSort) {
  EXPECT_EQ(ProbableReference({.model = "lab/tiny", .version = "step-100"}, Known()), "lab/tiny@step-1000");
  EXPECT_EQ(ProbableReference({.model = "lab/tiny", .tag = "latets"}, Known()), "lab/tiny:latest");
}

TEST(ProbableReference, NothingNearIsNothing) {
  EXPECT_EQ(ProbableReference({.model = "lab/tiny", .version = "quantised"}, Known()), "");
  EXPECT_EQ(ProbableReference({.model = "lab/tiny"}, Known()), "");
}

}  // namespace
}  // namespace plumb::cli
