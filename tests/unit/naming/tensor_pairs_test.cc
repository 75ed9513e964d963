#include "plumb/naming/tensor_pairs.h"

#include <gmock/gmock.h>

#include <set>

#include "tests/unit/naming/naming_testing.h"

namespace plumb {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

TEST(TensorLayoutTest, CommonShapes) {
  EXPECT_THAT(CommonShape({3, 5}, {}), ElementsAre(3, 5));
  EXPECT_THAT(CommonShape({3, 5}, {.output_last = true}), ElementsAre(5, 3));
  EXPECT_THAT(CommonShape({2, 4, 3, 5}, {.output_last = true}), ElementsAre(5, 3, 2, 4));
  EXPECT_THAT(CommonShape({7}, {.output_last = true}), ElementsAre(7));
  EXPECT_THAT(CommonShape({9, 5}, {.first_row = 3, .row_count = 6}), ElementsAre(6, 5));
  EXPECT_THAT(CommonShape({}, {}), IsEmpty());
  EXPECT_TRUE(SameButForOnes({1, 3, 1}, {3}));
  EXPECT_FALSE(SameButForOnes({3, 2}, {2, 3}));
}

std::vector<uint64_t> Rows(const TensorLayout& layout, uint64_t count) {
  std::vector<uint64_t> rows;
  for (uint64_t row = 0; row < count; ++row) rows.push_back(StoredRow(layout, row, count));
  return rows;
}

TEST(TensorLayoutTest, RowsInPairs) {
  // Two heads of four rows: halves 0 1 | 2 3 are stored 0 2 1 3.
  EXPECT_THAT(Rows({.rows = RowOrder::kPairs, .heads = 2}, 8), ElementsAre(0, 2, 1, 3, 4, 6, 5, 7));
}

TEST(TensorLayoutTest, RowsByGroup) {
  // Two key heads, four heads, one row each: q0 q1 k0 v0 | q2 q3 k1 v1.
  EXPECT_THAT(Rows({.rows = RowOrder::kGroups, .heads = 4, .key_heads = 2}, 8), ElementsAre(0, 1, 4, 5, 2, 6, 3, 7));
  // One key head: in turn already.
  EXPECT_THAT(Rows({.rows = RowOrder::kGroups, .heads = 2, .key_heads = 1}, 8), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7));
}

TEST(TensorLayoutTest, RowsArePermuted) {
  for (uint64_t heads : {1, 2, 3, 6}) {
    for (uint64_t key_heads : {1, 2, 3, 6}) {
      for (RowOrder order : {RowOrder::kPairs, RowOrder::kGroups}) {
        const TensorLayout layout = {.rows = order, .heads = heads, .key_heads = key_heads};
        const uint64_t count = 4 * (heads + 2 * key_heads) * heads;
        if (!RowsFit(layout, count)) continue;
        const std::vector<uint64_t> rows = Rows(layout, count);
        EXPECT_EQ(std::set<uint64_t>(rows.begin(), rows.end()).size(), count);
        EXPECT_EQ(*std::max_element(rows.begin(), rows.end()), count - 1);
      }
    }
  }
  EXPECT_FALSE(RowsFit({.rows = RowOrder::kPairs, .heads = 0}, 8));
  EXPECT_FALSE(RowsFit({.rows = RowOrder::kPairs, .heads = 3}, 8));
  EXPECT_FALSE(RowsFit({.rows = RowOrder::kGroups, .heads = 4, .key_heads = 3}, 40));
  EXPECT_FALSE(RowsFit({.rows = RowOrder::kGroups, .heads = ~0ull, .key_heads = ~0ull}, 40));
}

