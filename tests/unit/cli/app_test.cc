#include "client/cli/app.h"

#include <stdlib.h>

#include <filesystem>
#include <map>
#include <sstream>
#include <string>

#include "client/cli/help.h"
#include "client/cli/json.h"
#include "client/cli/text.h"
#include "gtest/gtest.h"

namespace plumb::cli {
namespace {

struct Outcome {
  int code = 0;
  std::string out;
  std::string err;
};

class AppTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/plumb-app-XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    home_ = pattern;
    variables_["HOME"] = home_;
    // Nothing listens there; a command that gets so far ends with 5.
    variables_["PLUMB_REGISTRY"] = "127.0.0.1:1";
  }
  void TearDown() override { std::filesystem::remove_all(home_); }

  Outcome Plumb(const std::vector<std::string>& arguments, const std::string& input = "") {
    std::istringstream in(input);
    std::ostringstream out;
    std::ostringstream err;
    Environment environment;
    environment.variable = [this](const std::string& name) -> std::optional<std::string> {
      auto found = variables_.find(name);
      if (found == variables_.end()) return std::nullopt;
      return found->second;
    };
    environment.in = &in;
    environment.out = &out;
    environment.err = &err;
    environment.width = [this] { return width_; };
    int code = RunApp(arguments, environment);
    return {code, out.str(), err.str()};
  }

  std::map<std::string, std::string> variables_;
  std::string home_;
  size_t width_ = 80;
};

class HelpWidthTest : public AppTest, public testing::WithParamInterface<size_t> {};

TEST_P(HelpWidthTest, NoLineIsWider) {
  width_ = GetParam();
  GlobalFlags flags;
  Action action;
  std::vector<std::string> names = CommandNames(*MakeApp(&flags, &action));
  names.push_back("help");
  for (const std::string& name : names) {
    std::istringstream lines(Plumb({name, "--help"}).out);
    for (std::string line; std::getline(lines, line);)
      EXPECT_LE(DisplayWidth(line), GetParam()) << name << ": " << line;
  }
}

INSTANTIATE_TEST_SUITE_P(Widths, HelpWidthTest, testing::Values(60, 80, 120));

TEST_F(AppTest, HelpBeginsItsTextInASaneColumn) {
  const std::string help = Plumb({"publish", "--help"}).out;
  const size_t at = help.find("--json");
  ASSERT_NE(at, std::string::npos);
  EXPECT_LE(help.find("Print the result", at) - help.rfind('\n', at), 28u) << help;
}

TEST_F(AppTest, AlonePrintsTheOverview) {
  Outcome run = Plumb({});
  EXPECT_EQ(run.code, 0);
  EXPECT_NE(run.out.find("publish, push"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("PLUMB_REGISTRY"), std::string::npos);
  EXPECT_EQ(run.err, "");
}

TEST_F(AppTest, EveryCommandHasHelpWithItsUsage) {
  GlobalFlags flags;
  Action action;
  for (const std::string& name : CommandNames(*MakeApp(&flags, &action))) {
    Outcome run = Plumb({name, "--help"});
    EXPECT_EQ(run.code, 0) << name;
    EXPECT_NE(run.out.find("Usage: plumb "), std::string::npos) << run.out;
    EXPECT_NE(run.out.find("Examples:\n"), std::string::npos) << run.out;
    EXPECT_NE(run.out.find("Environment:\n"), std::string::npos) << run.out;
    EXPECT_NE(run.out.find("--json"), std::string::npos) << run.out;
  }
}

TEST_F(AppTest, HasEveryCommandOfTheDesign) {
  GlobalFlags flags;
  Action action;
  std::vector<std::string> names = CommandNames(*MakeApp(&flags, &action));
  for (const char* name :
       {"login",   "publish", "push", "pull", "verify", "smoke",  "show",  "list",  "ls",      "search",    "files",
        "inspect", "convert", "tag",  "yank", "diff",   "mirror", "cache", "admin", "version", "completion"}) {
    EXPECT_NE(std::find(names.begin(), names.end(), name), names.end()) << name;
  }
}

TEST_F(AppTest, HelpIsACommandToo) { EXPECT_EQ(Plumb({"help", "pull"}).out, Plumb({"pull", "--help"}).out); }

TEST_F(AppTest, HelpOfANestedCommand) {
  Outcome run = Plumb({"admin", "token", "create", "--help"});
  EXPECT_NE(run.out.find("Usage: plumb admin token create [flags] NAME"), std::string::npos) << run.out;
}

TEST_F(AppTest, UsageNamesTheArguments) {
  EXPECT_NE(Plumb({"pull", "-h"}).out.find("Usage: plumb pull [flags] REF [DIR]"), std::string::npos);
}

TEST_F(AppTest, UnknownCommandSuggestsTheNearest) {
  Outcome run = Plumb({"pubilsh", "a/b@v1", "."});
  EXPECT_EQ(run.code, 2);
  EXPECT_EQ(run.out, "");
  EXPECT_NE(run.err.find("Error: unknown command \"pubilsh\"; did you mean publish?\nUsage: plumb "), std::string::npos)
      << run.err;
}

TEST_F(AppTest, UnknownFlagSuggestsTheNearest) {
  Outcome run = Plumb({"pull", "a/b", "--inclde", "x"});
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.err.find("unknown flag \"--inclde\"; did you mean --include?"), std::string::npos) << run.err;
}

