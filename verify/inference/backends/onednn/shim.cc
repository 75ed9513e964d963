#include "verify/inference/backends/onednn/shim.h"

#include <unordered_map>
#include <utility>

#include "fmt/format.h"
#include "oneapi/dnnl/dnnl.h"
#include "plumb/base/status.h"
#include "verify/inference/backends/onednn/version.h"

namespace plumb::onednn {
namespace {

using dnnl::memory;

dnnl::engine& Engine() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

dnnl::stream& Stream() {
  thread_local dnnl::stream stream(Engine());
  return stream;
}

memory::data_type TypeOf(ElementType type) {
  return type == ElementType::kBF16 ? memory::data_type::bf16 : memory::data_type::f32;
}

memory::dims Dims(const Shape& shape) { return memory::dims(shape.begin(), shape.end()); }

memory::desc Desc(const Layout& layout, ElementType type = ElementType::kF32) {
  return memory::desc(Dims(layout.shape), TypeOf(type), Dims(layout.strides));
}

memory::desc Dense(const Shape& shape) { return Desc(DenseLayout(shape)); }

memory::desc Any(const Shape& shape, ElementType type = ElementType::kF32) {
  return memory::desc(Dims(shape), TypeOf(type), memory::format_tag::any);
}

memory Wrap(const memory::desc& desc, const void* data) {
  return memory(desc, Engine(), const_cast<void*>(data));  // oneDNN does not write to sources.
}

// Runs `work` and turns what it throws into a status.
template <typename Work>
absl::Status Guard(std::string_view what, Work work) {
  try {
    work();
    return absl::OkStatus();
  } catch (const dnnl::error& error) {
    return Internal(fmt::format("oneDNN could not do {}: {} (status {})", what, error.what(), int{error.status}));
  } catch (const std::exception& error) {
    return Internal(fmt::format("oneDNN could not do {}: {}", what, error.what()));
  }
}

dnnl::primitive_attr OwnScratch() {
  dnnl::primitive_attr attributes;
  attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  return attributes;
}

uint64_t Rounded(uint64_t bytes) { return (bytes + 63) / 64 * 64; }

// What each argument is: as it is given (`plain`), and as the primitive wants it (`inner`).
struct Part {
  memory::desc plain;
  memory::desc inner;
  bool moves() const { return plain != inner; }
};

// A primitive with reorders around it where its memory formats differ from ours.
class ReorderingPrimitive : public Primitive {
 public:
  dnnl::primitive primitive;
  std::string name;
  Part x;
  Part weights;
  Part out;
  memory::desc bias;
  memory::desc scratch;
  bool has_weights = false;
  bool has_bias = false;
  bool packs = false;  // Weights come in `weights.inner`.

  // Only x of the operation is reordered on the way in; REQUIRES: every field above is set.
  absl::Status Finish() {
    return Guard(name, [&] {
      if (x.moves()) x_reorder_ = Reorder(x.plain, x.inner);
      if (has_weights && weights.moves()) weights_reorder_ = Reorder(weights.plain, weights.inner);
      if (out.moves()) out_reorder_ = Reorder(out.inner, out.plain);
    });
  }

  uint64_t scratch_bytes() const override {
    return Rounded(scratch.get_size()) + Moved(x) + Moved(out) + (has_weights && !packs ? Moved(weights) : 0);
  }
  uint64_t packed_bytes() const override { return packs ? weights.inner.get_size() : 0; }

  absl::Status Pack(const void* plain, void* packed) const override {
    return Guard("pack weights", [&] {
      memory from = Wrap(weights.plain, plain);
      memory to = Wrap(weights.inner, packed);
      if (weights.moves()) {
        Execute(weights_reorder_, {{DNNL_ARG_FROM, from}, {DNNL_ARG_TO, to}});
      } else {
        std::copy_n(static_cast<const uint8_t*>(plain), weights.inner.get_size(), static_cast<uint8_t*>(packed));
      }
    });
  }

