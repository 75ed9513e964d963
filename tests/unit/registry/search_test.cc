// Finding models by what the catalogue knows of them.
#include "registry/catalogue/model_summary.h"
#include "registry/catalogue/search_query.h"
#include "tests/unit/registry/catalogue_fixture.h"

namespace plumb {
namespace {

using testing_support::MakeManifest;
using testing_support::SampleFile;

const SampleFile kWeights = {"model.safetensors", {"first chunk"}};
const SampleFile kGguf = {"model.gguf", {"second chunk"}};
const SampleFile kGolden = {"case.golden.safetensors", {"third"}};

class SearchTest : public testing_support::CatalogueFixture {
 protected:
  SearchTest() {
    Upload({kWeights, kGguf, kGolden});
    v1::Manifest manifest = MakeManifest("lab/shakespeare", "v1", {kWeights});
    manifest.set_license("Apache-2.0");
    v1::Card& card = *manifest.mutable_card();
    card.set_title("Tiny Straße");
    card.set_pipeline("text-generation");
    card.set_library("transformers");
    card.set_base_model("openai-community/gpt2");
    card.add_languages("de");
    card.add_tags("poetry");
    EXPECT_OK(Commit(manifest));
  }

  int Found(const std::string& query) {
    v1::SearchModelsRequest request;
    request.set_query(query);
    auto found = catalogue_->reader().SearchModels(request);
    EXPECT_OK(found) << found.status();
    return found.ok() ? found->models_size() : -1;
  }
};

TEST_F(SearchTest, LooksAtEverythingThatTheCatalogueKnows) {
  for (const char* word : {"text-generation", "transformers", "gpt2", "de", "poetry", "apache", "STRASSE", "weights",
                           "safetensors", "tester", "shakes"}) {
    EXPECT_EQ(Found(word), 1) << word;
  }
  EXPECT_EQ(Found("gguf"), 0);
  EXPECT_EQ(Found("text-generation bert"), 0);
}

TEST_F(SearchTest, AFieldCanBeNamed) {
  for (const char* word :
       {"task:text-generation", "pipeline_tag:generation", "library:Transformers", "base:gpt2",
        "base_model:openai-community/gpt2", "language:de", "tag:poetry", "licence:apache-2.0", "license:Apache",
        "kind:weights", "format:safetensors", "publisher:tester", "title:straße", "name:lab/shakespeare"}) {
    EXPECT_EQ(Found(word), 1) << word;
  }
  EXPECT_EQ(Found("task:transformers"), 0);
  EXPECT_EQ(Found("kind:safetensors"), 0);
  // No field: a word with a colon in it.
  EXPECT_EQ(Found("region:us"), 0);
  EXPECT_EQ(Found("task:"), 0);
}

TEST_F(SearchTest, WhatTheFilesSayIsFoundWithoutACard) {
  v1::Manifest manifest = MakeManifest("lab/chat", "v1", {kGguf});
  v1::ReleaseFacts& facts = *manifest.mutable_facts();
  facts.set_form("adapter");
  facts.set_library("peft");
  facts.set_task("token-classification");
  facts.set_family("qwen2");
  facts.set_quantisation("gptq");
  facts.add_base_models()->set_name("Qwen/Qwen2-7B");
  ASSERT_OK(Commit(manifest));
  for (const char* word : {"task:token-classification", "library:peft", "base:qwen/qwen2", "trait:gptq", "family:qwen2",
                           "form:adapter", "quantisation:gptq", "quantization:GPTQ", "peft", "qwen2 gptq"}) {
    EXPECT_EQ(Found(word), 1) << word;
  }
  EXPECT_EQ(Found("task:gptq"), 0);
}

TEST_F(SearchTest, ALaterReleaseAddsToWhatIsKnown) {
  v1::Manifest manifest = MakeManifest("lab/shakespeare", "v2", {kGolden, kGguf});
  manifest.set_kind(v1::KIND_ADAPTER);
  ASSERT_OK(Commit(manifest));
  EXPECT_EQ(Found("format:gguf kind:adapter"), 1);
  EXPECT_EQ(Found("format:safetensors kind:weights"), 1);
}

TEST_F(SearchTest, AGoldenIsNoFormatOfTheWeights) {
  ASSERT_OK(Commit(MakeManifest("lab/other", "v1", {kGolden, kGguf})));
  EXPECT_EQ(Found("name:other format:gguf"), 1);
  EXPECT_EQ(Found("name:other format:safetensors"), 0);
}

TEST_F(SearchTest, RecordsOfOlderRegistriesAreFilledInOnce) {
  // As an older registry would have left it.
  auto bytes = store_.Get("model/lab/shakespeare");
  v1::Model model;
  ASSERT_TRUE(model.ParseFromString(*bytes));
  model.clear_kinds();
  model.clear_formats();
  model.clear_publishers();
  Transaction transaction;
  transaction.Put("model/lab/shakespeare", model.SerializeAsString());
  transaction.Delete("registry/model-summaries");
  ASSERT_OK(store_.Commit(transaction));
  EXPECT_EQ(Found("format:safetensors"), 0);
  Restart();
  EXPECT_EQ(Found("format:safetensors kind:weights publisher:tester"), 1);
  EXPECT_OK(store_.Get("registry/model-summaries"));
}

TEST_F(SearchTest, TheRecordOfAModelIsBounded) {
  v1::Model model;
  for (int i = 0; i < 100; ++i) AddToSummary(MakeManifest("lab/m", "v", {kWeights}), "ci-" + std::to_string(i), &model);
  EXPECT_EQ(model.publishers_size(), kSummaryEntriesMax);
  EXPECT_NE(std::find(model.publishers().begin(), model.publishers().end(), "ci-99"), model.publishers().end());
}

TEST_F(SearchTest, QueriesAreBounded) {
  for (const std::string& query : {std::string(), std::string("  "), std::string(1025, 'a')}) {
    EXPECT_TRUE(absl::IsInvalidArgument(SearchQuery::Parse(query).status()));
  }
  std::string words;
  for (int i = 0; i < 33; ++i) words += "a ";
  EXPECT_TRUE(absl::IsInvalidArgument(SearchQuery::Parse(words).status()));
  EXPECT_OK(SearchQuery::Parse(words.substr(2)));
}

}  // namespace
}  // namespace plumb
