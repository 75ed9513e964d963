#include "formats/naming/pair_layout.h"

#include <algorithm>
#include <utility>

#include "fmt/format.h"

namespace plumb {
namespace {

bool IsAbout(const TensorRole& role, std::string_view part) {
  return role.role.find(fmt::format(".{}.", part)) != std::string::npos;
}

bool IsGain(const TensorRole& role) { return role.role.ends_with("norm.weight"); }

// Rows of the whole tensor in the common form.
uint64_t RowsOf(const SourceTensor& tensor, TensorLayout layout) {
  layout.row_count = 0;
  const std::vector<uint64_t> shape = CommonShape(tensor.shape, layout);
  return shape.empty() ? 1 : shape[0];
}

// Gives a row order the heads that it needs; plain when they are not known or do not divide the rows.
void SettleRows(const RoledTensor& side, const ModelFacts& facts, TensorLayout* layout) {
  if (layout->rows == RowOrder::kPlain) return;
  if (layout->heads == 0) {
    const bool keys = layout->rows == RowOrder::kPairs && IsAbout(*side.role, "attn_k");
    layout->heads = keys ? facts.key_heads : facts.heads;
    layout->key_heads = layout->rows == RowOrder::kGroups ? facts.key_heads : 0;
  }
  if (!RowsFit(*layout, RowsOf(*side.tensor, *layout))) layout->rows = RowOrder::kPlain;
}

void ForgetRows(TensorLayout* layout) {
  layout->rows = RowOrder::kPlain;
  layout->heads = layout->key_heads = 0;
}

std::string_view RowWords(const TensorLayout& layout) {
  return layout.rows == RowOrder::kPairs ? "rows in pairs" : "rows by group";
}

constexpr uint64_t kHeadSizeMin = 4;
constexpr uint64_t kHeadSizeMax = 512;

// What differs between the two, in words.
void Describe(PairLayout* layout) {
  layout->words.clear();
  if (layout->a.output_last != layout->b.output_last) layout->words.emplace_back("transposed");
  for (const TensorLayout* side : {&layout->a, &layout->b}) {
    if (side->rows != RowOrder::kPlain) layout->words.emplace_back(RowWords(*side));
  }
  if (layout->a.addend != layout->b.addend) layout->words.emplace_back("plus one");
}

// What is alike on both sides needs no undoing.
void Simplify(const RoledTensor& a, const RoledTensor& b, PairLayout* layout) {
  if (layout->a.rows == layout->b.rows && layout->a.row_count == 0 && layout->b.row_count == 0) {
    ForgetRows(&layout->a);
    ForgetRows(&layout->b);
  }
  const bool plain = layout->a.rows == RowOrder::kPlain && layout->b.rows == RowOrder::kPlain &&
                     layout->a.row_count == 0 && layout->b.row_count == 0;
  if (plain && layout->a.output_last && layout->b.output_last && a.tensor->shape == b.tensor->shape) {
    layout->a.output_last = layout->b.output_last = false;
  }
}

bool ShapesAgree(const RoledTensor& a, const RoledTensor& b, const PairLayout& layout) {
  return SameButForOnes(CommonShape(a.tensor->shape, layout.a), CommonShape(b.tensor->shape, layout.b));
}

// A row order whose heads nobody states, with every number of heads that it could have.
std::vector<PairLayout> CandidatesFor(const RoledTensor& a, const RoledTensor& b, const PairLayout& settled) {
  std::vector<PairLayout> found;
  for (TensorLayout PairLayout::*side : {&PairLayout::a, &PairLayout::b}) {
    const RoledTensor& stored = side == &PairLayout::a ? a : b;
    const RowOrder stated = stored.role->layout.rows;
    if (stated == RowOrder::kPlain || (settled.*side).rows == stated) continue;
    const uint64_t rows = RowsOf(*stored.tensor, settled.*side);
    const uint64_t maps = stated == RowOrder::kGroups ? 3 : 1;
    for (uint64_t size = kHeadSizeMin; size <= kHeadSizeMax && size * maps <= rows; size += 2) {
      if (rows % (size * maps) != 0) continue;
      PairLayout layout = settled;
      (layout.*side).rows = stated;
      (layout.*side).heads = rows / (size * maps);
      (layout.*side).key_heads = stated == RowOrder::kGroups ? (layout.*side).heads : 0;
      Describe(&layout);
      found.push_back(std::move(layout));
    }
  }
  return found;
}

// Conversions that leave something out, or do it twice.
std::vector<PairLayout> MistakesFor(const RoledTensor& a, const RoledTensor& b, const ModelFacts& facts,
                                    const PairLayout& right) {
  std::vector<PairLayout> found;
  auto add = [&](PairLayout layout) {
    Simplify(a, b, &layout);
    Describe(&layout);
    if (ShapesAgree(a, b, layout)) found.push_back(std::move(layout));
  };
  const bool whole = right.a.row_count == 0 && right.b.row_count == 0;
  if (a.tensor->shape.size() == 2 && b.tensor->shape.size() == 2 && whole) {
    PairLayout other = right;
    other.b.output_last = !other.b.output_last;
    add(other);
  }
  if (right.a.rows != RowOrder::kPlain || right.b.rows != RowOrder::kPlain) {
    PairLayout other = right;
    ForgetRows(&other.a);
    ForgetRows(&other.b);
    add(other);
  } else if (whole && (IsAbout(*a.role, "attn_q") || IsAbout(*a.role, "attn_k") || IsAbout(*a.role, "attn_qkv"))) {
    for (TensorLayout PairLayout::*side : {&PairLayout::a, &PairLayout::b}) {
      PairLayout other = right;
      (other.*side).rows = IsAbout(*a.role, "attn_qkv") ? RowOrder::kGroups : RowOrder::kPairs;
      SettleRows(side == &PairLayout::a ? a : b, facts, &(other.*side));
      if ((other.*side).rows != RowOrder::kPlain) add(other);
    }
  }
  if (IsGain(*a.role)) {
    for (auto [a_addend, b_addend] : {std::pair(0.0f, 0.0f), std::pair(0.0f, 1.0f), std::pair(1.0f, 0.0f)}) {
      PairLayout other = right;
      other.a.addend = a_addend;
      other.b.addend = b_addend;
      if (other.a != right.a || other.b != right.b) add(other);
    }
  }
  return found;
}

}  // namespace

void LayOver(const RoledTensor& a, RowSlice a_slice, const RoledTensor& b, RowSlice b_slice, const ModelFacts& facts,
             TensorPair* pair) {
  PairLayout& layout = pair->layout;
  layout.a = a.role->layout;
  layout.b = b.role->layout;
  if (layout.a.rows != layout.b.rows || a_slice.count != 0 || b_slice.count != 0) {
    SettleRows(a, facts, &layout.a);
    SettleRows(b, facts, &layout.b);
  }
  layout.a.first_row = a_slice.first;
  layout.a.row_count = a_slice.count;
  layout.b.first_row = b_slice.first;
  layout.b.row_count = b_slice.count;
  if (a.role->whole_gain != b.role->whole_gain) (a.role->whole_gain ? layout.b : layout.a).addend = 1;
  // Where no convention is known, shapes say that one side is the other way round.
  if (!ShapesAgree(a, b, layout) && a.tensor->shape.size() == 2 && b.tensor->shape.size() == 2) {
    layout.b.output_last = !layout.b.output_last;
    if (!ShapesAgree(a, b, layout)) layout.b.output_last = !layout.b.output_last;
  }
  Simplify(a, b, &layout);
  Describe(&layout);
  pair->shapes_differ = !ShapesAgree(a, b, layout);
  if (pair->shapes_differ) return;
  if (a.role->layout.rows != b.role->layout.rows) pair->candidates = CandidatesFor(a, b, layout);
  pair->mistakes = MistakesFor(a, b, facts, layout);
}

}  // namespace plumb
