// Recurrent layers, unrolled step by step.
#include <algorithm>
#include <numeric>

#include "fmt/format.h"
#include "verify/inference/onnx/quantize.h"

namespace plumb::onnx {
namespace {

using F = UnaryFunction;

// One direction of a layer over [T, B, I].
class Direction {
 public:
  // `quantised`: operands 1 and 2 are integers [D, inputs, gates * H], with scales and zero points from operand 8 on.
  Direction(Call& c, const Value& x, uint64_t gates, int64_t number, bool reverse, bool quantised)
      : c_(c), e_(c.e), x_(x), gates_(gates), number_(number), reverse_(reverse), quantised_(quantised) {
    hidden_ = static_cast<int64_t>(c.in(2).dim(quantised ? 1 : 2));
    projected_ = Project();
    recurrent_ = quantised ? Part(2) : e_.Swap(Part(2), 0, 1);  // [H, gates * H]
  }

  // The part of operand i that is this direction's.
  Value Part(size_t i) { return e_.At(c_.in(i), 0, number_); }
  // Row `gate` of a list of gates of H each.
  Value Gate(const Value& x, int64_t gate) {
    if (x.rank() == 0) return x;
    return e_.Slice(x, static_cast<uint32_t>(x.rank() - 1), gate * hidden_, (gate + 1) * hidden_);
  }
  Value Bias(int64_t gate) { return Gate(Part(3), gate); }
  Value State(size_t i) {
    if (c_.has(i)) return Part(i);
    return e_.Expand(e_.Scalar(x_.type, 0), {x_.dim(1), static_cast<uint64_t>(hidden_)});
  }
  // x W + its bias for step `s`, [B, gates * H].
  Value Input(size_t s) {
    if (places_.empty()) return e_.At(projected_, 0, static_cast<int64_t>(reverse_ ? x_.dim(0) - 1 - s : s));
    Value flat = e_.Reshape(projected_, {x_.dim(0) * x_.dim(1), gates_ * static_cast<uint64_t>(hidden_)});
    const auto batch = static_cast<int64_t>(x_.dim(1));
    std::vector<int64_t> rows;
    for (int64_t b = 0; b < batch; ++b) rows.push_back(places_[s * x_.dim(1) + static_cast<size_t>(b)] * batch + b);
    return e_.Gather(flat, e_.Indices(rows), 0);
  }
  const Value& recurrent() const { return recurrent_; }
  // h times all of it.
  Value Recur(const Value& h) { return quantised_ ? QuantisedProduct(h, 2, 10) : e_.MatMul(h, recurrent_); }
  int64_t hidden() const { return hidden_; }
  size_t steps() const { return x_.dim(0); }

  // Sequences shorter than T: step s of sequence b is at places_[s * B + b], and counts while s is below its length.
  void SetLengths(const std::vector<int64_t>& lengths) {
    const auto steps = static_cast<int64_t>(x_.dim(0));
    if (std::all_of(lengths.begin(), lengths.end(), [&](int64_t length) { return length == steps; })) return;
    lengths_ = lengths;
    for (int64_t s = 0; s < steps; ++s) {
      for (int64_t length : lengths) places_.push_back(reverse_ && s < length ? length - 1 - s : s);
    }
  }
  // `now` where step s counts, else `before` (zero when absent).
  Value Masked(size_t s, const Value& now, const Value& before) {
    if (lengths_.empty()) return now;
    std::vector<double> alive;
    for (int64_t length : lengths_) alive.push_back(static_cast<int64_t>(s) < length ? 1 : 0);
    Value mask = e_.Reshape(e_.Table(ElementType::kBool, alive, {alive.size()}), {alive.size(), 1});
    return e_.Where(mask, now, before.present ? before : e_.Scalar(now.type, 0));
  }
  // The results of all steps, in the order of time: [T, B, H].
  Value Stack(const std::vector<Value>& results) {
    std::vector<Value> rows;
    for (size_t t = 0; t < results.size(); ++t) {
      const Value& row = results[reverse_ && places_.empty() ? results.size() - 1 - t : t];
      rows.push_back(e_.Reshape(row, {1, x_.dim(1), static_cast<uint64_t>(hidden_)}));
    }
    Value all = e_.Concat(0, rows);
    if (places_.empty() || !reverse_) return all;
    std::vector<int64_t> order;
    for (size_t i = 0; i < places_.size(); ++i) {
      order.push_back(places_[i] * static_cast<int64_t>(x_.dim(1)) + static_cast<int64_t>(i % x_.dim(1)));
    }
    Value flat = e_.Reshape(all, {x_.dim(0) * x_.dim(1), static_cast<uint64_t>(hidden_)});
    return e_.Reshape(e_.Gather(flat, e_.Indices(order), 0), all.shape);
  }

 private:
  Value Project() {
    Value flat = e_.Reshape(x_, {x_.dim(0) * x_.dim(1), x_.dim(2)});
    Value product = quantised_ ? QuantisedProduct(flat, 1, 8)
                               : e_.Append(OpKind::kMatMul, {flat, Part(1)}, MatMulAttributes{.transpose_b = true});
    const auto width = static_cast<int64_t>(gates_) * hidden_;
    if (c_.has(3)) product = e_.Add(product, e_.Slice(Part(3), 0, 0, width));
    return e_.Reshape(product, {x_.dim(0), x_.dim(1), static_cast<uint64_t>(width)});
  }

