#include "client/cli/progress_bar.h"

#include <algorithm>
#include <sstream>
#include <string>

#include "client/cli/text.h"
#include "gtest/gtest.h"

namespace plumb::cli {
namespace {

constexpr uint64_t kMiB = 1 << 20;

Progress Halfway() {
  return {.phase = "upload", .item = "weights/model.safetensors", .done_bytes = 50 * kMiB, .total_bytes = 100 * kMiB};
}

TEST(RenderProgress, ShowsEverythingOnAWideTerminal) {
  EXPECT_EQ(
      RenderProgress(Halfway(), 10 * kMiB, 120),
      "upload  weights/model.safetensors  [==============>             ]   50%  50.0 MiB / 100.0 MiB  10.0 MiB/s  "
      "ETA 0:05");
}

TEST(RenderProgress, MakesTheBarSmallerFirst) {
  EXPECT_EQ(RenderProgress(Halfway(), 10 * kMiB, 100),
            "upload  weights/model.safetensors  [======>      ]   50%  50.0 MiB / 100.0 MiB  10.0 MiB/s  ETA 0:05");
}

TEST(RenderProgress, ShortensTheItemNext) {
  EXPECT_EQ(RenderProgress(Halfway(), 10 * kMiB, 90),
            "upload  weight…l.safetensors  [====>   ]   50%  50.0 MiB / 100.0 MiB  10.0 MiB/s  ETA 0:05");
}

TEST(RenderProgress, KeepsTheBarWhateverGoes) {
  EXPECT_EQ(RenderProgress(Halfway(), 10 * kMiB, 79),
            "upload  [=========>         ]   50%  50.0 MiB / 100.0 MiB  10.0 MiB/s  ETA 0:05");
  EXPECT_EQ(RenderProgress(Halfway(), 10 * kMiB, 59), "upload  [==========>          ]   50%  10.0 MiB/s  ETA 0:05");
  EXPECT_EQ(RenderProgress(Halfway(), 10 * kMiB, 40), "upload  [=======>      ]   50%  ETA 0:05");
  EXPECT_EQ(RenderProgress(Halfway(), 10 * kMiB, 24), "upload  [====>   ]   50%");
  EXPECT_EQ(RenderProgress(Halfway(), 10 * kMiB, 18), "upload  [====>   ]");
}

class ProgressWidthTest : public testing::TestWithParam<size_t> {};

TEST_P(ProgressWidthTest, Fits) {
  for (uint64_t done : {uint64_t{0}, kMiB, 100 * kMiB, 200 * kMiB}) {
    for (double rate : {0.0, 1.0, 1e12}) {
      Progress progress = Halfway();
      progress.done_bytes = done;
      EXPECT_LE(DisplayWidth(RenderProgress(progress, rate, GetParam())), GetParam());
      progress.total_bytes = 0;
      EXPECT_LE(DisplayWidth(RenderProgress(progress, rate, GetParam())), GetParam());
      progress.item = "模型/权重.safetensors";
      EXPECT_LE(DisplayWidth(RenderProgress(progress, rate, GetParam())), GetParam());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Widths, ProgressWidthTest, testing::Range<size_t>(1, 140, 7));

TEST(RenderProgress, WithoutATotalSomethingMovesAllTheSame) {
  Progress progress = Halfway();
  progress.total_bytes = 0;
  EXPECT_EQ(RenderProgress(progress, 0, 57, 0), "upload  weights/model.safetensors  [====      ]  50.0 MiB");
  EXPECT_EQ(RenderProgress(progress, 0, 57, 2), "upload  weights/model.safetensors  [  ====    ]  50.0 MiB");
  EXPECT_EQ(RenderProgress(progress, 0, 57, 7), "upload  weights/model.safetensors  [     ==== ]  50.0 MiB");
}

TEST(RenderProgress, WithoutAnItem) {
  Progress progress = Halfway();
  progress.item = "";
  EXPECT_EQ(RenderProgress(progress, 0, 50), "upload  [======>     ]   50%  50.0 MiB / 100.0 MiB");
}

TEST(RenderProgress, IsNotDoneBeforeItIs) {
  Progress progress = Halfway();
  progress.done_bytes = 100 * kMiB - 1;
  EXPECT_NE(RenderProgress(progress, 0, 100).find(" 99%"), std::string::npos);
}

TEST(ProgressLine, SaysAllInOneLine) {
  EXPECT_EQ(ProgressLine(Halfway(), 10 * kMiB),
            "upload weights/model.safetensors: 50%, 50.0 MiB / 100.0 MiB, 10.0 MiB/s, ETA 0:05");
}

TEST(ProgressLine, OfNothingKnownIsThePhase) { EXPECT_EQ(ProgressLine({.phase = "smoke"}, 0), "smoke"); }

TEST(ProgressLog, WritesAPlainLineAfterFiveSecondsAndThenEveryTen) {
  std::ostringstream out;
  double now = 100;
  ProgressLog log(&out, [&] { return now; });
  for (; now <= 130; now += 0.5) log.Update(Halfway());
  const std::string text = out.str();
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 3) << text;  // At 105, 115, 125.
  EXPECT_EQ(text.find_first_of("\r\x1b"), std::string::npos);
}

TEST(ProgressLog, ShortWorkSaysNothing) {
  std::ostringstream out;
  double now = 100;
  ProgressLog log(&out, [&] { return now; });
  for (; now < 105; now += 0.5) log.Update(Halfway());
  EXPECT_EQ(out.str(), "");
}

TEST(RenderProgress, NeverShowsMoreThanAll) {
  Progress progress = Halfway();
  progress.done_bytes = 300 * kMiB;
  EXPECT_NE(RenderProgress(progress, 0, 100).find("100%"), std::string::npos);
}

TEST(RenderProgress, SanitisesTheItem) {
  Progress progress = Halfway();
  progress.item = "a\x1b[2Jb";
  EXPECT_EQ(RenderProgress(progress, 0, 200).find('\x1b'), std::string::npos);
}

class ProgressBarTest : public testing::Test {
 protected:
  size_t Redraws() const {
    std::string text = out_.str();
    return static_cast<size_t>(std::count(text.begin(), text.end(), '\r'));
  }

  std::ostringstream out_;
  double now_ = 100;
  ProgressBar bar_{&out_, [this] { return now_; }, [] { return size_t{80}; }};
};

TEST_F(ProgressBarTest, RedrawsAtMostTenTimesASecond) {
  for (int i = 0; i < 1000; ++i) {
    bar_.Update(Halfway());
    now_ += 0.001;
  }
  EXPECT_LE(Redraws(), 10u);
  EXPECT_GE(Redraws(), 9u);
}

TEST_F(ProgressBarTest, LeavesTheLastColumnFree) {
  bar_.Update(Halfway());
  std::string line = out_.str();
  line = line.substr(1, line.find('\x1b') - 1);
  EXPECT_LE(DisplayWidth(line), 79u);
}

TEST_F(ProgressBarTest, ClearTakesTheLineAway) {
  bar_.Update(Halfway());
  bar_.Clear();
  EXPECT_TRUE(out_.str().ends_with("\r\x1b[K"));
}

TEST_F(ProgressBarTest, ClearWithoutALineDoesNothing) {
  bar_.Clear();
  EXPECT_EQ(out_.str(), "");
}

TEST_F(ProgressBarTest, DrawsAtOnceAfterClear) {
  bar_.Update(Halfway());
  bar_.Clear();
  bar_.Update(Halfway());
  EXPECT_EQ(Redraws(), 3u);
}

TEST_F(ProgressBarTest, MeasuresTheRate) {
  Progress progress = Halfway();
  progress.done_bytes = 0;
  bar_.Update(progress);
  now_ += 1;
  progress.done_bytes = 8 * kMiB;
  bar_.Update(progress);
  EXPECT_NE(out_.str().find("8.0 MiB/s"), std::string::npos) << out_.str();
}

TEST_F(ProgressBarTest, ANewPhaseHasNoRateYet) {
  Progress progress = Halfway();
  progress.done_bytes = 0;
  bar_.Update(progress);
  now_ += 1;
  progress.done_bytes = 8 * kMiB;
  bar_.Update(progress);
  out_.str("");
  now_ += 1;
  progress.phase = "commit";
  bar_.Update(progress);
  EXPECT_EQ(out_.str().find("/s"), std::string::npos) << out_.str();
}

TEST(ProgressRate, WhatWasHereBeforeIsNoSpeed) {
  ProgressRate rate;
  rate.Update({.phase = "pull", .item = {}, .done_bytes = 0, .total_bytes = 5000}, 0);
  EXPECT_EQ(
      rate.Update({.phase = "pull", .item = {}, .done_bytes = 4000, .total_bytes = 5000, .reused_bytes = 4000}, 1), 0);
  EXPECT_EQ(
      rate.Update({.phase = "pull", .item = {}, .done_bytes = 4100, .total_bytes = 5000, .reused_bytes = 4000}, 2),
      100);
}

TEST(ProgressBar, SaysThatTheWorkWaitsUntilItGoesOn) {
  std::ostringstream out;
  double now = 0;
  ProgressBar bar(
      &out, [&] { return now; }, [] { return size_t{40}; });
  const Progress progress{.phase = "pull", .item = {}, .done_bytes = 1, .total_bytes = 2};
  bar.Waits("waiting up to 2:00 for 127.0.0.1:7070: Connection refused");
  EXPECT_NE(out.str().find("waiting up to 2:00 for 127.0.0.1:7070"), std::string::npos);
  EXPECT_EQ(out.str().find("refused"), std::string::npos);
  out.str("");
  now = 1;
  bar.Update(progress);
  EXPECT_NE(out.str().find("waiting"), std::string::npos);
  out.str("");
  bar.Waits("");
  now = 2;
  bar.Update(progress);
  EXPECT_NE(out.str().find("pull"), std::string::npos);
}

}  // namespace
}  // namespace plumb::cli
