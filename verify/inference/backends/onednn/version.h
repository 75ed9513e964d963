// Where oneDNN 2 and oneDNN 3 are spelt differently.
#ifndef PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_VERSION_H_
#define PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_VERSION_H_

#include "oneapi/dnnl/dnnl.hpp"

#if DNNL_VERSION_MAJOR != 2 && DNNL_VERSION_MAJOR != 3
#error "oneDNN of this major version was never tried"
#endif

namespace plumb::onednn {

// The primitive descriptor of an operation with these parameters. Version 3 has no operation descriptors.
template <typename Operation, typename... Parameters>
typename Operation::primitive_desc DescribePrimitive(const dnnl::engine& engine, const dnnl::primitive_attr& attributes,
                                                     const Parameters&... parameters) {
#if DNNL_VERSION_MAJOR == 2
  return typename Operation::primitive_desc(typename Operation::desc(parameters...), attributes, engine);
#else
  return typename Operation::primitive_desc(engine, parameters..., attributes);
#endif
}

// Version 3 wants the result's descriptor too.
inline dnnl::eltwise_forward::primitive_desc DescribeEltwise(const dnnl::engine& engine,
                                                             const dnnl::primitive_attr& attributes,
                                                             dnnl::algorithm algorithm, const dnnl::memory::desc& desc,
                                                             float alpha, float beta) {
  constexpr auto kForward = dnnl::prop_kind::forward_inference;
#if DNNL_VERSION_MAJOR == 2
  return DescribePrimitive<dnnl::eltwise_forward>(engine, attributes, kForward, algorithm, desc, alpha, beta);
#else
  return DescribePrimitive<dnnl::eltwise_forward>(engine, attributes, kForward, algorithm, desc, desc, alpha, beta);
#endif
}

}  // namespace plumb::onednn

#endif  // PLUMB_VERIFY_INFERENCE_BACKENDS_ONEDNN_VERSION_H_
