#include "formats/document/tree.h"

#include <algorithm>
#include <exception>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <utility>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/json.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"
#include "yaml-cpp/anchor.h"
#include "yaml-cpp/eventhandler.h"
#include "yaml-cpp/mark.h"
#include "yaml-cpp/parser.h"

namespace plumb {
namespace {

// Leaves yaml-cpp's parser early; caught in ParseYamlTree.
class Refusal : public std::runtime_error {
 public:
  Refusal(const YAML::Mark& mark, const std::string& why)
      : std::runtime_error(fmt::format("line {}: {}", mark.line + 1, why)) {}
};

// A control character other than tab and the ends of lines.
bool IsForbiddenControl(char c) {
  auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7f;
}

// Builds the tree from parser events, so that a limit stops the parser where it is passed.
class TreeBuilder : public YAML::EventHandler {
 public:
  explicit TreeBuilder(YamlAliases aliases) : aliases_(aliases) {}

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { Add(mark, Tree{}); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    if (aliases_ == YamlAliases::kRefused) throw Refusal(mark, "aliases are not allowed");
    auto text = anchored_.find(anchor);
    Add(mark, text == anchored_.end() ? Tree{} : Tree{.kind = Tree::Kind::kScalar, .scalar = text->second});
  }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor, const std::string& value) override {
    if (!IsValidUtf8(value)) throw Refusal(mark, "text that is not valid UTF-8");
    // Short ones only, so that a small document stays a small tree.
    if (anchor != YAML::NullAnchor && value.size() <= kAnchoredBytesMax) anchored_[anchor] = value;
    Add(mark, Tree{.kind = Tree::Kind::kScalar, .scalar = value});
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    Open(mark, Tree::Kind::kList);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {
    Open(mark, Tree::Kind::kMap);
  }
  void OnMapEnd() override { open_.pop_back(); }

  Tree TakeTree() { return std::move(root_); }

 private:
  struct OpenNode {
    Tree* node;
    std::set<std::string> seen;  // Keys of a map so far.
    bool key_next = true;        // A map's next event is a key.
  };

  // Puts `value` where the document stands; null when it was a key.
  Tree* Add(const YAML::Mark& mark, Tree value) {
    if (++nodes_ > limits::kDocumentNodesMax) {
      throw Refusal(mark, fmt::format("more than {} values", limits::kDocumentNodesMax));
    }
    if (open_.empty()) return &(root_ = std::move(value));
    OpenNode& open = open_.back();
    if (open.node->kind == Tree::Kind::kMap && open.key_next) {
      AddKey(mark, open, std::move(value));
      return nullptr;
    }
    open.key_next = true;
    return &open.node->items.emplace_back(std::move(value));
  }

  void AddKey(const YAML::Mark& mark, OpenNode& open, Tree key) {
    if (key.kind != Tree::Kind::kScalar) throw Refusal(mark, "a key must be text");
    if (!open.seen.insert(key.scalar).second) throw Refusal(mark, fmt::format("key \"{}\" occurs twice", key.scalar));
    open.node->keys.push_back(std::move(key.scalar));
    open.key_next = false;
  }

  void Open(const YAML::Mark& mark, Tree::Kind kind) {
    if (open_.size() >= limits::kJsonDepthMax) {
      throw Refusal(mark, fmt::format("nested deeper than {}", limits::kJsonDepthMax));
    }
    Tree* node = Add(mark, Tree{.kind = kind});
    if (node == nullptr) throw Refusal(mark, "a key must be text");
    open_.push_back(OpenNode{.node = node});
  }

  static constexpr size_t kAnchoredBytesMax = 256;

  const YamlAliases aliases_;
  std::map<YAML::anchor_t, std::string> anchored_;
  Tree root_;
  std::vector<OpenNode> open_;
  size_t nodes_ = 0;
};

// Adds `json` to `out`; false once `nodes` passes the limit. ParseJson has bounded the depth.
bool Convert(const nlohmann::json& json, Tree* out, size_t* nodes) {
  if (++*nodes > limits::kDocumentNodesMax) return false;
  if (json.is_object() || json.is_array()) {
    out->kind = json.is_object() ? Tree::Kind::kMap : Tree::Kind::kList;
    for (const auto& item : json.items()) {
      if (json.is_object()) out->keys.push_back(item.key());
      if (!Convert(item.value(), &out->items.emplace_back(), nodes)) return false;
    }
    return true;
  }
  if (json.is_null()) return true;
  out->kind = Tree::Kind::kScalar;
  out->scalar = json.is_string() ? json.get<std::string>() : json.dump();
  return true;
}

nlohmann::json ToJson(const Tree& tree) {
  if (tree.kind == Tree::Kind::kScalar) return tree.scalar;
  if (tree.kind == Tree::Kind::kNull) return nullptr;
  nlohmann::json out = tree.kind == Tree::Kind::kMap ? nlohmann::json::object() : nlohmann::json::array();
  for (size_t i = 0; i < tree.items.size(); ++i) {
    if (tree.kind == Tree::Kind::kMap) {
      out[tree.keys[i]] = ToJson(tree.items[i]);
    } else {
      out.push_back(ToJson(tree.items[i]));
    }
  }
  return out;
}

}  // namespace

const Tree* Tree::Find(std::string_view key) const {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i] == key) return &items[i];
  }
  return nullptr;
}

absl::StatusOr<Tree> ParseYamlTree(std::string_view text, std::string_view what, YamlAliases aliases) {
  if (!IsValidUtf8(text)) return InvalidArgument(fmt::format("{} is not valid UTF-8", what));
  // YAML allows none, and yaml-cpp loses its place at some.
  if (auto bad = std::find_if(text.begin(), text.end(), IsForbiddenControl); bad != text.end()) {
    return InvalidArgument(fmt::format("{} is not acceptable YAML: line {}: control character 0x{:02x}", what,
                                       std::count(text.begin(), bad, '\n') + 1, static_cast<unsigned char>(*bad)));
  }
  try {
    std::istringstream stream{std::string(text)};
    YAML::Parser parser(stream);
    TreeBuilder builder(aliases);
    parser.HandleNextDocument(builder);
    TreeBuilder second(aliases);
    if (parser.HandleNextDocument(second)) {
      return InvalidArgument(fmt::format("{} holds more than one YAML document; expected one", what));
    }
    return builder.TakeTree();
  } catch (const std::exception& error) {
    return InvalidArgument(fmt::format("{} is not acceptable YAML: {}", what, error.what()));
  }
}

absl::StatusOr<Tree> ParseJsonTree(std::string_view text, std::string_view what) {
  PLUMB_ASSIGN_OR_RETURN(const nlohmann::json json, ParseJson(text, what));
  Tree tree;
  size_t nodes = 0;
  if (!Convert(json, &tree, &nodes)) {
    return InvalidArgument(fmt::format("{} holds more than {} values", what, limits::kDocumentNodesMax));
  }
  return tree;
}

std::string RenderTree(const Tree& tree) {
  if (tree.kind == Tree::Kind::kScalar) return tree.scalar;
  return ToJson(tree).dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace plumb