  absl::Status Run(const Arguments& arguments) const override {
    return Guard(name, [&] {
      auto* room = static_cast<uint8_t*>(arguments.scratch);
      std::unordered_map<int, memory> list;
      list.emplace(DNNL_ARG_SCRATCHPAD, Wrap(scratch, room));
      room += Rounded(scratch.get_size());
      list.emplace(DNNL_ARG_SRC, Inner(x, arguments.x, x_reorder_, room));
      if (has_weights) {
        list.emplace(DNNL_ARG_WEIGHTS, packs ? Wrap(weights.inner, arguments.weights)
                                             : Inner(weights, arguments.weights, weights_reorder_, room));
      }
      if (has_bias) list.emplace(DNNL_ARG_BIAS, Wrap(bias, arguments.bias));
      memory result = Wrap(out.inner, out.moves() ? room : arguments.out);
      list.emplace(DNNL_ARG_DST, result);
      Execute(primitive, list);
      if (!out.moves()) return;
      Execute(out_reorder_, {{DNNL_ARG_FROM, result}, {DNNL_ARG_TO, Wrap(out.plain, arguments.out)}});
    });
  }

 private:
  static uint64_t Moved(const Part& part) { return part.moves() ? Rounded(part.inner.get_size()) : 0; }
  static dnnl::reorder Reorder(const memory::desc& from, const memory::desc& to) {
    return dnnl::reorder(dnnl::reorder::primitive_desc(Engine(), from, Engine(), to));
  }
  static void Execute(const dnnl::primitive& work, const std::unordered_map<int, memory>& list) {
    work.execute(Stream(), list);
    Stream().wait();
  }
  static memory Inner(const Part& part, const void* data, const dnnl::primitive& reorder, uint8_t*& room) {
    if (!part.moves()) return Wrap(part.inner, data);
    memory moved = Wrap(part.inner, room);
    Execute(reorder, {{DNNL_ARG_FROM, Wrap(part.plain, data)}, {DNNL_ARG_TO, moved}});
    room += Rounded(part.inner.get_size());
    return moved;
  }

  dnnl::primitive x_reorder_;
  dnnl::primitive weights_reorder_;
  dnnl::primitive out_reorder_;
};

// Makes a primitive with `make`, which sets all fields of its argument.
template <typename Make>
absl::StatusOr<std::unique_ptr<Primitive>> Build(std::string name, Make make) {
  auto made = std::make_unique<ReorderingPrimitive>();
  made->name = std::move(name);
  PLUMB_RETURN_IF_ERROR(Guard(made->name, [&] { make(*made); }));
  PLUMB_RETURN_IF_ERROR(made->Finish());
  return made;
}

// The convolution's geometry in oneDNN's words.
struct Window {
  memory::dims strides;
  memory::dims dilations;  // Less one.
  memory::dims before;
  memory::dims after;