TEST_F(AppTest, UnknownGlobalFlagSuggestsTheNearest) {
  EXPECT_NE(Plumb({"list", "--jsn"}).err.find("did you mean --json?"), std::string::npos);
}

TEST_F(AppTest, UnknownNestedCommandSuggestsTheNearest) {
  Outcome run = Plumb({"admin", "stat"});
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.err.find("did you mean stats?"), std::string::npos) << run.err;
}

TEST_F(AppTest, MissingNestedCommandNamesThem) {
  Outcome run = Plumb({"mirror"});
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.err.find("sync"), std::string::npos) << run.err;
}

TEST_F(AppTest, MissingArgumentShowsTheUsage) {
  Outcome run = Plumb({"pull"});
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.err.find("REF is required"), std::string::npos) << run.err;
  EXPECT_NE(run.err.find("Usage: plumb pull [flags] REF [DIR]"), std::string::npos) << run.err;
}

TEST_F(AppTest, OneArgumentTooMany) {
  Outcome run = Plumb({"verify", "a", "b"});
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.err.find("one argument too many"), std::string::npos) << run.err;
}

TEST_F(AppTest, ANumberThatIsNone) { EXPECT_EQ(Plumb({"publish", "a/b@v1", ".", "--step", "many"}).code, 2); }

TEST_F(AppTest, AnArgumentMayBeACommandsName) {
  Outcome run = Plumb({"search", "list", "cache"});
  EXPECT_EQ(run.code, 5) << run.err;
}

TEST_F(AppTest, AFolderMayHaveACommandsName) {
  std::filesystem::current_path(home_);
  EXPECT_EQ(Plumb({"pull", "a/b@v1", "cache"}).code, 5);
}

TEST_F(AppTest, IncludeTakesOneValueEach) {
  Outcome run = Plumb({"pull", "--include", "x", "--include", "y", "a/b", home_ + "/out"});
  EXPECT_EQ(run.code, 5) << run.err;
}

TEST_F(AppTest, GlobalFlagsMayStandBeforeTheCommand) { EXPECT_EQ(Plumb({"--json", "version"}).out.front(), '{'); }

TEST_F(AppTest, GlobalFlagsMayStandAfterTheCommand) { EXPECT_EQ(Plumb({"version", "--json"}).out.front(), '{'); }

TEST_F(AppTest, BadReferenceIsWrongUsage) {
  Outcome run = Plumb({"pull", "not-a-reference"});
  EXPECT_EQ(run.code, 2);
  EXPECT_TRUE(run.err.starts_with("Error: ")) << run.err;
}

TEST_F(AppTest, PublishNeedsAVersion) {
  Outcome run = Plumb({"publish", "a/b", "."});
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.err.find("namespace/name@version"), std::string::npos) << run.err;
}

TEST_F(AppTest, PublishNamesTheKinds) {
  Outcome run = Plumb({"publish", "a/b@v1", ".", "--kind", "wieghts"});
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.err.find("checkpoint, adapter"), std::string::npos) << run.err;
}

TEST_F(AppTest, YankNeedsAReason) { EXPECT_EQ(Plumb({"yank", "a/b@v1"}).code, 2); }

TEST_F(AppTest, YankNeedsARelease) { EXPECT_EQ(Plumb({"yank", "a/b", "--reason", "x"}).code, 2); }

TEST_F(AppTest, PruneSaysWhatItWouldTake) { EXPECT_EQ(Plumb({"cache", "prune"}).code, 2); }

TEST_F(AppTest, CheckpointsNeedAModel) { EXPECT_EQ(Plumb({"list", "--checkpoints"}).code, 2); }

TEST_F(AppTest, MirrorRefusesItself) { EXPECT_EQ(Plumb({"mirror", "sync", "localhost:1"}).code, 2); }

TEST_F(AppTest, AnUnreachableRegistryIsFiveAndSaysHowToStartOne) {
  Outcome run = Plumb({"list"});
  EXPECT_EQ(run.code, 5);
  EXPECT_EQ(run.out, "");
  EXPECT_NE(run.err.find("plumbd --data"), std::string::npos) << run.err;
}

TEST_F(AppTest, ErrorsAreJsonWhenAsked) {
  Outcome run = Plumb({"pull", "not-a-reference", "--json"});
  Json json = Json::parse(run.err, nullptr, false);
  ASSERT_FALSE(json.is_discarded()) << run.err;
  EXPECT_EQ(json["code"], 2);
  EXPECT_TRUE(json["error"].is_string());
  EXPECT_EQ(json["detail"]["status"], "INVALID_ARGUMENT");
  EXPECT_EQ(run.out, "");
}

TEST_F(AppTest, UsageErrorsAreJsonWhenAsked) {
  Json json = Json::parse(Plumb({"pull", "--json", "--nonsense"}).err, nullptr, false);
  ASSERT_FALSE(json.is_discarded());
  EXPECT_EQ(json["code"], 2);
}

