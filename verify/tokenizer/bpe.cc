#include <algorithm>
#include <queue>
#include <unordered_map>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/tokenizer/model.h"
#include "verify/tokenizer/section.h"
#include "verify/tokenizer/unicode.h"

namespace plumb::text {
namespace {

constexpr int64_t kNone = -1;
constexpr int32_t kNoToken = -1;

// What two neighbours become.
struct Merge {
  uint32_t rank = 0;
  int32_t id = 0;
};
using Merges = std::unordered_map<uint64_t, Merge>;

uint64_t PairKey(int32_t left, int32_t right) {
  return uint64_t{static_cast<uint32_t>(left)} << 32 | static_cast<uint32_t>(right);
}

// The tokens of one piece as a doubly linked list, merged with a heap: O(n log n).
class MergeList {
 public:
  MergeList(const Merges& merges, const std::vector<int32_t>& ids) : merges_(merges), links_(ids.size()) {
    for (size_t i = 0; i < ids.size(); ++i) {
      const auto position = static_cast<int64_t>(i);
      links_[i] = {ids[i], position - 1, i + 1 == ids.size() ? kNone : position + 1, true};
    }
  }

  void MergeAll() {
    for (size_t i = 0; i + 1 < links_.size(); ++i) Offer(static_cast<int64_t>(i));
    while (!queue_.empty()) {
      const Candidate best = queue_.top();
      queue_.pop();
      Link& left = links_[best.position];
      if (!left.alive || left.next == kNone) continue;
      Link& right = links_[left.next];
      // A neighbour may have changed since the candidate was queued.
      const auto merge = merges_.find(PairKey(left.id, right.id));
      if (merge == merges_.end() || merge->second.id != best.id) continue;
      left.id = best.id;
      left.next = right.next;
      right.alive = false;
      if (left.next != kNone) links_[left.next].previous = best.position;
      if (left.previous != kNone) Offer(left.previous);
      Offer(best.position);
    }
  }

  void AppendTo(std::vector<int32_t>& ids) const {
    for (const Link& link : links_) {
      if (link.alive) ids.push_back(link.id);
    }
  }

 private:
  struct Link {
    int32_t id = 0;
    int64_t previous = kNone;
    int64_t next = kNone;
    bool alive = true;
  };
  struct Candidate {
    uint32_t rank;
    int64_t position;
    int32_t id;
    // The queue's top is the largest: lowest rank first, then leftmost.
    bool operator<(const Candidate& other) const {
      return rank != other.rank ? rank > other.rank : position > other.position;
    }
  };

  // Queues the merge of the link at `position` with its next, if there is one.
  void Offer(int64_t position) {
    const Link& left = links_[position];
    if (left.next == kNone) return;
    const auto merge = merges_.find(PairKey(left.id, links_[left.next].id));
    if (merge != merges_.end()) queue_.push({merge->second.rank, position, merge->second.id});
  }

  const Merges& merges_;
  std::vector<Link> links_;
  std::priority_queue<Candidate> queue_;
};

class Bpe : public TokenModel {
 public:
  Bpe(Vocabulary vocabulary, const BpeRules& rules, Merges merges)
      : TokenModel(std::move(vocabulary)),
        unknown_(rules.unknown),
        continuing_prefix_(rules.continuing_prefix),
        word_suffix_(rules.word_suffix),
        fuse_unknown_(rules.fuse_unknown),
        byte_fallback_(rules.byte_fallback),
        ignore_merges_(rules.ignore_merges),
        merges_(std::move(merges)) {}

  absl::Status Encode(std::string_view piece, std::vector<int32_t>& ids) const override {
    if (ignore_merges_) {
      if (const std::optional<int32_t> whole = vocabulary().Find(piece)) {
        ids.push_back(*whole);
        return absl::OkStatus();
      }
    }
    PLUMB_ASSIGN_OR_RETURN(const std::vector<int32_t> characters, Characters(piece));
    MergeList list(merges_, characters);
    list.MergeAll();
    list.AppendTo(ids);
    return absl::OkStatus();
  }

