// Tokenizers of every kind against the ids that Hugging Face's own library gave (tests/conformance).
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "nlohmann/json.hpp"
#include "plumb/base/file.h"
#include "plumb/tokenizer/tokenizer.h"

namespace plumb {
namespace {

// Ends in a slash. PLUMB_TOKENIZER_CASES names another folder of the same form.
std::string Folder() {
  const char* other = std::getenv("PLUMB_TOKENIZER_CASES");
  return other != nullptr ? other : std::string(PLUMB_TEST_DATA) + "/tokenizer/cases/";
}

nlohmann::json ReadJson(const std::string& name) {
  return nlohmann::json::parse(*ReadFile(Folder() + name, 64u << 20));
}

std::vector<std::string> CaseNames() {
  constexpr std::string_view kIds = ".ids.json";
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(Folder())) {
    const std::string name = entry.path().filename();
    if (name.ends_with(kIds)) names.push_back(name.substr(0, name.size() - kIds.size()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

class HuggingFaceCase : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    absl::StatusOr<std::unique_ptr<Tokenizer>> parsed =
        ParseTokenizerJson(*ReadFile(Folder() + GetParam() + ".json", 64u << 20));
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    tokenizer_ = *std::move(parsed);
  }

  void ExpectIds(const std::string& key, bool add_special) const {
    const nlohmann::json& all = expected_.at(key);
    ASSERT_EQ(all.size(), texts_.size());
    for (size_t i = 0; i < texts_.size(); ++i) {
      const auto text = texts_[i].get<std::string>();
      const auto ids = tokenizer_->Encode(text, {.add_special = add_special});
      if (all[i].is_null()) {
        EXPECT_FALSE(ids.ok()) << "text " << i << ": " << texts_[i];
        continue;
      }
      ASSERT_TRUE(ids.ok()) << "text " << i << ": " << texts_[i] << ": " << ids.status();
      EXPECT_EQ(*ids, all[i].get<std::vector<int32_t>>()) << "text " << i << ": " << texts_[i];
    }
  }

  const nlohmann::json texts_ = ReadJson("texts.json");
  const nlohmann::json expected_ = ReadJson(GetParam() + ".ids.json");
  std::unique_ptr<Tokenizer> tokenizer_;
};

TEST_P(HuggingFaceCase, GivesTheSameIds) { ExpectIds("plain", false); }

TEST_P(HuggingFaceCase, AddsTheSameSpecialTokens) { ExpectIds("special", true); }

TEST_P(HuggingFaceCase, DecodesTheSame) {
  const nlohmann::json& plain = expected_.at("plain");
  const nlohmann::json& decoded = expected_.at("decoded");
  for (size_t i = 0; i < texts_.size(); ++i) {
    if (plain[i].is_null()) continue;
    EXPECT_EQ(tokenizer_->Decode(plain[i].get<std::vector<int32_t>>()).value_or("error"), decoded[i].get<std::string>())
        << "text " << i << ": " << texts_[i];
  }
}

TEST_P(HuggingFaceCase, IdsAreBelowTheVocabularySize) {
  for (const nlohmann::json& ids : expected_.at("special")) {
    for (const nlohmann::json& id : ids) EXPECT_LT(id.get<uint64_t>(), tokenizer_->VocabularySize());
  }
}

TEST_P(HuggingFaceCase, RefusesInvalidUtf8) {
  for (const char* text : {"\xFF", "abc\xC3", "\xED\xA0\x80", "\xC0\x80", "\xF5\x80\x80\x80"}) {
    EXPECT_EQ(tokenizer_->Encode(text).status().code(), absl::StatusCode::kInvalidArgument);
  }
}

INSTANTIATE_TEST_SUITE_P(All, HuggingFaceCase, testing::ValuesIn(CaseNames()), [](const auto& which) {
  std::string name = which.param;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
});

TEST(HuggingFaceCases, HaveFingerprintsOfTheirOwn) {
  std::map<std::string, std::string> seen;
  for (const std::string& name : CaseNames()) {
    const nlohmann::json json = ReadJson(name + ".json");
    const std::string fingerprint = (*ParseTokenizerJson(json.dump()))->Fingerprint();
    EXPECT_EQ(fingerprint.size(), 64u);
    EXPECT_TRUE(seen.emplace(fingerprint, name).second) << name << " and " << seen[fingerprint];
    // The same said another way.
    EXPECT_EQ((*ParseTokenizerJson(json.dump(2)))->Fingerprint(), fingerprint);
  }
}

}  // namespace
}  // namespace plumb
