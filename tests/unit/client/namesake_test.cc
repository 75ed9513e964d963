// Names that are a version and a tag.
#include <gtest/gtest.h>

#include "plumb/client/catalogue.h"

namespace plumb {
namespace {

v1::Release Release(const std::string& version, const std::string& namesake) {
  v1::Release release;
  release.set_model("lab/m");
  release.set_version(version);
  release.set_namesake(namesake);
  return release;
}

TEST(NamesakeWarning, SaysWhatBothReadingsMean) {
  EXPECT_EQ(NamesakeWarning({.model = "lab/m", .tag = "v1"}, Release("v2", "v1")),
            "v1 is a version of lab/m and a tag of it: lab/m:v1 is version v2, lab/m@v1 is version v1");
  EXPECT_EQ(NamesakeWarning({.model = "lab/m", .version = "v1"}, Release("v1", "v2")),
            "v1 is a version of lab/m and a tag of it: lab/m@v1 is version v1, lab/m:v1 is version v2");
}

TEST(NamesakeWarning, IsSilentWhereThereIsOneReading) {
  EXPECT_EQ(NamesakeWarning({.model = "lab/m", .version = "v1"}, Release("v1", "")), "");
}

}  // namespace
}  // namespace plumb
