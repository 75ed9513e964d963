// Conversions between types, and operators that hand a value on.
#include "fmt/format.h"
#include "verify/inference/onnx/call.h"

namespace plumb::onnx {
namespace {

void Cast(Call& c) {
  if (!c.Need(0)) return;
  const auto type = static_cast<OnnxType>(c.Int("to", 0));
  const std::optional<ElementType> to = ElementTypeFor(type);
  if (!to || OnnxTypeBits(type) < 8) return (void)c.e.Unsupported(fmt::format("converts to {}", OnnxTypeName(type)));
  c.Out(c.e.Cast(*to, c.in(0)));
}

void CastLike(Call& c) {
  if (c.Need(0) && c.Need(1)) c.Out(c.e.Cast(c.in(1).type, c.in(0)));
}

void Identity(Call& c) {
  if (!c.has(0)) return (void)c.e.Fail("the operand is left out");
  c.Out(c.in(0));
}

// Without training nothing is dropped, and the mask is true throughout.
void Dropout(Call& c) {
  if (!c.Need(0)) return;
  const Value& x = c.in(0);
  if (c.has(2)) {
    const std::vector<double> training = c.e.Numbers(c.in(2));
    const std::vector<double> ratio = c.has(1) ? c.e.Numbers(c.in(1)) : std::vector<double>{0.5};
    if (!c.e.ok()) return;
    if (!training.empty() && training[0] != 0 && (ratio.empty() || ratio[0] != 0)) {
      return (void)c.e.Unsupported("drops elements at random");
    }
  }
  c.Out(x);
  if (!c.wants(1)) return;
  const ElementType mask = c.version < 10 ? x.type : ElementType::kBool;
  c.Out(1, c.e.Expand(c.e.Scalar(mask, 1), x.shape));
}

void Random(Call& c) { c.e.Unsupported("its result is random"); }

constexpr OpEntry kOps[] = {
    {"Cast", Cast},
    {"CastLike", CastLike},
    {"Identity", Identity},
    {"Dropout", Dropout},
    {"Bernoulli", Random},
    {"RandomNormal", Random},
    {"RandomNormalLike", Random},
    {"RandomUniform", Random},
    {"RandomUniformLike", Random},
    {"Multinomial", Random},
};

}  // namespace

std::span<const OpEntry> CastOps() { return kOps; }

}  // namespace plumb::onnx
