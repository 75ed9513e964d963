#include "verify/tokenizer/vocabulary.h"

#include <algorithm>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"
#include "plumb/base/tokenizer_limits.h"
#include "verify/tokenizer/section.h"

namespace plumb::text {
namespace {

// Ids may leave holes, but not so many that a small file makes a large table.
constexpr uint64_t kHolesBase = 1024;
constexpr uint64_t kHolesFactor = 4;

}  // namespace

absl::Status Vocabulary::Add(std::string_view token, size_t id, std::string_view where) {
  if (token.size() > limits::kVocabularyTokenBytesMax) {
    return NotKnown(where, fmt::format("token {} has {} bytes, expected at most {}", id, token.size(),
                                       limits::kVocabularyTokenBytesMax));
  }
  if (id >= tokens_.size()) tokens_.resize(id + 1);
  if (tokens_[id]) return Refuse(where, fmt::format("'{}' and '{}' both have id {}", *tokens_[id], token, id));
  tokens_[id] = token;
  index_.insert_or_assign(*tokens_[id], static_cast<int32_t>(id));
  longest_ = std::max(longest_, token.size());
  ++count_;
  return absl::OkStatus();
}

absl::StatusOr<Vocabulary> Vocabulary::FromJson(const nlohmann::json& json, std::string_view where) {
  if (!json.is_object()) return Refuse(where, fmt::format("found {}, expected an object", json.type_name()));
  if (json.size() > limits::kVocabularyTokensMax) return NotKnown(where, fmt::format("{} tokens", json.size()));
  Vocabulary vocabulary;
  vocabulary.index_.reserve(json.size());
  const uint64_t end = std::min<uint64_t>(limits::kVocabularyTokensMax, kHolesBase + kHolesFactor * json.size());
  for (const auto& [token, id] : json.items()) {
    if (!id.is_number_unsigned() || id.get<uint64_t>() >= end) {
      return Refuse(where, fmt::format("the id of '{}' is not a whole number below {}", token.substr(0, 100), end));
    }
    PLUMB_RETURN_IF_ERROR(vocabulary.Add(token, id.get<size_t>(), where));
  }
  return vocabulary;
}

absl::StatusOr<Vocabulary> Vocabulary::FromList(const std::vector<std::string>& tokens, std::string_view where) {
  if (tokens.size() > limits::kVocabularyTokensMax) return NotKnown(where, fmt::format("{} tokens", tokens.size()));
  Vocabulary vocabulary;
  vocabulary.index_.reserve(tokens.size());
  for (size_t id = 0; id < tokens.size(); ++id) {
    if (!IsValidUtf8(tokens[id])) return Refuse(where, fmt::format("token {} is not UTF-8", id));
    PLUMB_RETURN_IF_ERROR(vocabulary.Add(tokens[id], id, where));
  }
  return vocabulary;
}

std::optional<int32_t> Vocabulary::Find(std::string_view token) const {
  const auto found = index_.find(token);
  return found == index_.end() ? std::nullopt : std::optional(found->second);
}

const std::string* Vocabulary::Token(int64_t id) const {
  if (id < 0 || static_cast<uint64_t>(id) >= tokens_.size() || !tokens_[id]) return nullptr;
  return &*tokens_[id];
}

void Vocabulary::Describe(Fingerprint& fingerprint) const {
  fingerprint.Number(static_cast<int64_t>(count_));
  for (size_t id = 0; id < tokens_.size(); ++id) {
    if (!tokens_[id]) continue;
    fingerprint.Number(static_cast<int64_t>(id));
    fingerprint.Text(*tokens_[id]);
  }
}

PrefixIndex::PrefixIndex(std::vector<Entry> entries) {
  std::stable_sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) { return a.key < b.key; });
  for (Entry& entry : entries) {
    if (entry.key.empty()) continue;
    if (!entries_.empty() && entries_.back().key == entry.key) entries_.pop_back();
    entries_.push_back(std::move(entry));
  }
  first_.assign(257, entries_.size());
  for (size_t i = entries_.size(); i-- > 0;) first_[static_cast<uint8_t>(entries_[i].key[0])] = i;
  for (size_t b = 256; b-- > 0;) first_[b] = std::min(first_[b], first_[b + 1]);
}

void PrefixIndex::Narrow(size_t depth, char byte, size_t& low, size_t& high) const {
  const auto value = static_cast<uint8_t>(byte);
  if (depth == 0) {
    low = first_[value];
    high = first_[value + 1];
    return;
  }
  // A key that ends before `depth` comes first and counts as smaller than any byte.
  auto at = [depth](const Entry& entry) {
    return entry.key.size() <= depth ? -1 : static_cast<int>(static_cast<uint8_t>(entry.key[depth]));
  };
  const auto begin = entries_.begin() + static_cast<std::ptrdiff_t>(low);
  const auto end = entries_.begin() + static_cast<std::ptrdiff_t>(high);
  const auto from = std::partition_point(begin, end, [&](const Entry& entry) { return at(entry) < value; });
  const auto to = std::partition_point(from, end, [&](const Entry& entry) { return at(entry) == value; });
  low = static_cast<size_t>(from - entries_.begin());
  high = static_cast<size_t>(to - entries_.begin());
}

}  // namespace plumb::text
