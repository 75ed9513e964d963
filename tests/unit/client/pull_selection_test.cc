#include "client/library/pull_selection.h"

#include <gmock/gmock.h>

#include "plumb/base/status.h"

namespace plumb {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class PullSelectionTest : public ::testing::Test {
 protected:
  PullSelectionTest() {
    manifest_.set_model("lab/t");
    manifest_.set_version("v1");
    for (const char* path :
         {"info.json", "model.safetensors", "text_encoder/model.fp16.safetensors", "unet/x.safetensors"}) {
      manifest_.add_files()->set_path(path);
    }
  }
  std::vector<std::string> Selected() {
    auto selected = SelectFiles(manifest_, options_, operation_);
    EXPECT_TRUE(selected.ok()) << selected.status();
    return selected.ok() ? *selected : std::vector<std::string>();
  }
  std::string Refusal() {
    absl::Status status = SelectFiles(manifest_, options_, operation_).status();
    EXPECT_TRUE(absl::IsNotFound(status)) << status;
    return std::string(Message(status));
  }

  v1::Manifest manifest_;
  PullOptions options_;
  std::vector<std::string> warnings_;
  Operation operation_{.progress = {}, .warning = [this](const std::string& text) { warnings_.push_back(text); }};
};

TEST_F(PullSelectionTest, WithoutFiltersAllAreTaken) { EXPECT_THAT(Selected(), SizeIs(4)); }

TEST_F(PullSelectionTest, GlobsOfNamesAndOfFolders) {
  options_.include = {"*.safetensors"};
  EXPECT_THAT(Selected(), SizeIs(3));
  options_.exclude = {"unet/**"};
  EXPECT_THAT(Selected(), ElementsAre("model.safetensors", "text_encoder/model.fp16.safetensors"));
  EXPECT_THAT(warnings_, IsEmpty());
}

TEST_F(PullSelectionTest, FilesByTheirPaths) {
  options_.files = {"unet/x.safetensors"};
  EXPECT_THAT(Selected(), ElementsAre("unet/x.safetensors"));
  options_.include = {"*.json"};
  EXPECT_THAT(Selected(), ElementsAre("info.json", "unet/x.safetensors"));
}

TEST_F(PullSelectionTest, ANameInBracketsIsNoGlob) {
  manifest_.add_files()->set_path("z[1].bin");
  options_.files = {"z[1].bin"};
  EXPECT_THAT(Selected(), ElementsAre("z[1].bin"));
}

TEST_F(PullSelectionTest, NoMatchSaysWhatThereIs) {
  options_.include = {"nothing*"};
  std::string refusal = Refusal();
  for (const char* path : {"\"nothing*\"", "lab/t@v1", "4 files", "info.json", "unet/x.safetensors"}) {
    EXPECT_THAT(refusal, HasSubstr(path));
  }
}

TEST_F(PullSelectionTest, NoMatchSaysWhatWasMeant) {
  for (const auto& [glob, meant] : std::vector<std::pair<std::string, std::string>>{
           {"unet", "'unet/**'"}, {"unet/", "'unet/**'"}, {"INFO.json", "did you mean info.json?"}}) {
    options_.include = {glob};
    EXPECT_THAT(Refusal(), HasSubstr(meant)) << glob;
  }
  options_.include.clear();
  options_.files = {"x.safetensors"};
  EXPECT_THAT(Refusal(), HasSubstr("did you mean unet/x.safetensors?"));
}

TEST_F(PullSelectionTest, ManyFilesAreCountedNotListed) {
  for (int i = 0; i < 500; ++i) manifest_.add_files()->set_path("part-" + std::to_string(i));
  options_.include = {"*.none"};
  EXPECT_THAT(Refusal(), HasSubstr("and 484 more"));
  EXPECT_LT(Refusal().size(), 1000u);
}

TEST_F(PullSelectionTest, AGlobWithoutMatchBesideOneWithIsWarnedOf) {
  options_.include = {"*.json", "*.pth"};
  EXPECT_THAT(Selected(), ElementsAre("info.json"));
  EXPECT_THAT(warnings_, ElementsAre(HasSubstr("\"*.pth\" matches no file")));
}

TEST_F(PullSelectionTest, ExcludingEverythingIsSaidSo) {
  options_.exclude = {"**"};
  EXPECT_THAT(Refusal(), HasSubstr("--exclude leaves nothing"));
}

}  // namespace
}  // namespace plumb
