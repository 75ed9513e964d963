// The malicious pickles of picklescan's tests: each is read to its end or refused, and what it imports is known.
#include <gmock/gmock.h>

#include <filesystem>
#include <map>

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/pickle/pickle.h"

namespace plumb {
namespace {

std::string ImportsOf(const std::string& path) {
  absl::StatusOr<std::string> bytes = ReadFile(path, 1 << 20);
  EXPECT_TRUE(bytes.ok()) << bytes.status();
  std::span<const uint8_t> left(reinterpret_cast<const uint8_t*>(bytes->data()), bytes->size());
  std::string imports;
  while (!left.empty()) {  // Several may follow one another.
    absl::StatusOr<Pickle> pickle = Pickle::Parse(left);
    if (!pickle.ok()) return imports + "refused";
    for (const PickleGlobal& global : pickle->globals()) imports += fmt::format("{}.{} ", global.module, global.name);
    left = left.subspan(pickle->consumed());
  }
  return imports;
}

TEST(PickleVectorsTest, WhatEachImportsIsSeen) {
  const std::string folder = std::string(PLUMB_TEST_DATA) + "/pickle/";
  std::map<std::string, std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() == ".pkl" || entry.path().extension() == ".pickle") {
      found[entry.path().filename().string()] = ImportsOf(entry.path().string());
    }
  }
  ASSERT_GE(found.size(), 33);
  for (const auto& [name, imports] : found) {
    if (name.starts_with("benign")) {
      EXPECT_EQ(imports, "") << name;
    } else {
      EXPECT_NE(imports, "") << name;
    }
  }
  EXPECT_THAT(found["malicious0.pkl"], testing::HasSubstr("__builtin__.eval"));
}

}  // namespace
}  // namespace plumb