TEST(TensorPairsTest, LlamaInGgufHasRowsInPairs) {
  const NamesOnly torch({{"model.embed_tokens.weight", {32, 8}},
                         {"model.layers.0.self_attn.q_proj.weight", {8, 8}},
                         {"model.layers.0.self_attn.k_proj.weight", {4, 8}},
                         {"model.layers.0.self_attn.rotary_emb.inv_freq", {1}}});
  const NamesOnly gguf({{"blk.0.attn_k.weight", {4, 8}},
                        {"blk.0.attn_q.weight", {8, 8}},
                        {"token_embd.weight", {32, 8}},
                        {"rope_freqs.weight", {1}},
                        {"output.weight", {32, 8}}},
                       {.family = "llama", .heads = 2, .key_heads = 1});
  const Pairing pairing = PairTensors(torch.model(), gguf.model());
  ASSERT_THAT(pairing.pairs, SizeIs(4));
  EXPECT_EQ(gguf.NameAt(pairing.pairs[0].b), "token_embd.weight");
  EXPECT_THAT(pairing.pairs[0].layout.words, IsEmpty());
  EXPECT_THAT(pairing.pairs[1].layout.words, ElementsAre("tied"));
  EXPECT_THAT(pairing.pairs[2].layout.words, ElementsAre("rows in pairs"));
  EXPECT_EQ(pairing.pairs[2].layout.b.heads, 2u);
  EXPECT_EQ(pairing.pairs[3].layout.b.heads, 1u);
  EXPECT_THAT(pairing.only_a, IsEmpty());
  EXPECT_THAT(pairing.only_b, IsEmpty());
  EXPECT_THAT(pairing.computed_a, ElementsAre(3));
  EXPECT_THAT(pairing.computed_b, ElementsAre(3));
}

TEST(TensorPairsTest, AlikeOnBothSidesNeedsNoUndoing) {
  const NamesOnly gguf({{"blk.0.attn_q.weight", {8, 8}}}, {.family = "llama", .heads = 2, .key_heads = 1});
  const Pairing pairing = PairTensors(gguf.model(), gguf.model());
  ASSERT_THAT(pairing.pairs, SizeIs(1));
  EXPECT_EQ(pairing.pairs[0].layout.a, TensorLayout());
  EXPECT_EQ(pairing.pairs[0].layout.b, TensorLayout());
  const NamesOnly flax({{"x/kernel", {3, 5}}});
  EXPECT_EQ(PairTensors(flax.model(), flax.model()).pairs[0].layout.a, TensorLayout());
}

TEST(TensorPairsTest, FusedMapsAreComparedInSlices) {
  const NamesOnly split({{"model.layers.0.self_attn.q_proj.weight", {8, 6}},
                         {"model.layers.0.self_attn.k_proj.weight", {4, 6}},
                         {"model.layers.0.self_attn.v_proj.weight", {4, 6}},
                         {"model.layers.0.mlp.gate_proj.weight", {7, 6}},
                         {"model.layers.0.mlp.up_proj.weight", {7, 6}}});
  const NamesOnly fused(
      {{"model.layers.0.self_attn.qkv_proj.weight", {16, 6}}, {"model.layers.0.mlp.gate_up_proj.weight", {14, 6}}});
  for (bool swapped : {false, true}) {
    const Pairing pairing =
        swapped ? PairTensors(fused.model(), split.model()) : PairTensors(split.model(), fused.model());
    ASSERT_THAT(pairing.pairs, SizeIs(5));
    EXPECT_THAT(pairing.only_a, IsEmpty());
    EXPECT_THAT(pairing.only_b, IsEmpty());
    const PairLayout& values = pairing.pairs[2].layout;
    EXPECT_EQ((swapped ? values.a : values.b).first_row, 12u);
    EXPECT_EQ((swapped ? values.a : values.b).row_count, 4u);
    EXPECT_THAT(values.words, ElementsAre("part 3 of 3"));
    for (const TensorPair& pair : pairing.pairs) EXPECT_FALSE(pair.shapes_differ);
  }
  // Rows that do not add up are not cut.
  const NamesOnly other({{"model.layers.0.self_attn.qkv_proj.weight", {17, 6}}});
  EXPECT_THAT(PairTensors(split.model(), other.model()).pairs, IsEmpty());
}

