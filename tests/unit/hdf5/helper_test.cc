#include <gmock/gmock.h>
#include <sys/wait.h>

#include <algorithm>
#include <cerrno>
#include <set>
#include <thread>

#include "plumb/base/status.h"
#include "plumb/hdf5/hdf5_file.h"

namespace plumb {
namespace {

using testing::HasSubstr;

std::shared_ptr<const ByteSource> Data(const std::string& name) {
  return MemoryByteSource(ReadFile(std::string(PLUMB_TEST_DATA) + "/hdf5/" + name, 1 << 20).value());
}

absl::Status ReadWith(const std::string& way, const ByteSource& bytes, double seconds_max = 30) {
  absl::Status status = ReadHdf5(bytes, {.helper = {PLUMB_WRONG_HELPER, way}, .seconds_max = seconds_max}).status();
  // Nothing is left of the program.
  EXPECT_TRUE(waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD) << way;
  return status;
}

TEST(HelperTest, WhateverTheProgramDoesEndsInAnError) {
  auto bytes = MemoryByteSource(std::string(1 << 20, 'x'));
  const std::pair<const char*, const char*> kWays[] = {
      {"exit", "it ended too early, with exit code 7"},
      {"close", "it was ended by signal 9"},
      {"crash", "it was ended by signal 11 (Segmentation fault)"},
      {"no-root", "talks nonsense: no root group"},
      {"long-frame", "talks nonsense: a frame of 4294967295 bytes"},
      {"unknown-frame", "talks nonsense: a frame of kind 63"},
      {"read-far", "it asks for what is not in the file"},
      {"read-forever", "wants to read the whole file more than 16 times"},
      {"groups-forever", "more than 250000 groups and datasets"},
      {"texts-forever", "its description has more than 67108864 bytes"},
      {"refuse", "because ?[31m of this"},
  };
  for (const auto& [way, error] : kWays) {
    SCOPED_TRACE(way);
    absl::Status status = ReadWith(way, *bytes);
    EXPECT_EQ(ErrorClassOf(status), ErrorClass::kPolicy) << status;
    EXPECT_THAT(std::string(Message(status)), HasSubstr(error));
  }
  EXPECT_THAT(std::string(Message(ReadWith("read-outside", *MemoryByteSource("four")))),
              HasSubstr("it asks for what is not in the file"));
}

TEST(HelperTest, ItsTimeIsLimited) {
  auto bytes = MemoryByteSource(std::string(1 << 20, 'x'));
  for (const char* way : {"mute", "hang", "read-and-not-take"}) {
    absl::Status status = ReadWith(way, *bytes, 0.2);
    EXPECT_THAT(std::string(Message(status)), HasSubstr("its time is up")) << way;
    EXPECT_EQ(ErrorClassOf(status), ErrorClass::kPolicy);
  }
}

TEST(HelperTest, AnEndlessLoopInLibhdf5IsEnded) {
  absl::Status status = ReadHdf5(*Data("endless.h5"), {.helper = {}, .seconds_max = 1}).status();
  EXPECT_EQ(ErrorClassOf(status), ErrorClass::kPolicy);
  // A later libhdf5 may find out by itself.
  EXPECT_THAT(std::string(Message(status)), testing::AnyOf(HasSubstr("its time is up"), HasSubstr("libhdf5: ")));
}

TEST(HelperTest, AnotherProgramIsNotBlamedOnTheFile) {
  auto bytes = MemoryByteSource("x");
  for (const char* way : {"other-version", "no-hello"}) {
    absl::Status status = ReadWith(way, *bytes);
    EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  }
  EXPECT_THAT(std::string(Message(ReadWith("other-version", *bytes))), HasSubstr("it speaks protocol 99, expected 1"));
  absl::Status status = ReadHdf5(*bytes, {.helper = {"/none/at-all"}}).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_THAT(std::string(Message(status)), HasSubstr("start /none/at-all: No such file"));
}

// Notes where it is read.
class WatchedSource : public ByteSource {
 public:
  explicit WatchedSource(std::string bytes) : bytes_(MemoryByteSource(std::move(bytes))) {}
  uint64_t Size() const override { return bytes_->Size(); }
  absl::Status Read(uint64_t offset, std::span<uint8_t> out) const override {
    reads_.emplace_back(offset, offset + out.size());
    return bytes_->Read(offset, out);
  }
  bool Touched(uint64_t begin, uint64_t end) const {
    return std::any_of(reads_.begin(), reads_.end(),
                       [&](const auto& read) { return read.first < end && begin < read.second; });
  }

