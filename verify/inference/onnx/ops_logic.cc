// Comparisons, logic and choice.
#include "verify/inference/onnx/broadcast.h"
#include "verify/inference/onnx/call.h"

namespace plumb::onnx {
namespace {

using G = BinaryFunction;

template <BinaryFunction function, bool swapped = false>
void Compare(Call& c) {
  if (!c.Need(0) || !c.Need(1)) return;
  const Value& a = c.in(0);
  Value b = LegacyBroadcast(c, a, c.in(1));
  c.Out(swapped ? c.e.Binary(function, b, a) : c.e.Binary(function, a, b));
}

void Not(Call& c) {
  if (c.Need(0)) c.Out(c.e.Not(c.in(0)));
}

void IsNan(Call& c) {
  if (c.Need(0)) c.Out(c.e.Unary(UnaryFunction::kIsNan, c.in(0)));
}

void IsInf(Call& c) {
  if (!c.Need(0)) return;
  const auto negative = static_cast<double>(c.Int("detect_negative", 1));
  const auto positive = static_cast<double>(c.Int("detect_positive", 1));
  c.Out(c.e.Unary(UnaryFunction::kIsInf, c.in(0), negative, positive));
}

void Where(Call& c) {
  if (c.Need(0) && c.Need(1) && c.Need(2)) c.Out(c.e.Where(c.in(0), c.in(1), c.in(2)));
}

constexpr OpEntry kOps[] = {
    {"And", Compare<G::kAnd>},
    {"Or", Compare<G::kOr>},
    {"Xor", Compare<G::kXor>},
    {"Equal", Compare<G::kEqual>},
    {"Less", Compare<G::kLess>},
    {"Greater", Compare<G::kLess, true>},
    {"LessOrEqual", Compare<G::kLessOrEqual>},
    {"GreaterOrEqual", Compare<G::kLessOrEqual, true>},
    {"Not", Not},
    {"IsNaN", IsNan},
    {"IsInf", IsInf},
    {"Where", Where},
};

}  // namespace

std::span<const OpEntry> LogicOps() { return kOps; }

}  // namespace plumb::onnx
