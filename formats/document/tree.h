// YAML and JSON documents as one plain tree of text.
#ifndef PLUMB_FORMATS_DOCUMENT_TREE_H_
#define PLUMB_FORMATS_DOCUMENT_TREE_H_

#include <string>
#include <string_view>
#include <vector>

#include "absl/status/statusor.h"

namespace plumb {

// A node of a document. Scalars keep the text they were written with: no guess turns `no`
// into false or `1.10` into 1.1.
struct Tree {
  enum class Kind { kNull, kScalar, kList, kMap };

  Kind kind = Kind::kNull;
  std::string scalar;             // Of kScalar.
  std::vector<std::string> keys;  // Of kMap: the key of each item, no two equal.
  std::vector<Tree> items;        // Of kList and kMap, in the order of the document.

  // The value under `key`, or null when there is none. Owned by this node.
  const Tree* Find(std::string_view key) const;
};

// Reads one YAML document. Refuses aliases (an alias is how a small file becomes a huge
// tree), keys that are not scalars or occur twice, nesting deeper than
// limits::kJsonDepthMax, more than limits::kDocumentNodesMax nodes, a second document and
// text that is not UTF-8. An empty document is kNull. INVALID_ARGUMENT names `what` and the
// line. Bound the text's size before calling.
enum class YamlAliases {
  kRefused,
  kToText,  // One of a text is that text, any other null: nothing grows.
};
absl::StatusOr<Tree> ParseYamlTree(std::string_view text, std::string_view what,
                                   YamlAliases aliases = YamlAliases::kRefused);

// Reads one JSON document under the rules of ParseJson and the same limits.
absl::StatusOr<Tree> ParseJsonTree(std::string_view text, std::string_view what);

// `tree` as compact JSON with every scalar as a string, or the bare text of a scalar.
std::string RenderTree(const Tree& tree);

}  // namespace plumb

#endif  // PLUMB_FORMATS_DOCUMENT_TREE_H_
