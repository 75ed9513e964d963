// Einsum: operands are brought to one order of labels and multiplied pair by pair.
#include <algorithm>
#include <string>

#include "fmt/format.h"
#include "verify/inference/onnx/call.h"

namespace plumb::onnx {
namespace {

// A tensor whose dimensions have names, one character each.
struct Labelled {
  Value value;
  std::string labels;
};

// What stands for the dimensions of `...`: characters that no label uses.
std::string Dots(size_t count) {
  std::string text;
  for (size_t i = 0; i < count; ++i) text.push_back(static_cast<char>('0' + i));
  return text;
}

std::string WithoutSpaces(std::string_view text) {
  std::string result;
  for (char c : text) {
    if (c != ' ') result.push_back(c);
  }
  return result;
}

// "...ij" with the dots written out for a tensor of that rank (`rank` counts labels too).
std::string WriteOut(std::string_view term, size_t dots) {
  const size_t at = term.find("...");
  if (at == term.npos) return std::string(term);
  return std::string(term.substr(0, at)) + Dots(dots) + std::string(term.substr(at + 3));
}

bool Has(const std::string& labels, char label) { return labels.find(label) != labels.npos; }

// Keeps the diagonal of dimensions that have the same name.
Labelled Diagonal(Call& c, Labelled x) {
  for (size_t i = 0; i < x.labels.size(); ++i) {
    const size_t j = x.labels.find(x.labels[i], i + 1);
    if (j == x.labels.npos || !c.e.ok()) continue;
    const uint64_t size = x.value.dim(i);
    if (x.value.dim(j) != size) {
      c.e.Fail("dimensions of one name differ");
      return x;
    }
    Axes order;  // The two dimensions first.
    order.push_back(static_cast<uint32_t>(i));
    order.push_back(static_cast<uint32_t>(j));
    for (uint32_t k = 0; k < x.labels.size(); ++k) {
      if (k != i && k != j) order.push_back(k);
    }
    Value moved = c.e.Transpose(x.value, order);
    Shape shape = {size * size};
    shape.insert(shape.end(), moved.shape.begin() + std::min<int64_t>(2, static_cast<int64_t>(moved.rank())),
                 moved.shape.end());
    std::vector<int64_t> places;
    for (uint64_t k = 0; k < size && size < (1u << 20); ++k) places.push_back(static_cast<int64_t>(k * size + k));
    std::string labels(1, x.labels[i]);
    for (size_t k = 0; k < x.labels.size(); ++k) {
      if (k != i && k != j) labels.push_back(x.labels[k]);
    }
    return Diagonal(c, {c.e.Gather(c.e.Reshape(moved, shape), c.e.Indices(places), 0), labels});
  }
  return x;
}

// Sums over dimensions that nobody needs.
Labelled SumOut(Call& c, Labelled x, const std::string& needed) {
  Axes axes;
  std::string labels;
  for (uint32_t i = 0; i < x.labels.size(); ++i) {
    if (Has(needed, x.labels[i])) {
      labels.push_back(x.labels[i]);
    } else {
      axes.push_back(i);
    }
  }
  if (axes.empty()) return x;
  return {c.e.Sum(x.value, axes, false), labels};
}

// Dimensions in the order of `labels`.
Value Order(Call& c, const Labelled& x, const std::string& labels) {
  Axes order;
  for (char label : labels) order.push_back(static_cast<uint32_t>(x.labels.find(label)));
  return c.e.Transpose(x.value, order);
}

uint64_t SizeOf(const Labelled& x, const std::string& labels) {
  Shape shape;
  for (char label : labels) shape.push_back(x.value.dim(x.labels.find(label)));
  return ElementCount(shape).value_or(0);
}

// The product of two, summed over what both have and nobody else needs, as one batched matrix product.
Labelled Join(Call& c, Labelled a, Labelled b, const std::string& needed) {
  a = SumOut(c, std::move(a), needed + b.labels);
  b = SumOut(c, std::move(b), needed + a.labels);
  std::string batch, inner, left, right;
  for (char label : a.labels) (!Has(b.labels, label) ? left : Has(needed, label) ? batch : inner).push_back(label);
  for (char label : b.labels) {
    if (!Has(a.labels, label)) right.push_back(label);
  }
  for (char label : batch + inner) {
    if (a.value.dim(a.labels.find(label)) != b.value.dim(b.labels.find(label))) {
      c.e.Fail("dimensions of one name differ");
      return a;
    }
  }
  Shape shape;
  for (char label : batch + left) shape.push_back(a.value.dim(a.labels.find(label)));
  for (char label : right) shape.push_back(b.value.dim(b.labels.find(label)));
  const uint64_t batches = SizeOf(a, batch);
  const uint64_t depth = SizeOf(a, inner);
  Value x = c.e.Reshape(Order(c, a, batch + left + inner), {batches, SizeOf(a, left), depth});
  Value y = c.e.Reshape(Order(c, b, batch + inner + right), {batches, depth, SizeOf(b, right)});
  return {c.e.Reshape(c.e.MatMul(x, y), shape), batch + left + right};
}

// The operands' terms and the result's; an equation without `->` keeps labels that occur once, sorted.
bool ReadEquation(Call& c, std::vector<std::string>& terms, std::string& result) {
  std::string equation = WithoutSpaces(c.Text("equation", ""));
  const size_t arrow = equation.find("->");
  std::string left = equation.substr(0, arrow);
  for (size_t begin = 0; begin <= left.size();) {
    const size_t end = std::min(left.find(',', begin), left.size());
    terms.push_back(left.substr(begin, end - begin));
    begin = end + 1;
  }
  if (terms.size() != c.inputs.size()) return c.e.Fail("the equation has another number of operands"), false;
  size_t dots = 0;
  for (size_t i = 0; i < terms.size(); ++i) {
    if (!c.Need(i)) return false;
    const size_t named = terms[i].size() - (terms[i].find("...") == std::string::npos ? 0 : 3);
    const size_t rank = c.in(i).rank();
    const bool fits = terms[i].size() == named ? rank == named : rank >= named && rank - named <= 10;
    if (!fits) return c.e.Fail(fmt::format("term \"{}\" does not fit operand {}", terms[i], i)), false;
    if (terms[i].size() != named) dots = std::max(dots, rank - named);
    terms[i] = WriteOut(terms[i], rank - named);
  }
  if (arrow != equation.npos) {
    result = WriteOut(equation.substr(arrow + 2), dots);
    return true;
  }
  result = Dots(dots);
  std::string all;
  for (const std::string& term : terms) all += term;
  std::sort(all.begin(), all.end());
  for (char label : all) {
    if (std::count(all.begin(), all.end(), label) == 1 && !Has(result, label)) result.push_back(label);
  }
  return true;
}

void Einsum(Call& c) {
  std::vector<std::string> terms;
  std::string result;
  if (!ReadEquation(c, terms, result)) return;
  std::string known;
  for (const std::string& term : terms) known += term;
  for (size_t i = 0; i < result.size(); ++i) {
    if (!Has(known, result[i]) || result.find(result[i], i + 1) != result.npos) {
      return (void)c.e.Fail("the equation's result has a label that no operand has, or one twice");
    }
  }
  Labelled product = Diagonal(c, {c.in(0), terms[0]});
  for (size_t i = 1; i < terms.size() && c.e.ok(); ++i) {
    std::string needed = result;
    for (size_t j = i + 1; j < terms.size(); ++j) needed += terms[j];
    product = Join(c, std::move(product), Diagonal(c, {c.in(i), terms[i]}), needed);
  }
  product = SumOut(c, std::move(product), result);
  if (!c.e.ok()) return;
  if (product.labels.size() != result.size()) return (void)c.e.Fail("the equation's result does not fit its operands");
  c.Out(Order(c, product, result));
}

constexpr OpEntry kOps[] = {{"Einsum", Einsum}};

}  // namespace

std::span<const OpEntry> EinsumOps() { return kOps; }

}  // namespace plumb::onnx