TEST_F(AppTest, VerifyOfAFolderThatIsNoneIsNotFound) { EXPECT_EQ(Plumb({"verify", home_ + "/missing"}).code, 3); }

TEST_F(AppTest, ShowOfAFolderThatWasNotPulledSaysHowToPull) {
  Outcome run = Plumb({"show", home_});
  EXPECT_EQ(run.code, 3);
  EXPECT_NE(run.err.find("Try: plumb pull REF " + home_), std::string::npos) << run.err;
}

TEST_F(AppTest, LoginWithoutATokenIsWrongUsage) { EXPECT_EQ(Plumb({"login"}, "\n").code, 2); }

TEST_F(AppTest, LoginDoesNotKeepATokenItCouldNotCheck) {
  EXPECT_EQ(Plumb({"login"}, "secret\n").code, 5);
  EXPECT_FALSE(std::filesystem::exists(home_ + "/.config/plumb/credentials.json"));
}

TEST_F(AppTest, CachePathNeedsNoServerAndNoCache) {
  variables_["PLUMB_CACHE"] = "/somewhere/else";
  EXPECT_EQ(Plumb({"cache", "path"}).out, "/somewhere/else\n");
}

TEST_F(AppTest, CacheAloneShowsIt) {
  Outcome run = Plumb({"cache", "--json"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(Json::parse(run.out)["files"], 0);
}

TEST_F(AppTest, VersionNamesTheProtocol) {
  EXPECT_EQ(Json::parse(Plumb({"version", "--json"}).out)["protocol"], "plumb.v1");
}

TEST_F(AppTest, CompletionPrintsEachScript) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    EXPECT_NE(Plumb({"completion", shell}).out.find("__complete"), std::string::npos) << shell;
  }
  EXPECT_EQ(Plumb({"completion", "tcsh"}).code, 2);
}

TEST_F(AppTest, AWrongConfigurationIsWrongUsage) {
  variables_["PLUMB_TLS"] = "maybe";
  EXPECT_EQ(Plumb({"list"}).code, 2);
}

TEST_F(AppTest, DiffComparesModelsOfTwoFormats) {
  const std::string data = PLUMB_TEST_DATA;
  Outcome run = Plumb({"diff", data + "/twins/llama-q8_0.safetensors", data + "/gguf-models/llama-q8_0.gguf"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_NE(run.out.find("the same model: 7 tensors equal, 14 quantised to Q8_0"), std::string::npos) << run.out;
  EXPECT_NE(run.out.find("blk.*.attn_q.weight"), std::string::npos);
  EXPECT_EQ(run.err, "");
  run = Plumb({"diff", data + "/twins/gpt2.gguf", data + "/gguf-models/llama-q8_0.gguf", "--json"});
  EXPECT_EQ(run.code, 0);
  EXPECT_EQ(Json::parse(run.out)["verdict"], "differs");
  run = Plumb({"diff", data + "/twins", data + "/twins/gpt2.gguf"});
  EXPECT_EQ(run.code, 2);
  EXPECT_NE(run.err.find(" models, name the file of one: bert"), std::string::npos) << run.err;
  run = Plumb({"diff", data + "/cards", data + "/twins/gpt2.gguf"});
  EXPECT_EQ(run.code, 3);
}

TEST_F(AppTest, WhatConvertWritesIsTheSameModel) {
  const std::string source = std::string(PLUMB_TEST_DATA) + "/twins/llama-q8_0.safetensors";
  const std::string gguf = std::string(PLUMB_TEST_DATA) + "/gguf-models/llama-q8_0.gguf";
  const std::pair<const char*, const char*> cases[] = {
      {"a.npz", ""},      {"a.pth", ""},      {"a.gguf", ""},
      {"b.gguf", "f16"},  {"c.gguf", "bf16"}, {"d.safetensors", "f16"},
      {"e.gguf", "q8_0"}, {"f.gguf", "q4_0"},
  };
  for (const auto& [name, dtype] : cases) {
    const std::string path = home_ + "/" + name;
    std::vector<std::string> arguments = {"convert", source, path};
    if (*dtype != '\0') arguments.insert(arguments.end(), {"--dtype", dtype});
    ASSERT_EQ(Plumb(arguments).code, 0) << name;
    const Json found = Json::parse(Plumb({"diff", source, path, "--json"}).out);
    EXPECT_EQ(found["verdict"], "same") << name << found["summary"];
    for (const Json& pair : found["pairs"]) {
      const std::string finding = pair["finding"];
      EXPECT_TRUE(finding == "equal" || finding == "rounded" || finding == "quantised") << name << ": " << finding;
    }
  }
  // Key-values that a safetensors file holds as texts still say how rows are stored.
  ASSERT_EQ(Plumb({"convert", gguf, home_ + "/g.safetensors", "--dtype", "f32"}).code, 0);
  EXPECT_EQ(Json::parse(Plumb({"diff", home_ + "/g.safetensors", gguf, "--json"}).out)["verdict"], "same");
}

}  // namespace
}  // namespace plumb::cli
