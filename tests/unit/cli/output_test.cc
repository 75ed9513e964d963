#include "client/cli/output.h"

#include <sstream>
#include <string>

#include "client/cli/text.h"
#include "gtest/gtest.h"
#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

class OutputTest : public testing::Test {
 protected:
  void SetUp() override {
    environment_.out = &out_;
    environment_.err = &err_;
    environment_.width = [] { return size_t{40}; };
    environment_.seconds = [this] { return now_; };
  }
  void OnATerminal() { environment_.out_is_terminal = environment_.err_is_terminal = true; }
  // Reports for eight seconds.
  void Work(Output* output) {
    for (uint64_t i = 0; i < 16; ++i, now_ += 0.5) {
      output->ShowProgress({.phase = "pull", .item = "model.gguf", .done_bytes = i << 20, .total_bytes = 32 << 20});
    }
  }

  std::ostringstream out_;
  std::ostringstream err_;
  double now_ = 100;
  Environment environment_;
};

TEST_F(OutputTest, OnATerminalTheBarIsDrawnAgain) {
  OnATerminal();
  Output output(environment_, /*json=*/false, /*quiet=*/false, /*no_color=*/false);
  Work(&output);
  EXPECT_NE(err_.str().find('\r'), std::string::npos);
  EXPECT_NE(err_.str().find("[="), std::string::npos) << err_.str();
}

TEST_F(OutputTest, ADumbTerminalGetsPlainLinesWithoutColours) {
  OnATerminal();
  environment_.is_dumb = true;
  Output output(environment_, false, false, false);
  Work(&output);
  output.Warn("careful");
  output.PrintText("done", Colour::kGreen);
  output.PrintError(NotFound("gone"), "");
  EXPECT_EQ((err_.str() + out_.str()).find_first_of("\r\x1b"), std::string::npos) << err_.str();
  EXPECT_EQ(err_.str().find("pull model.gguf: 31%"), 0u) << err_.str();
}

TEST_F(OutputTest, ALogGetsPlainLinesToo) {
  Output output(environment_, false, false, false);
  Work(&output);
  EXPECT_EQ(err_.str().find("pull model.gguf: 31%"), 0u) << err_.str();
}

TEST_F(OutputTest, WithQuietOrJsonNothingIsSaidOfProgress) {
  for (bool json : {false, true}) {
    Output output(environment_, json, !json, false);
    Work(&output);
  }
  EXPECT_EQ(err_.str(), "");
}

TEST_F(OutputTest, WrapsAtWordsOnATerminalOnly) {
  const std::string text = "a sentence that is a little longer than the forty columns";
  Output piped(environment_, false, false, false);
  piped.PrintText(text);
  EXPECT_EQ(out_.str(), text + "\n");
  out_.str("");
  OnATerminal();
  Output output(environment_, false, false, false);
  output.PrintText(text);
  output.PrintVerbatim(text);
  EXPECT_EQ(out_.str(), "a sentence that is a little longer than\n  the forty columns\n" + text + "\n");
}

TEST_F(OutputTest, WarningsAndErrorsFitATerminal) {
  OnATerminal();
  Output output(environment_, false, false, /*no_color=*/true);
  output.Warn("the release that you asked for was yanked by its publisher");
  output.PrintError(NotFound("the registry that you asked has no model of that name"), "");
  std::istringstream lines(err_.str());
  for (std::string line; std::getline(lines, line);) EXPECT_LE(DisplayWidth(line), 40u) << line;
}

TEST_F(OutputTest, AnErrorAsJsonIsOneLine) {
  OnATerminal();
  Output output(environment_, /*json=*/true, false, false);
  output.PrintError(NotFound("two\nlines"), "");
  EXPECT_EQ(err_.str().find('\n'), err_.str().size() - 1);
}

}  // namespace
}  // namespace plumb::cli