 private:
  std::shared_ptr<const ByteSource> bytes_;
  mutable std::vector<std::pair<uint64_t, uint64_t>> reads_;
};

// A registry's file is fetched where it is read: beside a header lies a tensor.
TEST(HelperTest, NoByteOfATensorIsRead) {
  size_t looked_at = 0;
  for (const char* name : {"hdf5/small.h5", "hdf5/small-latest.h5", "keras/model.h5", "keras/earliest.h5",
                           "keras/newest.h5", "keras/model.weights.h5"}) {
    SCOPED_TRACE(name);
    WatchedSource source(ReadFile(std::string(PLUMB_TEST_DATA) + "/" + name, 1 << 20).value());
    absl::StatusOr<Hdf5File> file = ReadHdf5(source);
    ASSERT_TRUE(file.ok()) << file.status();
    for (const Hdf5Dataset& dataset : file->datasets) {
      if (dataset.layout != Hdf5Dataset::Layout::kContiguous) continue;
      uint64_t elements = 1;
      for (uint64_t size : dataset.shape) elements *= size;
      const uint64_t end = dataset.begin + elements * BlockOf(dataset.dtype).bytes;
      EXPECT_FALSE(source.Touched(dataset.begin, end)) << dataset.path;
      looked_at += elements > 0 ? 1 : 0;
    }
  }
  EXPECT_GT(looked_at, 40u);
}

// Fails at the third read, as a network does, or when the person asks to stop.
class FailingSource : public ByteSource {
 public:
  explicit FailingSource(std::shared_ptr<const ByteSource> bytes) : bytes_(std::move(bytes)) {}
  uint64_t Size() const override { return bytes_->Size(); }
  absl::Status Read(uint64_t offset, std::span<uint8_t> out) const override {
    return ++reads_ < 3 ? bytes_->Read(offset, out) : absl::CancelledError("enough");
  }

 private:
  std::shared_ptr<const ByteSource> bytes_;
  mutable int reads_ = 0;
};

TEST(HelperTest, AnErrorOfTheSourceIsTheError) {
  absl::Status status = ReadHdf5(FailingSource(Data("small.h5"))).status();
  EXPECT_TRUE(absl::IsCancelled(status)) << status;
  EXPECT_TRUE(waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD);
}

// Counts what is read.
class CountingSource : public ByteSource {
 public:
  explicit CountingSource(std::shared_ptr<const ByteSource> bytes) : bytes_(std::move(bytes)) {}
  uint64_t Size() const override { return bytes_->Size(); }
  absl::Status Read(uint64_t offset, std::span<uint8_t> out) const override {
    for (size_t i = 0; i < out.size(); ++i) seen_.insert(offset + i);
    return bytes_->Read(offset, out);
  }
  const std::set<uint64_t>& seen() const { return seen_; }

 private:
  std::shared_ptr<const ByteSource> bytes_;
  mutable std::set<uint64_t> seen_;
};

TEST(HelperTest, DataAreNotReadToDescribeThem) {
  CountingSource source(Data("wide.h5"));
  absl::StatusOr<Hdf5File> file = ReadHdf5(source);
  ASSERT_TRUE(file.ok()) << file.status();
  ASSERT_EQ(file->datasets.size(), 2u);
  EXPECT_EQ(file->datasets[0].path, "c");
  ASSERT_EQ(file->datasets[0].chunks.size(), 2u);
  // libhdf5 reads a little more than it asks for: the middle tells.
  for (const Hdf5Chunk& chunk : file->datasets[0].chunks) EXPECT_FALSE(source.seen().contains(chunk.begin + 2048));
  EXPECT_EQ(file->datasets[1].path, "x");
  EXPECT_FALSE(source.seen().contains(file->datasets[1].begin + 8192));
  EXPECT_LT(source.seen().size(), 8192u);
}

TEST(HelperTest, ThreadsReadAtOnce) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([] {
      for (int j = 0; j < 5; ++j) {
        absl::StatusOr<Hdf5File> file = ReadHdf5(*Data("small.h5"));
        EXPECT_TRUE(file.ok()) << file.status();
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_TRUE(waitpid(-1, nullptr, WNOHANG) == -1 && errno == ECHILD);
}

}  // namespace
}  // namespace plumb
