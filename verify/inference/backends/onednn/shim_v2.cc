#include <unordered_map>

#include "fmt/format.h"
#include "oneapi/dnnl/dnnl.hpp"
#include "plumb/base/status.h"
#include "verify/inference/backends/onednn/shim.h"

#if DNNL_VERSION_MAJOR != 2
#error "shim_v2.cc speaks oneDNN 2; version 3 has no operation descriptors and needs a shim of its own"
#endif

namespace plumb::onednn {
namespace {

using dnnl::memory;

dnnl::engine& Engine() {
  static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
  return engine;
}

memory::dims Dims(const Shape& shape) { return memory::dims(shape.begin(), shape.end()); }

memory::desc Describe(const Operand& operand) {
  return memory::desc(Dims(operand.shape), memory::data_type::f32, Dims(operand.strides));
}

memory Wrap(const memory::desc& desc, const float* data) {
  return memory(desc, Engine(), const_cast<float*>(data));  // oneDNN does not write to sources.
}

void Execute(const dnnl::primitive& primitive, const std::unordered_map<int, memory>& arguments) {
  dnnl::stream stream(Engine());
  primitive.execute(stream, arguments);
  stream.wait();
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

absl::Status Eltwise(dnnl::algorithm algorithm, float alpha, const float* x, uint64_t count, float* out) {
  return Guard("eltwise", [&] {
    const memory::desc desc = Describe(Dense(x, {count}));
    dnnl::eltwise_forward::desc operation(dnnl::prop_kind::forward_inference, algorithm, desc, alpha, 0.0f);
    dnnl::eltwise_forward primitive(dnnl::eltwise_forward::primitive_desc(operation, Engine()));
    Execute(primitive, {{DNNL_ARG_SRC, Wrap(desc, x)}, {DNNL_ARG_DST, Wrap(desc, out)}});
  });
}

dnnl::algorithm BinaryAlgorithm(BinaryFunction function) {
  switch (function) {
    case BinaryFunction::kSub:
      return dnnl::algorithm::binary_sub;
    case BinaryFunction::kMul:
      return dnnl::algorithm::binary_mul;
    case BinaryFunction::kDiv:
      return dnnl::algorithm::binary_div;
    case BinaryFunction::kMax:
      return dnnl::algorithm::binary_max;
    case BinaryFunction::kMin:
      return dnnl::algorithm::binary_min;
    default:
      break;
  }
  return dnnl::algorithm::binary_add;
}

}  // namespace

std::string Describe() {
  const dnnl_version_t* version = dnnl_version();
  return fmt::format("oneDNN {}.{}.{} on the CPU", version->major, version->minor, version->patch);
}

absl::Status Available() {
  size_t engines = 0;
  PLUMB_RETURN_IF_ERROR(Guard("count engines", [&] { engines = dnnl::engine::get_count(dnnl::engine::kind::cpu); }));
  return engines > 0 ? absl::OkStatus() : Unavailable("oneDNN was built without a CPU engine");
}

absl::Status MatMul(const Operand& a, const Operand& b, const float* bias, float* out) {
  return Guard("matmul", [&] {
    const Operand result = Dense(out, {a.shape[0], a.shape[1], b.shape[2]});
    const memory::desc a_desc = Describe(a);
    const memory::desc b_desc = Describe(b);
    const memory::desc out_desc = Describe(result);
    std::unordered_map<int, memory> arguments = {{DNNL_ARG_SRC, Wrap(a_desc, a.data)},
                                                 {DNNL_ARG_WEIGHTS, Wrap(b_desc, b.data)},
                                                 {DNNL_ARG_DST, Wrap(out_desc, out)}};
    if (bias == nullptr) {
      dnnl::matmul::desc operation(a_desc, b_desc, out_desc);
      return Execute(dnnl::matmul(dnnl::matmul::primitive_desc(operation, Engine())), arguments);
    }
    const memory::desc bias_desc = Describe(Dense(bias, {1, 1, b.shape[2]}));
    arguments.emplace(DNNL_ARG_BIAS, Wrap(bias_desc, bias));
    dnnl::matmul::desc operation(a_desc, b_desc, bias_desc, out_desc);
    Execute(dnnl::matmul(dnnl::matmul::primitive_desc(operation, Engine())), arguments);
  });
}

bool HasUnary(UnaryFunction function) {
  switch (function) {
    case UnaryFunction::kRelu:
    case UnaryFunction::kGeluErf:
    case UnaryFunction::kGeluTanh:
    case UnaryFunction::kQuickGelu:
    case UnaryFunction::kSilu:
    case UnaryFunction::kTanh:
    case UnaryFunction::kSigmoid:
    case UnaryFunction::kExp:
      return true;
    default:
      return false;
  }
}

absl::Status Unary(UnaryFunction function, const float* x, uint64_t count, float* out) {
  constexpr float kQuickGelu = 1.702f;
  switch (function) {
    case UnaryFunction::kRelu:
      return Eltwise(dnnl::algorithm::eltwise_relu, 0, x, count, out);
    case UnaryFunction::kGeluErf:
      return Eltwise(dnnl::algorithm::eltwise_gelu_erf, 0, x, count, out);
    case UnaryFunction::kGeluTanh:
      return Eltwise(dnnl::algorithm::eltwise_gelu_tanh, 0, x, count, out);
    case UnaryFunction::kQuickGelu:
      return Eltwise(dnnl::algorithm::eltwise_swish, kQuickGelu, x, count, out);
    case UnaryFunction::kSilu:
      return Eltwise(dnnl::algorithm::eltwise_swish, 1, x, count, out);
    case UnaryFunction::kTanh:
      return Eltwise(dnnl::algorithm::eltwise_tanh, 0, x, count, out);
    case UnaryFunction::kSigmoid:
      return Eltwise(dnnl::algorithm::eltwise_logistic, 0, x, count, out);
    case UnaryFunction::kExp:
      return Eltwise(dnnl::algorithm::eltwise_exp, 0, x, count, out);
    default:
      break;
  }
  return Internal("oneDNN: unknown unary function");
}

absl::Status Scale(double factor, const float* x, uint64_t count, float* out) {
  return Eltwise(dnnl::algorithm::eltwise_linear, static_cast<float>(factor), x, count, out);
}

absl::Status Binary(BinaryFunction function, const Operand& a, const Operand& b, float* out) {
  return Guard("binary", [&] {
    const memory::desc a_desc = Describe(a);
    const memory::desc b_desc = Describe(b);
    dnnl::binary::desc operation(BinaryAlgorithm(function), a_desc, b_desc, a_desc);
    dnnl::binary primitive(dnnl::binary::primitive_desc(operation, Engine()));
    Execute(primitive, {{DNNL_ARG_SRC_0, Wrap(a_desc, a.data)},
                        {DNNL_ARG_SRC_1, Wrap(b_desc, b.data)},
                        {DNNL_ARG_DST, Wrap(a_desc, out)}});
  });
}

absl::Status LayerNorm(const float* x, uint64_t rows, uint64_t width, const float* gain, const float* bias,
                       double epsilon, float* out) {
  return Guard("layer normalization", [&] {
    const memory::desc desc = Describe(Dense(x, {rows, width}));
    const memory::desc row = Describe(Dense(gain, {width}));
    const auto flags = dnnl::normalization_flags::use_scale | dnnl::normalization_flags::use_shift;
    dnnl::layer_normalization_forward::desc operation(dnnl::prop_kind::forward_inference, desc,
                                                      static_cast<float>(epsilon), flags);
    dnnl::layer_normalization_forward primitive(dnnl::layer_normalization_forward::primitive_desc(operation, Engine()));
    Execute(primitive, {{DNNL_ARG_SRC, Wrap(desc, x)},
                        {DNNL_ARG_SCALE, Wrap(row, gain)},
                        {DNNL_ARG_SHIFT, Wrap(row, bias)},
                        {DNNL_ARG_DST, Wrap(desc, out)}});
  });
}

absl::Status Softmax(const float* x, uint64_t rows, uint64_t width, float* out) {
  return Guard("softmax", [&] {
    const memory::desc desc = Describe(Dense(x, {rows, width}));
    dnnl::softmax_forward::desc operation(dnnl::prop_kind::forward_inference, desc, 1);
    dnnl::softmax_forward primitive(dnnl::softmax_forward::primitive_desc(operation, Engine()));
    Execute(primitive, {{DNNL_ARG_SRC, Wrap(desc, x)}, {DNNL_ARG_DST, Wrap(desc, out)}});
  });
}

absl::Status Copy(const Operand& x, float* out) {
  return Guard("reorder", [&] {
    const memory source = Wrap(Describe(x), x.data);
    const memory target = Wrap(Describe(Dense(out, x.shape)), out);
    Execute(dnnl::reorder(source, target), {{DNNL_ARG_FROM, source}, {DNNL_ARG_TO, target}});
  });
}

}  // namespace plumb::onednn
