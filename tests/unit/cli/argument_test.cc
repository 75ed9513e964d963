#include "client/cli/argument.h"

#include <sstream>
#include <string>

#include "client/cli/error_report.h"
#include "client/cli/exit_code.h"
#include "gmock/gmock.h"
#include "plumb/base/status.h"
#include "tests/unit/base/scratch_folder.h"

namespace plumb::cli {
namespace {

using testing::AllOf;
using testing::HasSubstr;

class ArgumentTest : public testing::Test {
 protected:
  void SetUp() override {
    environment_.out = &out_;
    environment_.err = &err_;
    // Nobody listens there.
    settings_.registry = "127.0.0.1:1";
  }
  absl::Status StatusOf(const std::string& argument) {
    Output output(environment_, false, false, true);
    Context context(environment_, settings_, &output);
    return FindNamedRelease(context, argument).status();
  }
  std::ostringstream out_;
  std::ostringstream err_;
  Environment environment_;
  Settings settings_;
  ScratchFolder scratch_;
};

TEST_F(ArgumentTest, WhatExistsIsAPath) {
  EXPECT_EQ(*KindOfArgument(scratch_.path()), ArgumentKind::kFolder);
  EXPECT_EQ(*KindOfArgument(scratch_.path() + "/"), ArgumentKind::kFolder);
  EXPECT_EQ(*KindOfArgument(scratch_.Write("model", "x")), ArgumentKind::kFile);
}

TEST_F(ArgumentTest, WhatCanOnlyBeAPathIsSaidToBeMissing) {
  for (const char* argument : {"a/b.gguf", "none.safetensors", "models/x/", "./x", "../x/y", "/none", "~/x", ".hidden",
                               "a/b/c.onnx", "x.pt", "m/model.safetensors.index.json", "m/pytorch_model.bin"}) {
    absl::Status status = KindOfArgument(argument).status();
    EXPECT_EQ(Message(status), std::string("no such file or directory: ") + argument);
    EXPECT_EQ(ExitCodeFor(status), kNotFound);
  }
  // So is what lies below a file.
  EXPECT_TRUE(absl::IsNotFound(KindOfArgument(scratch_.Write("f", "x") + "/model.gguf").status()));
}

TEST_F(ArgumentTest, EverythingElseIsAReference) {
  for (const char* argument : {"org/name", "org/name@v1", "org/name:latest", "localhost:7070/org/name", "name",
                               "org/llama-3.1", "org/x.gguf@v1", "org/x.gguf:latest"}) {
    auto kind = KindOfArgument(argument);
    ASSERT_TRUE(kind.ok()) << kind.status();
    EXPECT_EQ(*kind, ArgumentKind::kReference);
  }
}

TEST_F(ArgumentTest, ErrorsNameBothReadingsWhereThereAreTwo) {
  absl::Status status = StatusOf("org/name");
  EXPECT_EQ(ExitCodeFor(status), kUnreachable);
  EXPECT_THAT(
      std::string(Message(status)),
      AllOf(HasSubstr("there is no file or folder org/name; taken as a reference: "), HasSubstr("127.0.0.1:1")));
  // The advice for the registry stays.
  EXPECT_THAT(MendOf(status, "127.0.0.1:1"), HasSubstr("plumbd"));
  status = StatusOf("name");
  EXPECT_EQ(ExitCodeFor(status), kWrongUsage);
  EXPECT_THAT(std::string(Message(status)),
              AllOf(HasSubstr("there is no file or folder name;"), HasSubstr("expected namespace/name")));
  // With a version, a tag or a port it is no path.
  for (const char* argument : {"org/name@v1", "org/name:latest", "127.0.0.1:1/org/name"}) {
    EXPECT_THAT(std::string(Message(StatusOf(argument))), testing::Not(HasSubstr("file or folder")));
  }
}

TEST_F(ArgumentTest, FoldersThatAreRequired) {
  EXPECT_TRUE(RequireFolder(scratch_.path(), "publish").ok());
  EXPECT_EQ(ExitCodeFor(RequireFolder(scratch_.PathOf("none"), "publish")), kNotFound);
  absl::Status file = RequireFolder(scratch_.Write("f", "x"), "publish");
  EXPECT_EQ(ExitCodeFor(file), kWrongUsage);
  EXPECT_THAT(std::string(Message(file)), HasSubstr("`plumb publish` takes the folder"));
}

}  // namespace
}  // namespace plumb::cli