  // x, quantised by its own range, times operand `weights`, whose scale is operand `scale` and whose zero point
  // follows.
  Value QuantisedProduct(const Value& x, size_t weights, size_t scale) {
    const Quantised a = QuantizeByRange(e_, x);
    Value zero = c_.has(scale + 1) ? Part(scale + 1) : Value();
    Value sums = e_.MatMul(Centred(e_, a.y, a.zero, false), Centred(e_, Part(weights), zero, false));
    return e_.Mul(e_.Cast(ElementType::kF32, sums), e_.Mul(a.scale, Part(scale)));
  }

  Call& c_;
  Emitter& e_;
  const Value& x_;
  uint64_t gates_;
  int64_t number_;
  bool reverse_;
  bool quantised_;
  int64_t hidden_ = 0;
  Value projected_;
  Value recurrent_;
  std::vector<int64_t> lengths_;
  std::vector<int64_t> places_;
};

// The layer's activation functions, by place.
class Activations {
 public:
  Activations(Call& c, std::vector<std::string_view> otherwise, size_t direction) : c_(c) {
    const size_t count = otherwise.size();
    if (const OnnxAttribute* given = c.Attribute("activations"); given != nullptr && !given->strings.empty()) {
      for (size_t i = 0; i < count; ++i) {
        const size_t at = direction * count + i;
        if (at < given->strings.size()) otherwise[i] = given->strings[at];
      }
      if (c.Attribute("activation_alpha") != nullptr) c.e.Unsupported("activations with parameters");
    }
    names_ = std::move(otherwise);
  }

  Value Apply(size_t i, const Value& x) const {
    const double clip = c_.Float("clip", 0);
    Value bounded = x;
    if (clip > 0) bounded = c_.e.Min(c_.e.Max(x, c_.e.Scalar(x.type, -clip)), c_.e.Scalar(x.type, clip));
    static constexpr std::pair<std::string_view, F> kNames[] = {
        {"Sigmoid", F::kSigmoid},   {"Tanh", F::kTanh},         {"Relu", F::kRelu},
        {"Softsign", F::kSoftsign}, {"Softplus", F::kSoftplus},
    };
    for (const auto& [name, function] : kNames) {
      if (name == names_[i]) return c_.e.Unary(function, bounded);
    }
    return c_.e.Unsupported(fmt::format("activation {}", names_[i]));
  }

