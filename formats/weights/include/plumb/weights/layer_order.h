// In which order a model uses its tensors.
#ifndef PLUMB_WEIGHTS_LAYER_ORDER_H_
#define PLUMB_WEIGHTS_LAYER_ORDER_H_

#include <cstdint>
#include <string_view>

namespace plumb {

// A rank by which tensors sort as a forward pass needs them, judged by the name alone: embeddings 0; what has a layer
// number that number plus one (`model.layers.7.mlp.up_proj.weight`, `h.7.attn.c_attn.bias`, `blk.7.ffn_up.weight`: 8);
// the rest last.
uint32_t LayerRank(std::string_view tensor_name);

}  // namespace plumb

#endif  // PLUMB_WEIGHTS_LAYER_ORDER_H_
