// Tokens and their ids.
#ifndef PLUMB_VERIFY_TOKENIZER_VOCABULARY_H_
#define PLUMB_VERIFY_TOKENIZER_VOCABULARY_H_

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "absl/status/statusor.h"
#include "nlohmann/json.hpp"
#include "verify/tokenizer/fingerprint.h"

namespace plumb::text {

// Ids from 0, with holes where a file leaves some out. Movable, not copyable: the index points into the tokens.
// Thread-safe once filled.
class Vocabulary {
 public:
  Vocabulary() = default;
  Vocabulary(Vocabulary&&) = default;
  Vocabulary& operator=(Vocabulary&&) = default;

  // An object from token to id; two tokens of one id are refused.
  static absl::StatusOr<Vocabulary> FromJson(const nlohmann::json& json, std::string_view where);
  // The index is the id; of two equal tokens the later is found.
  static absl::StatusOr<Vocabulary> FromList(const std::vector<std::string>& tokens, std::string_view where);

  std::optional<int32_t> Find(std::string_view token) const;
  // nullptr when the id is not there.
  const std::string* Token(int64_t id) const;
  // Tokens there are.
  size_t count() const { return count_; }
  // One more than the largest id.
  size_t size() const { return tokens_.size(); }
  // Bytes of the longest token.
  size_t longest() const { return longest_; }

  void Describe(Fingerprint& fingerprint) const;

 private:
  absl::Status Add(std::string_view token, size_t id, std::string_view where);

  std::deque<std::optional<std::string>> tokens_;
  std::unordered_map<std::string_view, int32_t> index_;
  size_t count_ = 0;
  size_t longest_ = 0;
};

// Finds which of many keys a text starts with, in time of their lengths.
class PrefixIndex {
 public:
  struct Entry {
    std::string key;
    int32_t value = 0;
  };
  // Empty keys are never found; of equal keys the last counts.
  explicit PrefixIndex(std::vector<Entry> entries);

  // Calls `found(length, value)` for each key that `text` starts with, shortest first.
  template <typename Found>
  void ForEachPrefix(std::string_view text, Found found) const {
    size_t low = 0;
    size_t high = entries_.size();
    for (size_t depth = 0; depth < text.size(); ++depth) {
      Narrow(depth, text[depth], low, high);
      if (low == high) return;
      // Sorted, so the key that ends here comes first.
      if (entries_[low].key.size() == depth + 1) found(depth + 1, entries_[low].value);
    }
  }

  bool empty() const { return entries_.empty(); }

 private:
  // Keeps of the entries [low, high), equal in their first `depth` bytes, those with `byte` next.
  void Narrow(size_t depth, char byte, size_t& low, size_t& high) const;

  std::vector<Entry> entries_;
  std::vector<size_t> first_;  // first_[b] is where keys that start with byte b begin; 257 of them.
};

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_VOCABULARY_H_
