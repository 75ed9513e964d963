#include "plumb/naming/tensor_roles.h"

#include <algorithm>
#include <map>
#include <set>
#include <unordered_map>
#include <utility>

#include "fmt/format.h"
#include "formats/naming/name_parts.h"
#include "formats/naming/role_patterns_list.h"

namespace plumb {
namespace {

template <typename List, typename Item>
bool Holds(const List& list, const Item& item) {
  return std::find(std::begin(list), std::end(list), item) != std::end(list);
}

const RolePattern* FindPattern(const std::string& key) {
  static const auto* const kByName = [] {
    auto* map = new std::unordered_map<std::string_view, const RolePattern*>;
    for (const RolePattern& pattern : kRolePatterns) map->emplace(pattern.name, &pattern);
    return map;
  }();
  auto found = kByName->find(key);
  return found == kByName->end() ? nullptr : found->second;
}

// `tf_bert_model`, `tfgpt2lm_head_model`: transformers' classes name all that is in them.
bool IsWrapper(const std::vector<std::string>& stem, size_t index) {
  const std::string& segment = stem[index];
  if (index == 0 && segment.starts_with("tf") && segment.find('_') != segment.npos) return true;
  return Holds(kWrappers, segment);
}

// A pattern that fits a name from some segment on.
struct Hit {
  const RolePattern* pattern = nullptr;
  std::vector<std::string> numbers;  // In order, those that the pattern's `*` stand for.
  size_t strange = 0;                // Segments in front that are no wrappers.
};

// `h.3.mlp.c_fc` as `h.*.mlp.c_fc`; with `first_only` later numbers stay.
std::string KeyOf(const std::vector<std::string>& stem, size_t first, bool first_only,
                  std::vector<std::string>* numbers) {
  std::vector<std::string> segments(stem.begin() + static_cast<ptrdiff_t>(first), stem.end());
  numbers->clear();
  for (std::string& segment : segments) {
    if (!IsNumber(segment) || (first_only && !numbers->empty())) continue;
    numbers->push_back(segment);
    segment.assign(1, '*');
  }
  return JoinFrom(segments, 0);
}

// No pattern has more segments.
constexpr size_t kPatternSegmentsMax = 8;

Hit Lookup(const std::vector<std::string>& stem) {
  Hit hit;
  for (size_t first = 0; first < stem.size(); ++first) {
    if (first > 0 && !IsWrapper(stem, first - 1)) ++hit.strange;
    if (stem.size() - first > kPatternSegmentsMax) continue;
    for (bool first_only : {false, true}) {
      hit.pattern = FindPattern(KeyOf(stem, first, first_only, &hit.numbers));
      // Behind a strange prefix only what stands in a layer is sure to be what it is called.
      if (hit.pattern != nullptr && (hit.strange == 0 || !hit.numbers.empty())) return hit;
    }
  }
  return {};
}

std::string Fill(std::string_view role, const std::string& number) {
  const size_t star = role.find('*');
  if (star == role.npos) return std::string(role);
  return std::string(role.substr(0, star)) + number + std::string(role.substr(star + 1));
}

std::string WithLeaf(std::string name, std::string_view leaf) {
  if (leaf.empty()) return name;
  return std::move(name) + "." + std::string(leaf);
}

// The name without wrappers, and with numbers as segments of their own: what two conventions may agree on.
std::string PlainName(const NameParts& parts, std::string_view leaf) {
  size_t first = 0;
  while (first + 1 < parts.stem.size() && IsWrapper(parts.stem, first)) ++first;
  std::string name = JoinFrom(parts.stem, first);
  for (size_t i = 1; i + 1 < name.size(); ++i) {
    if (name[i] == '_' && IsNumber(std::string_view(name).substr(i + 1, 1)) && name[i - 1] != '.') name[i] = '.';
  }
  return WithLeaf(std::move(name), leaf);
}

// What is judged from all names.
struct Conventions {
  bool gguf = false;
  bool arrays = false;       // Flax, TensorFlow.
  bool later_norms = false;  // Norms on both sides: post_attention_layernorm is what it says.
  bool conv1d = false;       // GPT-2's maps are [in, out].
};

// A c_attn makes three of one width.
bool IsConv1d(const NameParts& parts, const std::vector<uint64_t>& shape) {
  if (parts.stem.back() != "c_attn" || shape.size() != 2) return false;
  const bool output_last = shape[1] == 3 * shape[0];
  return IsKernelLeaf(parts.leaf) ? shape[0] == 3 * shape[1] : parts.leaf == "weight" && output_last;
}

Conventions Judge(std::span<const SourceTensor* const> tensors, const std::vector<NameParts>& parts) {
  Conventions found;
  for (size_t i = 0; i < parts.size(); ++i) {
    const NameParts& name = parts[i];
    found.gguf |= name.stem[0] == "blk" || name.stem[0] == "token_embd";
    found.arrays |= IsKernelLeaf(name.leaf) || name.leaf.starts_with("embedding");
    found.later_norms |= name.stem.back() == "post_feedforward_layernorm";
    found.conv1d |= IsConv1d(name, tensors[i]->shape);
  }
  return found;
}

bool IsComputed(const SourceTensor& tensor, const NameParts& parts) {
  const std::string name =
      JoinFrom(parts.stem, 0) + (parts.leaf.empty() ? std::string() : fmt::format(".{}", parts.leaf));
  for (std::string_view end : kComputed) {
    if (name == end || name.ends_with(fmt::format(".{}", end))) return true;
  }
  if (Holds(tensor.shape, 0u)) return true;
  for (std::string_view segment : kTrainingSegments) {
    if (tensor.name.find(segment) != std::string::npos) return true;
  }
  // The causal mask of GPT-2 and GPT-NeoX is called a bias.
  return parts.leaf == "bias" && tensor.shape.size() >= 3 &&
         (parts.stem.back() == "attn" || parts.stem.back() == "attention");
}

TensorLayout LayoutOf(PatternLayout pattern, const TensorRole& role, bool kernel, size_t rank, bool conv1d_model,
                      const ModelFacts& facts) {
  TensorLayout layout;
  const bool conv1d = pattern == PatternLayout::kConv1d && conv1d_model && role.role.ends_with(".weight");
  layout.output_last = rank >= 2 && kernel != conv1d;
  if (pattern == PatternLayout::kPairs) {
    layout.rows = RowOrder::kPairs;
    layout.heads = role.role.find(".attn_q.") != std::string::npos ? facts.heads : facts.key_heads;
  } else if (pattern == PatternLayout::kGroups) {
    layout.rows = RowOrder::kGroups;
    layout.heads = facts.heads;
    layout.key_heads = facts.key_heads;
  }
  return layout;
}

// Names of GGUF are roles already, but for a few families.
TensorRole GgufRole(const NameParts& parts, size_t rank, const ModelFacts& facts) {
  TensorRole role{.role = WithLeaf(JoinFrom(parts.stem, 0), parts.leaf), .known = true};
  const std::string_view part = parts.stem.back();
  const bool in_layer = parts.stem.size() == 3;
  if (in_layer && part == "ffn_up" && Holds(kGateInUpFamilies, facts.family)) {
    role.role = WithLeaf(JoinFrom(parts.stem, 0).replace(role.role.find("ffn_up"), 6, "ffn_gate_up"), parts.leaf);
  }
  const bool paired = (part == "attn_q" || part == "attn_k") && Holds(kPairedFamilies, facts.family);
  if (paired) role.layout = LayoutOf(PatternLayout::kPairs, role, false, rank, false, facts);
  role.whole_gain = part.ends_with("norm") && parts.leaf == "weight" && Holds(kWholeGainFamilies, facts.family);
  return role;
}

// Gives tensors names of their own where roles clash: the one with the least in front of its name keeps the role.
class ClashResolver {
 public:
  ClashResolver(std::vector<TensorRole>* roles, const std::vector<size_t>& strange) : roles_(*roles) {
    std::map<Key, std::vector<size_t>> holders;
    for (size_t i = 0; i < roles_.size(); ++i) holders[KeyFor(i)].push_back(i);
    for (const auto& [key, indices] : holders) {
      size_t best = indices[0];
      bool alone = true;
      for (size_t index : indices) {
        if (index == best) continue;
        if (strange[index] < strange[best]) {
          best = index;
          alone = true;
        } else if (strange[index] == strange[best]) {
          alone = false;
        }
      }
      for (size_t index : indices) {
        if (index == best && alone) {
          taken_.insert(key);
        } else {
          clashing_.push_back(index);
        }
      }
    }
  }

