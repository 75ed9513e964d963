#include <cstdint>
#include <random>
#include <string>

#include "gmock/gmock.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/util/message_differencer.h"
#include "gtest/gtest.h"
#include "plumb/base/status.h"
#include "plumb/document/recipe.h"

namespace plumb {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::util::MessageDifferencer;
using ::testing::HasSubstr;

v1::Recipe Minimal() {
  v1::Recipe recipe;
  recipe.set_schema_version(1);
  return recipe;
}

std::string Render(const v1::Recipe& recipe) {
  const auto text = RenderRecipe(recipe);
  EXPECT_TRUE(text.ok()) << text.status();
  return text.ok() ? *text : "";
}

void ExpectRoundTrip(const v1::Recipe& recipe) {
  const std::string text = Render(recipe);
  const auto again = ParseRecipe(text, "rendered");
  ASSERT_TRUE(again.ok()) << again.status() << "\n" << text;
  EXPECT_TRUE(MessageDifferencer::Equals(recipe, *again)) << text;
  EXPECT_EQ(Render(*again), text);
}

TEST(RenderRecipe, WritesTheDefaultOnce) {
  v1::Recipe recipe = Minimal();
  recipe.mutable_totals()->mutable_steps()->set_value(7);
  recipe.mutable_totals()->mutable_steps()->set_provenance(v1::PROVENANCE_MEASURED);
  EXPECT_EQ(Render(recipe), "schema_version: 1\nprovenance: measured\ntotals:\n  steps: 7\n");
}

TEST(RenderRecipe, WritesADeviatingProvenanceInFull) {
  v1::Recipe recipe = Minimal();
  for (auto* value : {recipe.mutable_totals()->mutable_steps(), recipe.mutable_totals()->mutable_tokens()}) {
    value->set_value(7);
    value->set_provenance(v1::PROVENANCE_PUBLISHED);
  }
  recipe.mutable_totals()->mutable_warmup_tokens()->set_value(3);
  recipe.mutable_totals()->mutable_warmup_tokens()->set_provenance(v1::PROVENANCE_DERIVED);
  EXPECT_THAT(Render(recipe), HasSubstr("  warmup_tokens: {value: 3, provenance: derived}\n"));
  ExpectRoundTrip(recipe);
}

TEST(RenderRecipe, RefusesAnInvalidMessage) { EXPECT_FALSE(RenderRecipe(v1::Recipe()).ok()); }

TEST(RenderRecipe, EmptyMessagesSurvive) {
  v1::Recipe recipe = Minimal();
  recipe.mutable_architecture();
  recipe.add_data();
  recipe.add_data()->set_name("x");
  recipe.add_metrics();
  ExpectRoundTrip(recipe);
}

TEST(RenderRecipe, AwkwardTextsSurvive) {
  for (const std::string text : {"",
                                 "unknown",
                                 "true",
                                 "null",
                                 "~",
                                 "1",
                                 "1.0",
                                 "a: b",
                                 "a #b",
                                 "- x",
                                 "{a}",
                                 "[a]",
                                 "*a",
                                 "&a",
                                 "!a",
                                 "'a'",
                                 "\"a\"",
                                 "a\\n",
                                 "a\nb",
                                 "\n",
                                 "\ta",
                                 " a ",
                                 "a ",
                                 "\u00e9\u4e2d\U0001F600",
                                 "\xEF\xBB\xBFx",
                                 "\u0085",
                                 "\u2028",
                                 "%x",
                                 "@x",
                                 "`x`",
                                 "? x",
                                 "a,b",
                                 "yes",
                                 "0x1",
                                 ".inf",
                                 "=",
                                 "<<",
                                 "---",
                                 "...",
                                 "\xEF\xBF\xBE",
                                 "key: |\n  x"}) {
    v1::Recipe recipe = Minimal();
    recipe.set_name(text);
    recipe.add_known_issues(text);
    recipe.mutable_tokenizer()->mutable_kind()->set_value(text);
    recipe.mutable_tokenizer()->mutable_kind()->set_provenance(v1::PROVENANCE_ASSUMED);
    recipe.mutable_tokenizer()->mutable_kind()->set_note(text);
    SCOPED_TRACE(text);
    ExpectRoundTrip(recipe);
  }
}

TEST(RenderRecipe, ExtremeNumbersSurvive) {
  for (const double value :
       {0.0, -0.0, 1e-308, 5e-324, 1.7976931348623157e308, 0.1, 1.0 / 3, -2.5, 1e22, 123456789.0}) {
    v1::Recipe recipe = Minimal();
    recipe.mutable_totals()->mutable_flops()->set_value(value);
    recipe.mutable_totals()->mutable_flops()->set_provenance(v1::PROVENANCE_PUBLISHED);
    const auto again = ParseRecipe(Render(recipe), "rendered");
    ASSERT_TRUE(again.ok()) << again.status();
    EXPECT_EQ(again->SerializeAsString(), recipe.SerializeAsString()) << value;
  }
  for (const int64_t value : {INT64_MIN, INT64_MAX, int64_t{0}, int64_t{-1}}) {
    v1::Recipe recipe = Minimal();
    recipe.mutable_totals()->mutable_tokens()->set_value(value);
    recipe.mutable_totals()->mutable_tokens()->set_provenance(v1::PROVENANCE_PUBLISHED);
    ExpectRoundTrip(recipe);
  }
}

// Fills messages at random within the rules of ValidateRecipe.
class RandomRecipe {
 public:
  explicit RandomRecipe(uint32_t seed) : random_(seed) {}