TEST(TensorPairsTest, ExpertsAreSlicesOfOneTensor) {
  const NamesOnly many({{"model.layers.0.block_sparse_moe.experts.0.w1.weight", {7, 6}},
                        {"model.layers.0.block_sparse_moe.experts.1.w1.weight", {7, 6}}});
  const NamesOnly one({{"blk.0.ffn_gate_exps.weight", {2, 7, 6}}});
  const Pairing pairing = PairTensors(many.model(), one.model());
  ASSERT_THAT(pairing.pairs, SizeIs(2));
  EXPECT_EQ(pairing.pairs[1].layout.b.first_row, 1u);
  EXPECT_FALSE(pairing.pairs[1].shapes_differ);
  const NamesOnly three({{"blk.0.ffn_gate_exps.weight", {3, 7, 6}}});
  EXPECT_THAT(PairTensors(many.model(), three.model()).only_a, SizeIs(2));
  const NamesOnly huge({{"blk.0.ffn_gate_exps.weight", {~0ull >> 8, 1, 1}}});
  EXPECT_THAT(PairTensors(many.model(), huge.model()).only_b, SizeIs(1));
}

TEST(TensorPairsTest, GemmaGainsLackTheirOne) {
  const NamesOnly torch({{"model.norm.weight", {8}}});
  const NamesOnly gguf({{"output_norm.weight", {8}}, {"token_embd.weight", {4, 8}}}, {.family = "gemma2"});
  EXPECT_EQ(PairTensors(torch.model(), gguf.model()).pairs[0].layout.a.addend, 1);
  EXPECT_EQ(PairTensors(gguf.model(), torch.model()).pairs[0].layout.b.addend, 1);
  EXPECT_THAT(PairTensors(gguf.model(), torch.model()).pairs[0].layout.words, ElementsAre("plus one"));
  EXPECT_EQ(PairTensors(gguf.model(), gguf.model()).pairs[0].layout.a.addend, 0);
}

TEST(TensorPairsTest, WhatConvertersLeaveOutDoesNotCount) {
  const NamesOnly torch({{"bert.embeddings.word_embeddings.weight", {8, 8}}, {"bert.pooler.dense.weight", {8, 8}}},
                        {.family = "bert"});
  const NamesOnly gguf({{"token_embd.weight", {8, 8}}}, {.family = "bert"});
  EXPECT_THAT(PairTensors(torch.model(), gguf.model()).computed_a, ElementsAre(1));
  EXPECT_THAT(PairTensors(gguf.model(), torch.model()).computed_b, ElementsAre(1));
  const NamesOnly other({{"embeddings.word_embeddings.weight", {8, 8}}}, {.family = "bert"});
  EXPECT_THAT(PairTensors(torch.model(), other.model()).only_a, ElementsAre(1));
}

TEST(TensorPairsTest, ShapesSayWhatNamesDoNot) {
  const NamesOnly a({{"some.map.weight", {3, 5}}, {"other.weight", {4}}});
  const NamesOnly b({{"some.map.weight", {5, 3}}, {"other.weight", {6}}});
  const Pairing pairing = PairTensors(a.model(), b.model());
  EXPECT_THAT(pairing.pairs[0].layout.words, ElementsAre("transposed"));
  EXPECT_FALSE(pairing.pairs[0].shapes_differ);
  EXPECT_TRUE(pairing.pairs[1].shapes_differ);
}

TEST(TensorPairsTest, WhatAllNamesShareSaysNothing) {
  const NamesOnly a({{"net_1.encoder.conv.weight", {3, 5}}, {"net_1.decoder.weight", {4}}});
  const NamesOnly b({{"sixteen.khz.encoder.conv.weight", {3, 5}}, {"sixteen.khz.decoder.weight", {4}}});
  EXPECT_THAT(PairTensors(a.model(), b.model()).pairs, SizeIs(2));
}

TEST(TensorPairsTest, WithoutHeadsThereAreCandidates) {
  const NamesOnly meta({{"layers.0.attention.wq.weight", {16, 8}}});
  const NamesOnly torch({{"model.layers.0.self_attn.q_proj.weight", {16, 8}}});
  const Pairing pairing = PairTensors(meta.model(), torch.model());
  ASSERT_THAT(pairing.pairs, SizeIs(1));
  std::vector<uint64_t> heads;
  for (const PairLayout& layout : pairing.pairs[0].candidates) heads.push_back(layout.a.heads);
  EXPECT_THAT(heads, ElementsAre(4, 2, 1));
}

}  // namespace
}  // namespace plumb
