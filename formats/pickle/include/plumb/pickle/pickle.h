// Python's pickles, read without running them.
//
// A pickle is a program for a stack machine that imports names and calls them. This machine knows every opcode of
// protocols 0 to 5 but imports and calls nothing: what would be imported becomes a node that holds the name, what would
// be called becomes a node that holds callable and arguments. Readers of formats then decide which few of those they
// understand. Opcodes: https://github.com/python/cpython/blob/main/Lib/pickletools.py
#ifndef PLUMB_PICKLE_PICKLE_H_
#define PLUMB_PICKLE_PICKLE_H_

#include <bit>
#include <cstdint>
#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace plumb {

// A node of a parsed pickle; the same value is the same node, so that sharing and cycles stay visible.
using PickleId = uint32_t;

enum class PickleKind : uint8_t {
  kNone,
  kBool,
  kInteger,     // Fits in 64 bits.
  kBigInteger,  // Does not: text() is its little-endian two's complement bytes, or its decimal digits.
  kReal,
  kText,
  kBytes,
  kTuple,
  kList,
  kSet,
  kDict,        // Items alternate keys and values, in the order they were set; a key set again comes twice.
  kGlobal,      // An imported name: text() is `module.name`.
  kCall,        // items(): callable, tuple of arguments.
  kPersistent,  // items(): the id that names something outside the pickle.
};

// An import that the pickle asks for.
struct PickleGlobal {
  std::string module;
  std::string name;
  uint64_t position = 0;  // Of the opcode, from the pickle's first byte.

  friend bool operator==(const PickleGlobal&, const PickleGlobal&) = default;
};

// One parsed pickle. Borrows the bytes it was parsed from. Immutable, thread-safe.
class Pickle {
 public:
  // Parses one pickle at the beginning of `bytes`, up to its STOP. INVALID_ARGUMENT (ErrorClass::kPolicy) with the
  // position: unknown and EXT opcodes, out-of-band buffers, stack or memo underflow, a global whose name is not text,
  // frames and lengths past the end, no STOP, or more than limits::kPickleNodesMax nodes or kPickleBytesMax bytes.
  static absl::StatusOr<Pickle> Parse(std::span<const uint8_t> bytes);

  // Bytes up to and including STOP.
  uint64_t consumed() const { return consumed_; }
  PickleId root() const { return root_; }
  // Every import, in the order of the opcodes, also of values that were dropped again.
  const std::vector<PickleGlobal>& globals() const { return globals_; }

  // Nodes have the ids 0 to size() - 1, in the order in which they were made.
  PickleId size() const { return static_cast<PickleId>(nodes_.size()); }
  PickleKind kind(PickleId id) const { return nodes_[id].kind; }
  // Of the opcode that made the node.
  uint64_t position(PickleId id) const { return nodes_[id].position; }
  // Of kBool (0 or 1) and kInteger.
  int64_t integer(PickleId id) const { return static_cast<int64_t>(nodes_[id].number); }
  double real(PickleId id) const { return std::bit_cast<double>(nodes_[id].number); }
  std::string_view text(PickleId id) const { return nodes_[id].text; }
  // Elements of a tuple, list or set; keys and values of a dict; see PickleKind for the others.
  std::span<const PickleId> items(PickleId id) const;
  // What was appended to, added to or set in the result of a call; keys and values alternate for what was set.
  std::span<const PickleId> entries(PickleId id) const;
  // The argument of BUILD, by which a called class gets its attributes; kNoState when there was none.
  static constexpr PickleId kNoState = UINT32_MAX;
  PickleId state(PickleId id) const;

  // True for a kGlobal of this name, `torch._utils._rebuild_tensor_v2`.
  bool IsGlobal(PickleId id, std::string_view name) const {
    return kind(id) == PickleKind::kGlobal && text(id) == name;
  }

 private:
  friend class PickleMachine;
  struct Node {
    PickleKind kind = PickleKind::kNone;
    uint32_t position = 0;
    uint32_t list = UINT32_MAX;     // Index into lists_: items.
    uint32_t entries = UINT32_MAX;  // Index into lists_: entries.
    uint64_t number = 0;
    std::string_view text;
  };

  std::vector<Node> nodes_;
  std::deque<std::vector<PickleId>> lists_;
  std::deque<std::string> texts_;  // Names and unescaped texts, which the bytes do not hold as they are.
  std::vector<std::pair<PickleId, PickleId>> states_;  // Node and its state, by falling age.
  std::vector<PickleGlobal> globals_;
  PickleId root_ = 0;
  uint64_t consumed_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_PICKLE_PICKLE_H_
