#include "client/cli/model_table.h"

#include "gtest/gtest.h"

namespace plumb::cli {
namespace {

using Fields = std::vector<std::string>;

v1::Model Tiny() {
  v1::Model model;
  model.set_name("lab/tiny-shakespeare");
  model.set_license("Apache-2.0");
  model.mutable_card()->set_title("Tiny Shakespeare");
  model.mutable_card()->set_pipeline("text-generation");
  model.mutable_card()->add_tags("shakespeare");
  model.add_formats("gguf");
  return model;
}

TEST(MatchedFields, NamesEachFieldThatHoldsAWord) {
  EXPECT_EQ(MatchedFields(Tiny(), {"shakespeare"}), (Fields{"name", "title", "label"}));
  EXPECT_EQ(MatchedFields(Tiny(), {"TEXT", "gguf"}), (Fields{"task", "format"}));
}

TEST(MatchedFields, OfAFieldThatIsAskedForLooksAtItsText) {
  EXPECT_EQ(MatchedFields(Tiny(), {"license:apache"}), (Fields{"licence"}));
}

TEST(MatchedFields, NothingIsNothing) {
  EXPECT_TRUE(MatchedFields(Tiny(), {"vision"}).empty());
  EXPECT_TRUE(MatchedFields(Tiny(), {}).empty());
}

}  // namespace
}  // namespace plumb::cli
