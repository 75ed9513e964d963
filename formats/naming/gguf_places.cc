#include "plumb/naming/gguf_places.h"

#include <algorithm>
#include <iterator>
#include <string_view>

#include "formats/naming/role_patterns_list.h"

namespace plumb {
namespace {

// What llama.cpp's graphs take as F32, beside vectors.
constexpr std::string_view kFloat32[] = {".ffn_gate_inp.weight", ".attn_rel_b.weight", "position_embd.weight",
                                         "token_types.weight"};

template <typename List>
bool Holds(const List& list, std::string_view item) {
  return std::find(std::begin(list), std::end(list), item) != std::end(list);
}

bool IsLeftOut(const TensorRole& role, std::string_view family) {
  for (const auto& [of, prefix] : kLeftOutOfGguf) {
    if (of == family && role.role.starts_with(prefix)) return true;
  }
  return false;
}

}  // namespace

GgufPlace GgufPlaceOf(const TensorRole& role, const ModelFacts& facts) {
  constexpr std::string_view kGateUp = ".ffn_gate_up.";
  GgufPlace place = {.name = role.role, .left_out = IsLeftOut(role, facts.family)};
  if (const size_t at = place.name.find(kGateUp); at != place.name.npos && Holds(kGateInUpFamilies, facts.family)) {
    place.name.replace(at, kGateUp.size(), ".ffn_up.");
  }
  const bool queries = place.name.find(".attn_q.") != place.name.npos;
  const bool keys = place.name.find(".attn_k.") != place.name.npos;
  if ((queries || keys) && Holds(kPairedFamilies, facts.family)) {
    place.layout.rows = RowOrder::kPairs;
    place.layout.heads = queries ? facts.heads : facts.key_heads;
  }
  place.whole_gain = place.name.ends_with("norm.weight") && Holds(kWholeGainFamilies, facts.family);
  place.float32 = std::any_of(std::begin(kFloat32), std::end(kFloat32),
                              [&](std::string_view end) { return place.name.ends_with(end); });
  return place;
}

}  // namespace plumb
