#include "formats/pytorch/torch_keys.h"

#include <unordered_set>
#include <vector>

#include "fmt/format.h"
#include "formats/pytorch/torch_objects.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"

namespace plumb {
namespace {

// Tuples in tuples that a key may be.
constexpr int kKeyDepthMax = 4;

// As Python writes texts and bytes, so that nothing in it is a control character.
std::string Quoted(std::string_view text) {
  std::string quoted = "'";
  for (char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '\\' || c == '\'') {
      quoted += '\\';
      quoted += c;
    } else if (byte < 0x20 || byte > 0x7e) {
      quoted += fmt::format("\\x{:02x}", byte);
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

// Bytes, which protocol 2 has as a call of `_codecs.encode` on a text.
std::optional<std::string_view> BytesAt(const Pickle& pickle, PickleId id) {
  if (pickle.kind(id) == PickleKind::kBytes) return pickle.text(id);
  if (pickle.kind(id) != PickleKind::kCall) return std::nullopt;
  const auto parts = pickle.items(id);
  if (!pickle.IsGlobal(parts[0], "_codecs.encode")) return std::nullopt;
  const auto arguments = pickle.items(parts[1]);
  if (arguments.empty() || pickle.kind(arguments[0]) != PickleKind::kText) return std::nullopt;
  return pickle.text(arguments[0]);
}

std::optional<TorchKey> KeyAt(const Pickle& pickle, PickleId id, int depth);

std::optional<TorchKey> TupleKey(const Pickle& pickle, PickleId id, int depth) {
  TorchKey key = {"(", "("};
  const auto items = pickle.items(id);
  for (PickleId item : items) {
    std::optional<TorchKey> part = KeyAt(pickle, item, depth + 1);
    if (!part || key.text.size() > limits::kTensorNameBytesMax) return std::nullopt;
    if (item != items.front() || key.text.size() > 1) key.text += ", ";
    key.text += pickle.kind(item) == PickleKind::kText ? Quoted(part->text) : part->text;
    key.same += part->same + ",";
  }
  key.text += items.size() == 1 ? ",)" : ")";
  key.same += ")";
  return key;
}

std::optional<TorchKey> KeyAt(const Pickle& pickle, PickleId id, int depth) {
  if (depth > kKeyDepthMax) return std::nullopt;
  if (std::optional<std::string_view> bytes = BytesAt(pickle, id)) {
    std::string text = "b" + Quoted(*bytes);
    return TorchKey{text, "b:" + text};
  }
  switch (pickle.kind(id)) {
    case PickleKind::kText: {
      const std::string text(pickle.text(id));
      if (!IsValidUtf8(text) || text.find('\0') != text.npos) return std::nullopt;
      return TorchKey{text, "t:" + text};
    }
    case PickleKind::kInteger: {
      const std::string text = fmt::format("{}", pickle.integer(id));
      return TorchKey{text, "n:" + text};
    }
    case PickleKind::kBool:
      return TorchKey{pickle.integer(id) != 0 ? "True" : "False", fmt::format("n:{}", pickle.integer(id))};
    case PickleKind::kReal: {
      const std::string text = fmt::format("{}", pickle.real(id));
      return TorchKey{text, "n:" + text};
    }
    case PickleKind::kNone:
      return TorchKey{"None", "None"};
    case PickleKind::kGlobal:
      return TorchKey{std::string(pickle.text(id)), fmt::format("g:{}", pickle.text(id))};
    case PickleKind::kTuple:
      return TupleKey(pickle, id, depth);
    default:
      return std::nullopt;
  }
}

}  // namespace

std::optional<TorchKey> TorchKeyAt(const Pickle& pickle, PickleId id) {
  std::optional<TorchKey> key = KeyAt(pickle, id, 0);
  return key && IsValidUtf8(key->text) ? key : std::nullopt;
}

std::set<std::string> StoragesBelow(const Pickle& pickle, PickleId id, uint64_t* scanned) {
  std::set<std::string> keys;
  std::unordered_set<PickleId> seen = {id};
  std::vector<PickleId> waiting = {id};
  auto add = [&](PickleId next) {
    if (seen.insert(next).second) waiting.push_back(next);
  };
  while (!waiting.empty()) {
    if (++*scanned > limits::kPickleNodesMax) {
      keys.insert("");
      break;
    }
    const PickleId at = waiting.back();
    waiting.pop_back();
    const absl::StatusOr<std::optional<TorchStorage>> storage = StorageAt(pickle, at);
    if (storage.ok() && *storage) keys.insert((*storage)->key);
    if (storage.ok() && *storage) continue;
    for (PickleId next : pickle.items(at)) add(next);
    for (PickleId next : pickle.entries(at)) add(next);
    if (const PickleId state = pickle.state(at); state != Pickle::kNoState) add(state);
  }
  return keys;
}

}  // namespace plumb
