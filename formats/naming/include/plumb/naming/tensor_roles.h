// What each tensor of a model is for, whatever the convention by which it was named.
//
// A role is the tensor's name in the words of GGUF, which are the same for all families: `blk.3.attn_q.weight`. Names
// of transformers, Meta, Flax and TensorFlow are looked up in a table (formats/naming/role_patterns_list.h); a name
// that is in no table is its own role, without what wrappers put in front. docs/naming.md
#ifndef PLUMB_NAMING_TENSOR_ROLES_H_
#define PLUMB_NAMING_TENSOR_ROLES_H_

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "plumb/naming/model_facts.h"
#include "plumb/naming/tensor_layout.h"
#include "plumb/weights/tensor_source.h"

namespace plumb {

// Plain value.
struct TensorRole {
  std::string role;
  // Set when the tensor is one expert's part of `role`.
  std::optional<uint64_t> expert;
  // Whether the role is of the table, so that its layout is known too.
  bool known = false;
  // No weight: a table that the config determines (rotation frequencies, masks), what training keeps beside the
  // weights (optimizer slots, counters), a tensor without elements.
  bool computed = false;
  // Of a gain that is stored with its one, where others of the family lack it.
  bool whole_gain = false;
  // As the convention stores it, with heads where the facts know them; no slice, no addend.
  TensorLayout layout;
};

// The roles of all tensors of one model, parallel to `tensors`: which convention holds is judged from all of them. No
// two have the same role and expert.
std::vector<TensorRole> RolesOf(std::span<const SourceTensor* const> tensors, const ModelFacts& facts);

}  // namespace plumb

#endif  // PLUMB_NAMING_TENSOR_ROLES_H_
