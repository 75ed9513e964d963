#include "plumb/naming/tensor_pairs.h"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "fmt/format.h"
#include "formats/naming/pair_layout.h"
#include "formats/naming/role_patterns_list.h"

namespace plumb {
namespace {

using RoleKey = std::pair<std::string, std::optional<uint64_t>>;

constexpr std::string_view kPositions = "position_embd.weight";

// Maps that some conventions store as one.
struct FusedMap {
  std::string_view whole;
  std::vector<std::string_view> parts;
};
const std::vector<FusedMap>& FusedMaps() {
  static const std::vector<FusedMap> kMaps = {{"attn_qkv", {"attn_q", "attn_k", "attn_v"}},
                                              {"ffn_gate_up", {"ffn_gate", "ffn_up"}}};
  return kMaps;
}

// One model while it is paired.
struct Side {
  std::span<const SourceTensor* const> tensors;
  std::vector<TensorRole> roles;
  std::map<RoleKey, size_t> by_role;
  std::vector<bool> paired;
  std::string family;

  explicit Side(const NamedModel& model)
      : tensors(model.tensors),
        roles(RolesOf(model.tensors, model.facts)),
        paired(model.tensors.size()),
        family(model.facts.family) {
    for (size_t i = 0; i < roles.size(); ++i) by_role.emplace(RoleKey(roles[i].role, roles[i].expert), i);
  }

  std::optional<size_t> Find(const std::string& role, std::optional<uint64_t> expert = std::nullopt) const {
    auto found = by_role.find({role, expert});
    return found == by_role.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<size_t> FindUnpaired(const std::string& role, std::optional<uint64_t> expert = std::nullopt) const {
    std::optional<size_t> found = Find(role, expert);
    return found && !paired[*found] ? found : std::nullopt;
  }
  RoledTensor At(size_t index) const { return {tensors[index], &roles[index]}; }
  uint64_t RowsAt(size_t index) const {
    const std::vector<uint64_t> shape = CommonShape(tensors[index]->shape, roles[index].layout);
    return shape.empty() ? 0 : shape[0];
  }
};

class Pairer {
 public:
  Pairer(const NamedModel& a, const NamedModel& b) : a_(a), b_(b), facts_(a.facts.Or(b.facts)) {}

  Pairing Run() {
    PairByRole();
    for (bool whole_in_a : {true, false}) {
      PairFused(whole_in_a);
      PairExperts(whole_in_a);
      PairTied(whole_in_a);
    }
    PairBehindPrefixes();
    std::stable_sort(result_.pairs.begin(), result_.pairs.end(),
                     [](const TensorPair& x, const TensorPair& y) { return x.a < y.a; });
    Leave(a_, b_, &result_.only_a, &result_.computed_a);
    Leave(b_, a_, &result_.only_b, &result_.computed_b);
    return std::move(result_);
  }

 private:
  TensorPair& Add(size_t a, RowSlice a_slice, size_t b, RowSlice b_slice) {
    TensorPair pair{.a = a, .b = b, .role = a_.roles[a].role};
    LayOver(a_.At(a), a_slice, b_.At(b), b_slice, facts_, &pair);
    a_.paired[a] = true;
    b_.paired[b] = true;
    return result_.pairs.emplace_back(std::move(pair));
  }
  // The same with the sides by where the whole is.
  TensorPair& AddSlice(bool whole_in_a, size_t whole, RowSlice slice, size_t part) {
    return whole_in_a ? Add(whole, slice, part, {}) : Add(part, {}, whole, slice);
  }

  void PairByRole() {
    for (size_t i = 0; i < a_.roles.size(); ++i) {
      std::optional<size_t> found = b_.Find(a_.roles[i].role, a_.roles[i].expert);
      if (!found || PairCutPositions(i, *found, true) || PairCutPositions(i, *found, false)) continue;
      Add(i, {}, *found, {});
    }
  }

  // RoBERTa's converter to GGUF's bert cuts the first rows of the table of positions, which no token has.
  bool PairCutPositions(size_t a, size_t b, bool whole_in_a) {
    const Side& cut = whole_in_a ? b_ : a_;
    if (a_.roles[a].role != kPositions || cut.family != "bert") return false;
    const size_t part = whole_in_a ? b : a;
    const uint64_t rows = cut.RowsAt(part);
    const uint64_t all = whole_in_a ? a_.RowsAt(a) : b_.RowsAt(b);
    if (cut.tensors[part]->name != kPositions || rows == 0 || rows >= all) return false;
    AddSlice(whole_in_a, whole_in_a ? a : b, {all - rows, rows}, part)
        .layout.words.push_back(fmt::format("from row {}", all - rows));
    return true;
  }

  static bool IsStrange(const Side& side, size_t index) {
    return !side.paired[index] && !side.roles[index].known && !side.roles[index].computed;
  }

  // What all unpaired tensors of a side that are in no table have in front of their names says nothing.
  static size_t SharedPrefix(const Side& side) {
    std::optional<std::string> first;
    size_t shared = 0;
    size_t count = 0;
    for (size_t i = 0; i < side.roles.size(); ++i) {
      if (!IsStrange(side, i)) continue;
      const std::string& role = side.roles[i].role;
      ++count;
      if (!first) {
        first = role;
        shared = role.rfind('.') == role.npos ? 0 : role.rfind('.') + 1;
        continue;
      }
      const auto [x, y] = std::mismatch(role.begin(), role.end(), first->begin(), first->end());
      shared = std::min(shared, static_cast<size_t>(x - role.begin()));
      while (shared > 0 && role[shared - 1] != '.') --shared;
    }
    return count > 1 ? shared : 0;
  }

