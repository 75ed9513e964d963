#include "client/cli/model_diff_view.h"

#include <limits>
#include <sstream>

#include "client/cli/model_diff_words.h"
#include "fmt/format.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace plumb::cli {
namespace {

using testing::HasSubstr;
using testing::Not;

DiffedPair Pair(const std::string& a, const std::string& b, Finding finding, DType b_type = DType::kF32) {
  DiffedPair pair{.a = {a, DType::kF32, {2, 32}}, .b = {b, b_type, {2, 32}}, .role = b};
  pair.values = {.finding = finding, .measured = true, .elements = 64};
  if (finding == Finding::kEqual) return pair;
  pair.values.difference_l2 = 0.5;
  pair.values.relative_l2 = 0.25;
  pair.values.difference_max = 0.125;
  pair.values.different = 3;
  pair.values.largest_at = 9;
  return pair;
}

ModelDiff Sample() {
  ModelDiff diff;
  diff.a = {.path = "model.safetensors", .format = "safetensors", .files = {"model.safetensors"}, .tensor_count = 5};
  diff.b = {.path = "m.gguf", .format = "gguf", .files = {"m.gguf"}, .family = "llama", .tensor_count = 5};
  for (const char* layer : {"0", "1", "2"}) {
    const std::string number = layer;
    diff.pairs.push_back(Pair("layers." + number + ".q_proj.weight", "blk." + number + ".attn_q.weight",
                              Finding::kQuantised, DType::kQ8_0));
    diff.pairs.back().layout = {"rows in pairs"};
  }
  diff.pairs.push_back(Pair("norm.weight", "output_norm.weight", Finding::kEqual));
  diff.pairs.push_back(Pair("x.weight", "x.weight", Finding::kRounded, DType::kF16));
  return diff;
}

std::string Printed(const ModelDiff& diff, bool each = false) {
  std::ostringstream out;
  Environment environment;
  environment.out = &out;
  environment.err = &out;
  Output output(environment, /*json=*/false, /*quiet=*/false, /*no_color=*/true);
  PrintModelDiff(output, diff, each);
  EXPECT_TRUE(output.Flush().ok());
  return out.str();
}

TEST(ModelDiffViewTest, LayersAreOneEntry) {
  EXPECT_EQ(
      Printed(Sample()),
      "A  model.safetensors  safetensors  5 tensors\n"
      "B  m.gguf             gguf, llama  5 tensors\n"
      "\n"
      "NAME IN A, IN B         N  TYPES, FINDING          REL L2   MAX\n"
      "layers.*.q_proj.weight  3  F32 -> Q8_0, quantised    0.25  0.12\n"
      "  blk.*.attn_q.weight        rows in pairs\n"
      "norm.weight             1  F32, equal                   0     0\n"
      "  output_norm.weight\n"
      "x.weight                1  F32 -> F16, rounded       0.25  0.12\n"
      "\n"
      "the same model: 1 tensor equal, 1 rounded to F16 as written by the usual rounding, 3 quantised to Q8_0 bit "
      "for bit\n");
  const std::string each = Printed(Sample(), true);
  EXPECT_THAT(each, HasSubstr("\nlayers.2.q_proj.weight  1 "));
  EXPECT_THAT(each, Not(HasSubstr("*")));
}

TEST(ModelDiffViewTest, WhatDiffersIsListed) {
  ModelDiff diff = Sample();
  diff.pairs[1].values.finding = Finding::kDiffers;
  diff.pairs[2].values.finding = Finding::kDiffers;
  diff.pairs[2].remark = "the same values if stored alike; by the names it is rows in pairs";
  diff.only_a = {{"extra.weight", DType::kF32, {3}}};
  diff.computed_b = {{"rope_freqs.weight", DType::kF32, {4}}};
  const std::string text = Printed(diff);
  EXPECT_THAT(text, HasSubstr("\nlayers.1.q_proj.weight  1  F32 -> Q8_0, differs "));
  EXPECT_THAT(text, HasSubstr("\nlayers.1.q_proj.weight: 3 of 64 elements differ, element 9 most\n"));
  EXPECT_THAT(text, HasSubstr("\nlayers.2.q_proj.weight: the same values if stored alike"));
  EXPECT_THAT(text, HasSubstr("\nOnly in A:\n  extra.weight  F32[3]\n"));
  EXPECT_THAT(text, HasSubstr("\nOnly in B, not counted:\n  rope_freqs.weight  F32[4]\n"));
  EXPECT_THAT(text, HasSubstr("\ndiffers in 2 of 5 tensors; 1 only in A; the rest: 1 tensor equal, 1 rounded"));
}

TEST(ModelDiffViewTest, ManyThatDifferAreGrouped) {
  ModelDiff diff = Sample();
  diff.pairs.clear();
  for (int i = 0; i < 40; ++i) {
    diff.pairs.push_back(
        Pair(fmt::format("layers.{}.up.weight", i), fmt::format("layers.{}.up.weight", i), Finding::kDiffers));
  }
  EXPECT_THAT(Printed(diff), HasSubstr("\nlayers.*.up.weight  40  F32, differs "));
}

TEST(ModelDiffViewTest, Verdicts) {
  ModelDiff diff = Sample();
  diff.pairs[0].values.finding = Finding::kNoBound;
  EXPECT_EQ(diff.verdict(), ModelVerdict::kUndecided);
  EXPECT_THAT(VerdictText(diff), HasSubstr("cannot be told: of 1 of 5 tensors"));
  diff.pairs[1].values.finding = Finding::kDiffers;
  EXPECT_THAT(VerdictText(diff), HasSubstr("differs in 1 of 5 tensors; 1 not decided"));
  diff = Sample();
  diff.pairs[0].values.finding = Finding::kWithinBounds;
  EXPECT_EQ(diff.verdict(), ModelVerdict::kSame);
  EXPECT_THAT(VerdictText(diff), HasSubstr("1 as near as F32 -> Q8_0 allows"));
  diff.only_b.push_back({"x", DType::kF32, {1}});
  EXPECT_THAT(VerdictText(diff), HasSubstr("not the same model; 1 only in B; the rest: "));
  diff = Sample();
  diff.pairs[4].shapes_differ = true;
  EXPECT_EQ(diff.verdict(), ModelVerdict::kDiffers);
  diff.pairs.clear();
  EXPECT_EQ(VerdictText(diff), "not the same model: no tensor of A is in B");
}

TEST(ModelDiffViewTest, JsonKeysStay) {
  ModelDiff diff = Sample();
  diff.pairs.erase(diff.pairs.begin() + 1, diff.pairs.end());
  diff.pairs[0].values.relative_l2 = std::numeric_limits<double>::infinity();
  diff.only_b = {{"y", DType::kBF16, {3}}};
  EXPECT_EQ(
      DumpJson(ModelDiffJson(diff), false),
      R"({"verdict":"differs","summary":"not the same model; 1 only in B; the rest: 1 tensor quantised to Q8_0 bit )"
      R"(for bit","a":{"path":"model.safetensors","format":"safetensors",)"
      R"("files":["model.safetensors"],"family":"","tensor_count":5,"packed":[]},"b":{"path":"m.gguf",)"
      R"("format":"gguf","files":["m.gguf"],"family":"llama","tensor_count":5,"packed":[]},"pairs":[{"a":)"
      R"({"name":"layers.0.q_proj.weight","dtype":"F32","shape":[2,32]},"b":{"name":"blk.0.attn_q.weight",)"
      R"("dtype":"Q8_0","shape":[2,32]},"role":"blk.0.attn_q.weight","layout":["rows in pairs"],)"
      R"("by_content":false,"finding":"quantised","made_from_other":"b","explained":true,"elements":64,)"
      R"("different_elements":3,"beyond_bounds":0,"difference_l2":0.5,"relative_l2":null,"difference_max":0.125,"largest_at":9,)"
      R"("remark":""}],"only_a":[],"only_b":[{"name":"y","dtype":"BF16","shape":[3]}],"computed_a":[],)"
      R"("computed_b":[],"unread_a":[],"unread_b":[],"identical":false,"folded":false,)"
      R"("config_changed":[],"config_unknown":[]})");
}

}  // namespace
}  // namespace plumb::cli