 private:
  Call& c_;
  std::vector<std::string_view> names_;
};

// What a direction gives: all results, and the last states.
struct Final {
  Value all;
  Value h;
  Value c;
};

Final RunLstm(Call& c, Direction& d, size_t number) {
  Emitter& e = c.e;
  const Activations f(c, {"Sigmoid", "Tanh", "Tanh"}, number);
  const bool peepholes = c.has(7);
  const bool coupled = c.Int("input_forget", 0) != 0;
  Value bias = c.has(3) ? e.Slice(d.Part(3), 0, 4 * d.hidden(), 8 * d.hidden()) : Value();
  auto peep = [&](const Value& gate, int64_t which, const Value& state) {
    return peepholes ? e.Add(gate, e.Mul(d.Gate(d.Part(7), which), state)) : gate;
  };
  Final last = {{}, d.State(5), d.State(6)};
  std::vector<Value> results;
  for (size_t s = 0; s < d.steps() && e.ok(); ++s) {
    Value gates = e.Add(d.Input(s), d.Recur(last.h));
    if (bias.present) gates = e.Add(gates, bias);
    Value input = f.Apply(0, peep(d.Gate(gates, 0), 0, last.c));
    Value forget = coupled ? e.Sub(e.Scalar(input.type, 1), input) : f.Apply(0, peep(d.Gate(gates, 2), 2, last.c));
    Value cell = e.Add(e.Mul(forget, last.c), e.Mul(input, f.Apply(1, d.Gate(gates, 3))));
    Value output = f.Apply(0, peep(d.Gate(gates, 1), 1, cell));
    Value h = e.Mul(output, f.Apply(2, cell));
    results.push_back(d.Masked(s, h, {}));
    last.h = d.Masked(s, h, last.h);
    last.c = d.Masked(s, cell, last.c);
  }
  last.all = d.Stack(results);
  return last;
}

Final RunGru(Call& c, Direction& d, size_t number) {
  Emitter& e = c.e;
  const Activations f(c, {"Sigmoid", "Tanh"}, number);
  const bool linear = c.Int("linear_before_reset", 0) != 0;
  auto bias = [&](int64_t gate, const Value& x) { return c.has(3) ? e.Add(x, d.Bias(3 + gate)) : x; };
  Value r_update = d.Gate(d.recurrent(), 0);
  Value r_reset = d.Gate(d.recurrent(), 1);
  Value r_new = d.Gate(d.recurrent(), 2);
  Final last = {{}, d.State(5), {}};
  std::vector<Value> results;
  for (size_t s = 0; s < d.steps() && e.ok(); ++s) {
    Value x = d.Input(s);
    Value update = f.Apply(0, bias(0, e.Add(d.Gate(x, 0), e.MatMul(last.h, r_update))));
    Value reset = f.Apply(0, bias(1, e.Add(d.Gate(x, 1), e.MatMul(last.h, r_reset))));
    Value hidden =
        linear ? e.Mul(reset, bias(2, e.MatMul(last.h, r_new))) : bias(2, e.MatMul(e.Mul(reset, last.h), r_new));
    Value fresh = f.Apply(1, e.Add(d.Gate(x, 2), hidden));
    Value h = e.Add(e.Mul(e.Sub(e.Scalar(x.type, 1), update), fresh), e.Mul(update, last.h));
    results.push_back(d.Masked(s, h, {}));
    last.h = d.Masked(s, h, last.h);
  }
  last.all = d.Stack(results);
  return last;
}

Final RunPlain(Call& c, Direction& d, size_t number) {
  Emitter& e = c.e;
  const Activations f(c, {"Tanh"}, number);
  Final last = {{}, d.State(5), {}};
  std::vector<Value> results;
  for (size_t s = 0; s < d.steps() && e.ok(); ++s) {
    Value sum = e.Add(d.Input(s), e.MatMul(last.h, d.recurrent()));
    if (c.has(3)) sum = e.Add(sum, d.Bias(1));
    Value h = f.Apply(0, sum);
    results.push_back(d.Masked(s, h, {}));
    last.h = d.Masked(s, h, last.h);
  }
  last.all = d.Stack(results);
  return last;
}

// Operands with the batch first, turned to time first: X, and the initial states.
void TurnBatchFirst(Call& c) {
  for (size_t i : {size_t{0}, size_t{5}, size_t{6}}) {
    if (c.has(i) && c.Need(i, 3)) c.inputs[i] = c.e.Swap(c.in(i), 0, 1);
  }
}

template <uint64_t gates, Final (*run)(Call&, Direction&, size_t), bool quantised = false>
void Layer(Call& c) {
  if (!c.Need(0, 3) || !c.Need(1, 3) || !c.Need(2, 3)) return;
  if (quantised && (!c.Need(8, 1) || !c.Need(10, 1))) return;
  const bool batch_first = c.Int("layout", 0) != 0;
  if (batch_first) TurnBatchFirst(c);
  const std::string_view direction = c.Text("direction", "forward");
  const size_t directions = direction == "bidirectional" ? 2 : 1;
  const std::vector<int64_t> lengths = c.has(4) ? c.e.Integers(c.in(4)) : std::vector<int64_t>();
  if (!c.e.ok()) return;
  const Value x = c.in(0);
  const auto steps = static_cast<int64_t>(x.shape[0]);
  constexpr int64_t kStepsMax = 1 << 16;
  constexpr uint64_t kRowsMax = 1u << 24;
  if (steps > kStepsMax || x.shape[1] > kRowsMax / kStepsMax) return (void)c.e.Fail("there are too many steps");
  const bool fits = c.in(1).shape[0] == directions && c.in(2).shape[0] == directions && steps > 0 &&
                    (lengths.empty() || lengths.size() == x.shape[1]) &&
                    std::all_of(lengths.begin(), lengths.end(), [&](int64_t n) { return n >= 0 && n <= steps; });
  if (!fits) return (void)c.e.Fail("directions, steps or lengths do not fit");
  std::vector<Value> all, h, cell;
  for (size_t i = 0; i < directions; ++i) {
    Direction d(c, x, gates, static_cast<int64_t>(i), i == 1 || direction == "reverse", quantised);
    if (!lengths.empty()) d.SetLengths(lengths);
    Final final = run(c, d, i);
    if (!c.e.ok()) return;
    const Shape one = {1, x.shape[1], static_cast<uint64_t>(d.hidden())};
    all.push_back(c.e.Reshape(final.all, {x.shape[0], 1, x.shape[1], one[2]}));
    h.push_back(c.e.Reshape(final.h, one));
    if (final.c.present) cell.push_back(c.e.Reshape(final.c, one));
  }
  Value result = c.e.Concat(1, all);
  c.Out(0, batch_first ? c.e.Transpose(result, {2, 0, 1, 3}) : result);
  auto last = [&](const std::vector<Value>& parts) {
    Value joined = c.e.Concat(0, parts);
    return batch_first ? c.e.Swap(joined, 0, 1) : joined;
  };
  c.Out(1, last(h));
  if (!cell.empty()) c.Out(2, last(cell));
}

constexpr OpEntry kOps[] = {{"LSTM", Layer<4, RunLstm>},
                            {"GRU", Layer<3, RunGru>},
                            {"RNN", Layer<1, RunPlain>},
                            {"DynamicQuantizeLSTM", Layer<4, RunLstm, true>, "com.microsoft"}};

}  // namespace

std::span<const OpEntry> RecurrentOps() { return kOps; }

}  // namespace plumb::onnx
