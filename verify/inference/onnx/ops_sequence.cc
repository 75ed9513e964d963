// Sequences and optional values. They exist only while the graph is made: its own values are tensors.
#include <algorithm>

#include "fmt/format.h"
#include "verify/inference/onnx/call.h"

namespace plumb::onnx {
namespace {

Value Sequence(std::vector<Value> values) {
  Value value = {.present = true};
  value.sequence = std::make_shared<const std::vector<Value>>(std::move(values));
  return value;
}

// The elements of operand i; nullptr and an error when it is no sequence.
const std::vector<Value>* Elements(Call& c, size_t i) {
  if (c.has(i) && c.in(i).sequence) return c.in(i).sequence.get();
  c.e.Fail(fmt::format("operand {} is no sequence", i));
  return nullptr;
}

// A place in a sequence of `size`, counted from the end when negative; `size` itself where `end` allows it.
bool Place(Call& c, size_t operand, size_t size, bool end, size_t& place) {
  const std::vector<int64_t> given = c.e.Integers(c.in(operand));
  if (!c.e.ok()) return false;
  const auto count = static_cast<int64_t>(size);
  const int64_t at = given.size() == 1 && given[0] < 0 ? given[0] + count : given.empty() ? -1 : given[0];
  if (at < 0 || at > count || (at == count && !end)) return c.e.Fail("there is no such element"), false;
  place = static_cast<size_t>(at);
  return true;
}

constexpr size_t kElementsMax = 1u << 14;

void SequenceConstruct(Call& c) { c.Out(Sequence(c.inputs)); }
void SequenceEmpty(Call& c) { c.Out(Sequence({})); }

void SequenceAt(Call& c) {
  const std::vector<Value>* elements = Elements(c, 0);
  size_t at = 0;
  if (elements != nullptr && Place(c, 1, elements->size(), false, at)) c.Out((*elements)[at]);
}

void SequenceInsert(Call& c) {
  const std::vector<Value>* elements = Elements(c, 0);
  if (elements == nullptr || !c.Need(1)) return;
  if (elements->size() >= kElementsMax) return (void)c.e.Fail("the sequence is too long");
  size_t at = elements->size();
  if (c.has(2) && !Place(c, 2, elements->size(), true, at)) return;
  std::vector<Value> values = *elements;
  values.insert(values.begin() + static_cast<int64_t>(at), c.in(1));
  c.Out(Sequence(std::move(values)));
}

void SequenceErase(Call& c) {
  const std::vector<Value>* elements = Elements(c, 0);
  if (elements == nullptr || elements->empty()) return (void)c.e.Fail("there is no such element");
  size_t at = elements->size() - 1;
  if (c.has(1) && !Place(c, 1, elements->size(), false, at)) return;
  std::vector<Value> values = *elements;
  values.erase(values.begin() + static_cast<int64_t>(at));
  c.Out(Sequence(std::move(values)));
}

void SequenceLength(Call& c) {
  const std::vector<Value>* elements = Elements(c, 0);
  if (elements != nullptr) c.Out(c.e.List<int64_t>({static_cast<int64_t>(elements->size())}, {}));
}

void SplitToSequence(Call& c) {
  if (!c.Need(0, 1)) return;
  const Value& x = c.in(0);
  const uint32_t axis = c.AxisOf("axis", 0, x);
  std::vector<int64_t> sizes = c.has(1) ? c.e.Integers(c.in(1)) : std::vector<int64_t>{1};
  if (!c.e.ok()) return;
  const auto size = static_cast<int64_t>(x.shape[axis]);
  const bool even = !c.has(1) || c.in(1).rank() == 0;
  if (even) {
    const int64_t each = sizes.empty() ? 0 : sizes[0];
    if (each < 1 || static_cast<uint64_t>(size / each) > kElementsMax)
      return (void)c.e.Fail("the parts' size is out of range");
    sizes.clear();
    for (int64_t begin = 0; begin < size; begin += each) sizes.push_back(std::min(each, size - begin));
  }
  const bool keep = c.has(1) || c.Int("keepdims", 1) != 0;
  std::vector<Value> parts;
  int64_t begin = 0;
  for (int64_t part : sizes) {
    if (part < 0 || part > size - begin) return (void)c.e.Fail("sizes do not fit");
    parts.push_back(keep ? c.e.Slice(x, axis, begin, begin + part) : c.e.At(x, axis, begin));
    begin += part;
  }
  c.Out(Sequence(std::move(parts)));
}

void ConcatFromSequence(Call& c) {
  const std::vector<Value>* elements = Elements(c, 0);
  if (elements == nullptr) return;
  if (elements->empty()) return (void)c.e.Fail("the sequence is empty");
  std::vector<Value> parts = *elements;
  const bool fresh = c.Int("new_axis", 0) != 0;
  const uint32_t axis = c.Axis(c.Int("axis", 0), parts[0].rank() + (fresh ? 1 : 0));
  if (!c.e.ok()) return;
  for (Value& part : parts) {
    if (part.sequence || axis > part.rank()) return (void)c.e.Fail("an element does not fit");
    if (!fresh) continue;
    Shape shape = part.shape;
    shape.insert(shape.begin() + axis, 1);
    part = c.e.Reshape(part, shape);
  }
  c.Out(c.e.Concat(axis, parts));
}

void Optional(Call& c) {
  if (!c.has(0)) return (void)c.e.Unsupported("an optional value that is absent");
  c.Out(c.in(0));
}

void OptionalHasElement(Call& c) {
  c.Out(c.e.Constant(TensorValue{ElementType::kBool, {}, {static_cast<uint8_t>(c.has(0) ? 1 : 0)}}));
}

constexpr OpEntry kOps[] = {
    {"SequenceConstruct", SequenceConstruct},
    {"SequenceEmpty", SequenceEmpty},
    {"SequenceAt", SequenceAt},
    {"SequenceInsert", SequenceInsert},
    {"SequenceErase", SequenceErase},
    {"SequenceLength", SequenceLength},
    {"SplitToSequence", SplitToSequence},
    {"ConcatFromSequence", ConcatFromSequence},
    {"Optional", Optional},
    {"OptionalGetElement", Optional},
    {"OptionalHasElement", OptionalHasElement},
};

}  // namespace

std::span<const OpEntry> SequenceOps() { return kOps; }

}  // namespace plumb::onnx
