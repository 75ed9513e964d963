// Control flow: conditions and counts are computed, and what is run becomes part of the graph, step by step.
#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "verify/inference/onnx/call.h"

namespace plumb::onnx {
namespace {

const OnnxGraph* Body(Call& c, std::string_view name) {
  const OnnxAttribute* attribute = c.Attribute(name);
  if (attribute != nullptr && attribute->graph) return attribute->graph.get();
  c.e.Fail(fmt::format("the graph \"{}\" is not given", name));
  return nullptr;
}

void If(Call& c) {
  if (!c.Need(0)) return;
  const std::vector<int64_t> condition = c.e.Integers(c.in(0));
  if (!c.e.ok()) return;
  if (condition.size() != 1) return (void)c.e.Fail("the condition is not one bool");
  const OnnxGraph* body = Body(c, condition[0] != 0 ? "then_branch" : "else_branch");
  if (body == nullptr) return;
  std::vector<Value> results = c.bodies.RunBody(*body, {});
  for (size_t i = 0; i < results.size(); ++i) c.Out(i, results[i]);
}

// Results of each step, one after another along a new dimension. Without steps: nothing, of the declared type.
Value Stack(Call& c, const std::vector<Value>& steps, int64_t axis, const OnnxValueInfo& declared) {
  std::vector<Value> rows;
  for (const Value& step : steps) {
    if (!step.present || step.sequence) return c.e.Fail("a step's result is no tensor");
    const uint32_t at = c.Axis(axis, step.rank() + 1);
    if (!c.e.ok()) return step;
    Shape shape = step.shape;
    shape.insert(shape.begin() + at, 1);
    rows.push_back(c.e.Reshape(step, shape));
  }
  if (!rows.empty()) return c.e.Concat(c.Axis(axis, rows[0].rank()), rows);
  Shape shape = {0};
  if (declared.shape) {
    for (const OnnxDimension& dimension : *declared.shape) shape.push_back(dimension.size.value_or(1));
  }
  return c.e.Constant({ElementTypeFor(declared.type).value_or(ElementType::kF32), shape, {}});
}

void Loop(Call& c) {
  const OnnxGraph* body = Body(c, "body");
  if (body == nullptr) return;
  int64_t trips = INT64_MAX;
  if (c.has(0)) {
    const std::vector<int64_t> given = c.e.Integers(c.in(0));
    trips = given.size() == 1 ? given[0] : 0;
  }
  auto holds = [&](const Value& condition) {
    const std::vector<int64_t> value = c.e.Integers(condition);
    return c.e.ok() && value.size() == 1 && value[0] != 0;
  };
  bool going = !c.has(1) || holds(c.in(1));
  std::vector<Value> carried;
  if (c.inputs.size() > 2) carried.assign(c.inputs.begin() + 2, c.inputs.end());
  if (body->outputs.size() < carried.size() + 1) return (void)c.e.Fail("the body has too few results");
  const size_t scans = body->outputs.size() - carried.size() - 1;
  std::vector<std::vector<Value>> stacks(scans);
  Value condition = c.e.Constant(TensorValue{ElementType::kBool, {}, {1}});
  for (int64_t trip = 0; trip < trips && going && c.e.ok(); ++trip) {
    std::vector<Value> arguments = {c.e.List<int64_t>({trip}, {}), condition};
    arguments.insert(arguments.end(), carried.begin(), carried.end());
    std::vector<Value> results = c.bodies.RunBody(*body, std::move(arguments));
    if (!c.e.ok()) return;
    condition = results[0];
    going = holds(condition);
    for (size_t i = 0; i < carried.size(); ++i) carried[i] = results[i + 1];
    for (size_t i = 0; i < scans; ++i) stacks[i].push_back(results[carried.size() + 1 + i]);
  }
  if (!c.e.ok()) return;
  for (size_t i = 0; i < carried.size(); ++i) c.Out(i, carried[i]);
  for (size_t i = 0; i < scans; ++i) {
    c.Out(carried.size() + i, Stack(c, stacks[i], 0, body->outputs[carried.size() + 1 + i]));
  }
}

int64_t At(const std::vector<int64_t>& list, size_t i, int64_t otherwise) {
  return i < list.size() ? list[i] : otherwise;
}

// One scan over `sequences`, from `states`; the last states and the stacked results.
std::vector<Value> ScanOnce(Call& c, const OnnxGraph& body, std::vector<Value> states, std::vector<Value> sequences,
                            const std::vector<int64_t>& axes, const std::vector<int64_t>& directions) {
  if (sequences.empty()) return c.e.Fail("there is no sequence"), states;
  std::vector<uint32_t> along;
  for (size_t i = 0; i < sequences.size(); ++i) along.push_back(c.Axis(At(axes, i, 0), sequences[i].rank()));
  if (!c.e.ok()) return states;
  const uint64_t steps = sequences[0].dim(along[0]);
  for (size_t i = 0; i < sequences.size(); ++i) {
    if (sequences[i].dim(along[i]) != steps) return c.e.Fail("sequences differ in length"), states;
  }
  if (body.outputs.size() < states.size()) return c.e.Fail("the body has too few results"), states;
  const size_t scans = body.outputs.size() - states.size();
  std::vector<std::vector<Value>> stacks(scans);
  for (uint64_t step = 0; step < steps && c.e.ok(); ++step) {
    std::vector<Value> arguments = states;
    for (size_t i = 0; i < sequences.size(); ++i) {
      const uint64_t at = At(directions, i, 0) != 0 ? steps - 1 - step : step;
      arguments.push_back(c.e.At(sequences[i], along[i], static_cast<int64_t>(at)));
    }
    std::vector<Value> results = c.bodies.RunBody(body, std::move(arguments));
    if (!c.e.ok()) return states;
    for (size_t i = 0; i < states.size(); ++i) states[i] = results[i];
    for (size_t i = 0; i < scans; ++i) stacks[i].push_back(results[states.size() + i]);
  }
  const std::vector<int64_t> out_axes = c.Ints("scan_output_axes");
  const std::vector<int64_t> out_directions = c.Ints("scan_output_directions");
  const size_t count = states.size();
  for (size_t i = 0; i < scans && c.e.ok(); ++i) {
    if (At(out_directions, i, 0) != 0) std::reverse(stacks[i].begin(), stacks[i].end());
    states.push_back(Stack(c, stacks[i], c.version < 9 ? 0 : At(out_axes, i, 0), body.outputs[count + i]));
  }
  return states;
}

// Operator set 8: a batch of sequences, each with its own states and length.
void ScanBatch(Call& c, const OnnxGraph& body, size_t states, size_t sequences) {
  if (c.has(0)) return (void)c.e.Unsupported("sequences of several lengths");
  const uint64_t batch = c.in(1).dim(0);
  std::vector<std::vector<Value>> results;
  for (uint64_t b = 0; b < batch && c.e.ok(); ++b) {
    auto row = [&](size_t i) {
      const bool is_batch = c.Need(i, 1) && c.in(i).shape[0] == batch;
      return is_batch ? c.e.At(c.in(i), 0, static_cast<int64_t>(b)) : c.e.Fail("batches differ in size");
    };
    std::vector<Value> initial, scanned;
    for (size_t i = 0; i < states; ++i) initial.push_back(row(1 + i));
    for (size_t i = 0; i < sequences; ++i) scanned.push_back(row(1 + states + i));
    if (!c.e.ok()) return;
    results.push_back(ScanOnce(c, body, std::move(initial), std::move(scanned), {}, c.Ints("directions")));
  }
  if (results.empty() || !c.e.ok()) return (void)c.e.Fail("the batch is empty");
  for (size_t i = 0; i < results[0].size(); ++i) {
    std::vector<Value> rows;
    for (const std::vector<Value>& each : results) rows.push_back(each[i]);
    c.Out(i, Stack(c, rows, 0, OnnxValueInfo()));
  }
}

void Scan(Call& c) {
  const OnnxGraph* body = Body(c, "body");
  if (body == nullptr) return;
  const int64_t count = c.Int("num_scan_inputs", 0);
  const size_t given = c.inputs.size() - (c.version < 9 && !c.inputs.empty() ? 1 : 0);
  if (count < 1 || static_cast<uint64_t>(count) > given) return (void)c.e.Fail("num_scan_inputs does not fit");
  const auto sequences = static_cast<size_t>(count);
  if (c.version < 9) return ScanBatch(c, *body, given - sequences, sequences);
  const auto cut = static_cast<int64_t>(given - sequences);
  for (size_t i = 0; i < c.inputs.size(); ++i) {
    if (!c.Need(i)) return;
  }
  std::vector<Value> results =
      ScanOnce(c, *body, {c.inputs.begin(), c.inputs.begin() + cut}, {c.inputs.begin() + cut, c.inputs.end()},
               c.Ints("scan_input_axes"), c.Ints("scan_input_directions"));
  for (size_t i = 0; i < results.size(); ++i) c.Out(i, results[i]);
}

constexpr OpEntry kOps[] = {{"If", If}, {"Loop", Loop}, {"Scan", Scan}};

}  // namespace

std::span<const OpEntry> ControlOps() { return kOps; }

}  // namespace plumb::onnx