  void Describe(Fingerprint& fingerprint) const override {
    fingerprint.Text("bpe");
    vocabulary().Describe(fingerprint);
    fingerprint.Number(unknown_.has_value());
    fingerprint.Text(unknown_.value_or(""));
    fingerprint.Text(continuing_prefix_);
    fingerprint.Text(word_suffix_);
    for (bool flag : {fuse_unknown_, byte_fallback_, ignore_merges_}) fingerprint.Number(flag);
    std::vector<std::pair<uint32_t, uint64_t>> ranked;
    ranked.reserve(merges_.size());
    for (const auto& [pair, merge] : merges_) ranked.emplace_back(merge.rank, pair);
    std::sort(ranked.begin(), ranked.end());
    fingerprint.Number(static_cast<int64_t>(ranked.size()));
    for (const auto& [rank, pair] : ranked) fingerprint.Number(static_cast<int64_t>(pair));
  }

 private:
  // The tokens a piece starts from. Hugging Face's order is kept: an unknown token waits until the next character that
  // is a token, or the end, also while byte tokens are added.
  absl::StatusOr<std::vector<int32_t>> Characters(std::string_view piece) const {
    std::vector<int32_t> ids;
    bool waiting = false;  // An unknown token is to be added.
    const int32_t unknown = unknown_ ? vocabulary().Find(*unknown_).value_or(kNoToken) : kNoToken;
    for (size_t at = 0; at < piece.size();) {
      const size_t size = CharacterBytes(piece[at]);
      const bool last = at + size == piece.size();
      const std::string text =
          fmt::format("{}{}{}", at == 0 ? "" : continuing_prefix_, piece.substr(at, size), last ? word_suffix_ : "");
      at += size;
      if (const std::optional<int32_t> id = vocabulary().Find(text)) {
        if (waiting) ids.push_back(unknown);
        waiting = false;
        ids.push_back(*id);
        continue;
      }
      if (byte_fallback_) {
        if (const auto bytes = ByteIds(vocabulary(), text)) {
          ids.insert(ids.end(), bytes->begin(), bytes->end());
          continue;
        }
      }
      if (!unknown_) continue;  // Without an unknown token such characters vanish.
      if (unknown == kNoToken) return NotInVocabulary(text);
      if (waiting && !fuse_unknown_) ids.push_back(unknown);
      waiting = true;
    }
    if (waiting) ids.push_back(unknown);
    return ids;
  }

  std::optional<std::string> unknown_;
  std::string continuing_prefix_;
  std::string word_suffix_;
  bool fuse_unknown_;
  bool byte_fallback_;
  bool ignore_merges_;
  Merges merges_;
};

}  // namespace

std::string ByteToken(uint8_t byte) { return fmt::format("<0x{:02X}>", byte); }

std::optional<std::vector<int32_t>> ByteIds(const Vocabulary& vocabulary, std::string_view text) {
  std::vector<int32_t> ids;
  for (char c : text) {
    const std::optional<int32_t> id = vocabulary.Find(ByteToken(static_cast<uint8_t>(c)));
    if (!id) return std::nullopt;
    ids.push_back(*id);
  }
  return ids;
}

absl::Status NotInVocabulary(std::string_view text) {
  return InvalidArgument(fmt::format("tokenizer: '{}' is in no token, and there is no token for what is unknown",
                                     ReplaceInvalidUtf8(text.substr(0, 100))));
}

ModelOr MakeBpe(Vocabulary vocabulary, const BpeRules& rules, std::string_view where) {
  if (rules.merges.size() > limits::kMergesMax) return NotKnown(where, fmt::format("{} merges", rules.merges.size()));
  Merges merges;
  merges.reserve(rules.merges.size());
  for (size_t rank = 0; rank < rules.merges.size(); ++rank) {
    const auto& [left, right] = rules.merges[rank];
    if (!right.starts_with(rules.continuing_prefix)) {
      return Refuse(where, fmt::format("merge {} has no '{}' in front of '{}'", rank, rules.continuing_prefix, right));
    }
    const std::string joined = left + right.substr(rules.continuing_prefix.size());
    const std::optional<int32_t> ids[] = {vocabulary.Find(left), vocabulary.Find(right), vocabulary.Find(joined)};
    if (!ids[0] || !ids[1] || !ids[2]) {
      return Refuse(where, fmt::format("merge {} of '{}' and '{}' names a token that is not there", rank, left, right));
    }
    merges.insert_or_assign(PairKey(*ids[0], *ids[1]), Merge{static_cast<uint32_t>(rank), *ids[2]});
  }
  return std::make_unique<Bpe>(std::move(vocabulary), rules, std::move(merges));
}

}  // namespace plumb::text