  // `plain` and `whole`: what to fall back to, parallel to the roles.
  void Resolve(const std::vector<std::string>& plain, std::span<const SourceTensor* const> tensors) {
    for (size_t index : clashing_) {
      roles_[index] = TensorRole{.role = tensors[index]->name, .computed = roles_[index].computed};
      for (const std::string& name : {plain[index], tensors[index]->name, tensors[index]->name + "#twin"}) {
        if (!taken_.insert({name, std::nullopt}).second) continue;
        roles_[index].role = name;
        break;
      }
    }
  }

 private:
  using Key = std::pair<std::string, std::optional<uint64_t>>;
  Key KeyFor(size_t index) const { return {roles_[index].role, roles_[index].expert}; }

  std::vector<TensorRole>& roles_;
  std::set<Key> taken_;
  std::vector<size_t> clashing_;
};

// One model being looked at.
struct RoleReader {
  const ModelFacts& facts;
  Conventions conventions;

  TensorRole Read(const SourceTensor& tensor, const NameParts& parts, size_t* strange) const {
    const size_t rank = tensor.shape.size();
    const std::string_view leaf = CommonLeaf(parts.leaf, conventions.arrays);
    const bool kernel = IsKernelLeaf(parts.leaf);
    const Hit hit = Lookup(parts.stem);
    TensorRole role;
    if (conventions.gguf && (hit.pattern == nullptr || hit.numbers.size() < 2)) {
      role = GgufRole(parts, rank, facts);
    } else if (hit.pattern == nullptr) {
      role.role = PlainName(parts, leaf);
      role.layout.output_last = kernel && rank >= 2;
    } else {
      *strange = hit.strange;
      std::string name = Fill(hit.pattern->role, hit.numbers.empty() ? "" : hit.numbers[0]);
      if (conventions.later_norms && parts.stem.back() == "post_attention_layernorm") {
        name.replace(name.rfind("ffn_norm"), std::string::npos, "post_attention_norm");
      }
      role.role = WithLeaf(std::move(name), leaf);
      if (hit.numbers.size() > 1 && hit.pattern->role.ends_with("_exps")) role.expert = NumberOf(hit.numbers[1]);
      role.known = true;
      role.layout = LayoutOf(hit.pattern->layout, role, kernel, rank, conventions.conv1d, facts);
    }
    role.computed = IsComputed(tensor, parts);
    return role;
  }
};

}  // namespace

std::vector<TensorRole> RolesOf(std::span<const SourceTensor* const> tensors, const ModelFacts& facts) {
  std::vector<NameParts> parts;
  for (const SourceTensor* tensor : tensors) parts.push_back(SplitName(tensor->name));
  const RoleReader reader = {facts, Judge(tensors, parts)};
  std::vector<TensorRole> roles;
  std::vector<std::string> plain;
  std::vector<size_t> strange(tensors.size());
  for (size_t i = 0; i < tensors.size(); ++i) {
    roles.push_back(reader.Read(*tensors[i], parts[i], &strange[i]));
    plain.push_back(PlainName(parts[i], CommonLeaf(parts[i].leaf, reader.conventions.arrays)));
  }
  ClashResolver(&roles, strange).Resolve(plain, tensors);
  return roles;
}

}  // namespace plumb