  explicit Window(const WindowAttributes& from)
      : strides(from.strides.begin(), from.strides.end()),
        before(from.pads_before.begin(), from.pads_before.end()),
        after(from.pads_after.begin(), from.pads_after.end()) {
    for (uint64_t dilation : from.dilations) dilations.push_back(static_cast<int64_t>(dilation) - 1);
    // What a transposed convolution adds at its end is padding that is not there.
    for (size_t i = 0; i < from.output_padding.size(); ++i) after[i] -= static_cast<int64_t>(from.output_padding[i]);
  }
};

// Weights as oneDNN names them: [groups, out / groups, in / groups, ...]. A transposed convolution's come as
// [in, out / groups, ...].
Layout GroupedWeights(const ConvSpec& spec) {
  const Layout dense = DenseLayout(spec.weights);
  const uint64_t groups = spec.window.groups;
  Layout layout = {{groups, spec.weights[0] / groups}, {dense.strides[0] * (spec.weights[0] / groups)}};
  layout.strides.push_back(dense.strides[0]);
  for (size_t i = 1; i < spec.weights.size(); ++i) {
    layout.shape.push_back(spec.weights[i]);
    layout.strides.push_back(dense.strides[i]);
  }
  if (spec.transposed) {
    std::swap(layout.shape[1], layout.shape[2]);
    std::swap(layout.strides[1], layout.strides[2]);
  }
  return layout;
}

template <typename Operation, typename Kind>
void SetConv(const ConvSpec& spec, Kind kind, ReorderingPrimitive& p) {
  const Window window(spec.window);
  p.weights.plain = Desc(GroupedWeights(spec));
  const memory::desc weights = Any(GroupedWeights(spec).shape);
  const auto forward = dnnl::prop_kind::forward_inference;
  const typename Operation::primitive_desc desc =
      spec.has_bias
          ? DescribePrimitive<Operation>(Engine(), OwnScratch(), forward, kind, Any(spec.x), weights,
                                         Any({spec.out[1]}), Any(spec.out), window.strides, window.dilations,
                                         window.before, window.after)
          : DescribePrimitive<Operation>(Engine(), OwnScratch(), forward, kind, Any(spec.x), weights, Any(spec.out),
                                         window.strides, window.dilations, window.before, window.after);
  p.primitive = Operation(desc);
  p.x = {Dense(spec.x), desc.src_desc()};
  p.weights.inner = desc.weights_desc();
  p.out = {Dense(spec.out), desc.dst_desc()};
  if (spec.has_bias) p.bias = desc.bias_desc();
  p.scratch = desc.scratchpad_desc();
}

struct EltwiseKind {
  dnnl::algorithm algorithm;
  float alpha;
  float beta;
};

// Where oneDNN's function is ours for finite numbers.
bool FindEltwise(const UnaryAttributes& attributes, EltwiseKind& kind) {
  const auto alpha = static_cast<float>(attributes.alpha);
  const auto beta = static_cast<float>(attributes.beta);
  switch (attributes.function) {
    case UnaryFunction::kRelu:
      return kind = {dnnl::algorithm::eltwise_relu, 0, 0}, true;
    case UnaryFunction::kGeluErf:
      return kind = {dnnl::algorithm::eltwise_gelu_erf, 0, 0}, true;
    case UnaryFunction::kGeluTanh:
      return kind = {dnnl::algorithm::eltwise_gelu_tanh, 0, 0}, true;
    case UnaryFunction::kQuickGelu:
      return kind = {dnnl::algorithm::eltwise_swish, 1.702f, 0}, true;
    case UnaryFunction::kSilu:
      return kind = {dnnl::algorithm::eltwise_swish, 1, 0}, true;
    case UnaryFunction::kTanh:
      return kind = {dnnl::algorithm::eltwise_tanh, 0, 0}, true;
    case UnaryFunction::kSigmoid:
      return kind = {dnnl::algorithm::eltwise_logistic, 0, 0}, true;
    case UnaryFunction::kExp:
      return kind = {dnnl::algorithm::eltwise_exp, 0, 0}, true;
    case UnaryFunction::kElu:
      return kind = {dnnl::algorithm::eltwise_elu, alpha, 0}, true;
    case UnaryFunction::kLeakyRelu:
      return kind = {dnnl::algorithm::eltwise_relu, alpha, 0}, alpha != 0;
    case UnaryFunction::kHardSwish:
      return kind = {dnnl::algorithm::eltwise_hardswish, 0, 0}, true;
    case UnaryFunction::kSoftplus:
      return kind = {dnnl::algorithm::eltwise_soft_relu, 0, 0}, true;
    case UnaryFunction::kMish:
      return kind = {dnnl::algorithm::eltwise_mish, 0, 0}, true;
    default:
      return kind = {dnnl::algorithm::eltwise_linear, alpha, beta}, false;
  }
}

std::string_view NameOf(dnnl::cpu_isa isa) {
  switch (isa) {
    case dnnl::cpu_isa::sse41:
      return "SSE41";
    case dnnl::cpu_isa::avx:
      return "AVX";
    case dnnl::cpu_isa::avx2:
      return "AVX2";
    case dnnl::cpu_isa::avx2_vnni:
      return "AVX2_VNNI";
    case dnnl::cpu_isa::avx512_core:
      return "AVX512_CORE";
    case dnnl::cpu_isa::avx512_core_vnni:
      return "AVX512_CORE_VNNI";
    case dnnl::cpu_isa::avx512_core_bf16:
      return "AVX512_CORE_BF16";
    case dnnl::cpu_isa::avx512_core_amx:
      return "AVX512_CORE_AMX";
    default:
      return "DEFAULT";
  }
}

}  // namespace

Layout DenseLayout(const Shape& shape) {
  Shape strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return {shape, std::move(strides)};
}

std::string Describe() {
  const dnnl_version_t* version = dnnl_version();
  return fmt::format("oneDNN {}.{}.{} on the CPU, {}", version->major, version->minor, version->patch,
                     InstructionSet());
}

absl::Status Available() {
  size_t engines = 0;
  PLUMB_RETURN_IF_ERROR(Guard("count engines", [&] { engines = dnnl::engine::get_count(dnnl::engine::kind::cpu); }));
  return engines > 0 ? absl::OkStatus() : Unavailable("oneDNN was built without a CPU engine");
}

std::string_view InstructionSet() { return NameOf(dnnl::get_effective_cpu_isa()); }

absl::StatusOr<std::unique_ptr<Primitive>> MakeMatMul(const MatMulSpec& spec) {
  return Build("matmul", [&](ReorderingPrimitive& p) {
    const memory::desc x = Desc(spec.x, spec.type);
    const memory::desc out = Desc(spec.out);
    const memory::desc plain = Desc(spec.weights, spec.type);
    const memory::desc wanted = spec.packs ? Any(spec.weights.shape, spec.type) : plain;
    Shape bias_shape(spec.out.shape.size(), 1);
    bias_shape.back() = spec.out.shape.back();
    p.bias = Dense(bias_shape);
    const dnnl::matmul::primitive_desc desc =
        spec.has_bias ? DescribePrimitive<dnnl::matmul>(Engine(), OwnScratch(), x, wanted, p.bias, out)
                      : DescribePrimitive<dnnl::matmul>(Engine(), OwnScratch(), x, wanted, out);
    p.primitive = dnnl::matmul(desc);
    p.x = {x, x};
    p.weights = {plain, desc.weights_desc()};
    p.out = {out, out};
    p.scratch = desc.scratchpad_desc();
    p.has_weights = true;
    p.has_bias = spec.has_bias;
    p.packs = spec.packs;
  });
}

absl::StatusOr<std::unique_ptr<Primitive>> MakeConv(const ConvSpec& spec) {
  return Build(spec.transposed ? "deconvolution" : "convolution", [&](ReorderingPrimitive& p) {
    p.has_weights = true;
    p.has_bias = spec.has_bias;
    p.packs = spec.packs;
    if (spec.transposed) {
      SetConv<dnnl::deconvolution_forward>(spec, dnnl::algorithm::deconvolution_direct, p);
    } else {
      SetConv<dnnl::convolution_forward>(spec, dnnl::algorithm::convolution_direct, p);
    }
  });
}

bool HasUnary(const UnaryAttributes& attributes) {
  EltwiseKind kind{};
  return FindEltwise(attributes, kind);
}

absl::StatusOr<std::unique_ptr<Primitive>> MakeUnary(const UnaryAttributes& attributes, uint64_t count) {
  EltwiseKind kind{};
  if (!FindEltwise(attributes, kind)) return Internal("oneDNN: unknown unary function");
  return Build("eltwise", [&](ReorderingPrimitive& p) {
    const memory::desc desc = Dense({count});
    const auto made = DescribeEltwise(Engine(), OwnScratch(), kind.algorithm, desc, kind.alpha, kind.beta);
    p.primitive = dnnl::eltwise_forward(made);
    p.x = {desc, desc};
    p.out = {desc, desc};
    p.scratch = made.scratchpad_desc();
  });
}

absl::StatusOr<std::unique_ptr<Primitive>> MakeCopy(const Layout& x) {
  return Build("reorder", [&](ReorderingPrimitive& p) {
    const memory::desc out = Dense(x.shape);
    dnnl::reorder::primitive_desc desc(Engine(), Desc(x), Engine(), out, OwnScratch());
    p.primitive = dnnl::reorder(desc);
    p.x = {Desc(x), Desc(x)};
    p.out = {out, out};
    p.scratch = desc.scratchpad_desc();
  });
}

}  // namespace plumb::onednn