  v1::Recipe Make() {
    v1::Recipe recipe;
    Fill(&recipe);
    recipe.set_schema_version(1);
    recipe.clear_parent();
    recipe.clear_relation();
    FixSegments(recipe.mutable_schedule());
    FixSegments(recipe.mutable_batch());
    int64_t step = 0;
    for (auto& checkpoint : *recipe.mutable_checkpoints()) SetInteger(step += 1 + Below(9), checkpoint.mutable_step());
    return recipe;
  }

 private:
  int Below(int bound) { return static_cast<int>(random_() % bound); }

  std::string AnyText() {
    static constexpr std::string_view kPieces[] = {"a",      "Z9",     " ", ": ", "#", "\"", "\\",      "\n",
                                                   "\t",     "-",      "{", "]",  ",", "'",  "unknown", "null",
                                                   "\u00e9", "\u4e2d", "&", "*",  "!", "%"};
    std::string text;
    for (int i = Below(6); i > 0; --i) text += kPieces[random_() % std::size(kPieces)];
    return text;
  }

  void SetInteger(int64_t value, v1::Integer* out) {
    out->Clear();
    out->set_value(value);
    out->set_provenance(v1::PROVENANCE_MEASURED);
  }

  template <typename Segments>
  void FixSegments(Segments* segments) {
    int64_t step = 0;
    for (auto& segment : *segments) {
      SetInteger(step, segment.mutable_from_step());
      SetInteger(step += 1 + Below(1000), segment.mutable_to_step());
    }
  }

  void FillValue(google::protobuf::Message* value) {
    const auto* type = value->GetDescriptor();
    const auto* reflection = value->GetReflection();
    if (Below(2) == 0) reflection->SetString(value, type->FindFieldByName("note"), AnyText());
    if (Below(5) == 0) return reflection->SetBool(value, type->FindFieldByName("unknown"), true);
    const FieldDescriptor* field = type->FindFieldByName("value");
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_INT64) reflection->SetInt64(value, field, int32_t(random_()));
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE)
      reflection->SetDouble(value, field, int32_t(random_()) / 3e5);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_BOOL) reflection->SetBool(value, field, Below(2) == 0);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) reflection->SetString(value, field, AnyText());
    reflection->SetEnumValue(value, type->FindFieldByName("provenance"), 1 + Below(4));
  }

  void Fill(google::protobuf::Message* message) {
    if (message->GetDescriptor()->FindFieldByName("unknown") != nullptr) return FillValue(message);
    const auto* reflection = message->GetReflection();
    for (int i = 0; i < message->GetDescriptor()->field_count(); ++i) {
      const FieldDescriptor* field = message->GetDescriptor()->field(i);
      const bool digest = field->name() == "sha256" || field->name() == "manifest_sha256";
      if (Below(2) == 0) continue;
      if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        if (!field->is_repeated()) Fill(reflection->MutableMessage(message, field));
        for (int k = field->is_repeated() ? Below(4) : 0; k > 0; --k) Fill(reflection->AddMessage(message, field));
      } else if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
        const std::string text = digest ? std::string(64, 'b') : AnyText();
        if (field->is_repeated()) {
          reflection->AddString(message, field, text);
        } else {
          reflection->SetString(message, field, text);
        }
      }
    }
  }

  std::mt19937 random_;
};

TEST(RenderRecipe, RandomRecipesSurvive) {
  for (uint32_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ExpectRoundTrip(RandomRecipe(seed).Make());
    if (HasFailure()) break;
  }
}

}  // namespace
}  // namespace plumb