  void PairBehindPrefixes() {
    const size_t a_prefix = SharedPrefix(a_);
    const size_t b_prefix = SharedPrefix(b_);
    if (a_prefix == 0 && b_prefix == 0) return;
    std::map<std::string, size_t> rest;
    for (size_t i = 0; i < b_.roles.size(); ++i) {
      if (IsStrange(b_, i)) rest.emplace(b_.roles[i].role.substr(b_prefix), i);
    }
    for (size_t i = 0; i < a_.roles.size(); ++i) {
      if (!IsStrange(a_, i)) continue;
      auto found = rest.find(a_.roles[i].role.substr(a_prefix));
      if (found != rest.end()) Add(i, {}, found->second, {});
    }
  }

  void PairFused(bool whole_in_a) {
    const Side& wholes = whole_in_a ? a_ : b_;
    const Side& parts = whole_in_a ? b_ : a_;
    for (size_t i = 0; i < wholes.roles.size(); ++i) {
      if (wholes.paired[i]) continue;
      for (const FusedMap& map : FusedMaps()) PairParts(whole_in_a, i, wholes, parts, map);
    }
  }

  void PairParts(bool whole_in_a, size_t whole, const Side& wholes, const Side& parts, const FusedMap& map) {
    const std::string& role = wholes.roles[whole].role;
    const std::string infix = fmt::format(".{}.", map.whole);
    const size_t at = role.find(infix);
    if (at == role.npos) return;
    std::vector<size_t> found;
    uint64_t rows = 0;
    for (std::string_view part : map.parts) {
      std::string name = role;
      std::optional<size_t> index = parts.FindUnpaired(name.replace(at + 1, map.whole.size(), part));
      if (!index) return;
      found.push_back(*index);
      const uint64_t part_rows = parts.RowsAt(*index);
      if (part_rows > wholes.RowsAt(whole) - rows) return;
      rows += part_rows;
    }
    if (rows != wholes.RowsAt(whole)) return;
    rows = 0;
    for (size_t i = 0; i < found.size(); ++i) {
      const uint64_t count = parts.RowsAt(found[i]);
      if (count == 0) continue;
      TensorPair& pair = AddSlice(whole_in_a, whole, {rows, count}, found[i]);
      pair.layout.words.push_back(fmt::format("part {} of {}", i + 1, found.size()));
      rows += count;
    }
  }

  void PairExperts(bool whole_in_a) {
    const Side& wholes = whole_in_a ? a_ : b_;
    const Side& parts = whole_in_a ? b_ : a_;
    for (size_t i = 0; i < wholes.roles.size(); ++i) {
      const TensorRole& role = wholes.roles[i];
      if (wholes.paired[i] || role.expert || role.role.find("_exps.") == std::string::npos) continue;
      const uint64_t experts = wholes.RowsAt(i);
      // A tensor has so many rows only where the other side has so many tensors.
      if (experts == 0 || experts > parts.roles.size()) continue;
      bool complete = true;
      for (uint64_t e = 0; complete && e < experts; ++e) complete = parts.FindUnpaired(role.role, e).has_value();
      for (uint64_t e = 0; complete && e < experts; ++e) {
        TensorPair& pair = AddSlice(whole_in_a, i, {e, 1}, *parts.Find(role.role, e));
        pair.layout.words.push_back(fmt::format("part {} of {}", e + 1, experts));
      }
    }
  }

  void PairTied(bool head_in_a) {
    const Side& heads = head_in_a ? a_ : b_;
    const Side& others = head_in_a ? b_ : a_;
    std::optional<size_t> head = heads.FindUnpaired("output.weight");
    std::optional<size_t> table = others.Find("token_embd.weight");
    if (!head || !table || others.Find("output.weight")) return;
    AddSlice(head_in_a, *head, {}, *table).layout.words.emplace_back("tied");
  }

  // `other` does not have what stays.
  static void Leave(const Side& side, const Side& other, std::vector<size_t>* only, std::vector<size_t>* computed) {
    for (size_t i = 0; i < side.roles.size(); ++i) {
      if (side.paired[i]) continue;
      const bool counts = !side.roles[i].computed && !IsLeftOut(side.roles[i].role, other);
      (counts ? only : computed)->push_back(i);
    }
  }

  static bool IsLeftOut(const std::string& role, const Side& other) {
    const std::optional<size_t> table = other.Find("token_embd.weight");
    if (!table || other.tensors[*table]->name != "token_embd.weight") return false;  // No GGUF.
    return std::any_of(std::begin(kLeftOutOfGguf), std::end(kLeftOutOfGguf), [&](const auto& entry) {
      return other.family == entry.first && role.starts_with(entry.second);
    });
  }

  Side a_;
  Side b_;
  const ModelFacts facts_;
  Pairing result_;
};

}  // namespace

Pairing PairTensors(const NamedModel& a, const NamedModel& b) { return Pairer(a, b).Run(); }

}  // namespace plumb
