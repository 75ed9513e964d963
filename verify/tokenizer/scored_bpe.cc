#include <queue>
#include <unordered_map>

#include "verify/tokenizer/model.h"
#include "verify/tokenizer/unicode.h"

namespace plumb::text {
namespace {

constexpr int64_t kNone = -1;

// The parts of one piece as a doubly linked list of stretches of its text.
class ScoredList {
 public:
  ScoredList(const Vocabulary& vocabulary, const std::vector<float>& scores, std::string_view piece)
      : vocabulary_(vocabulary), scores_(scores), piece_(piece) {
    for (size_t at = 0; at < piece.size();) {
      const size_t size = CharacterBytes(piece[at]);
      const auto position = static_cast<int64_t>(links_.size());
      links_.push_back({at, size, position - 1, at + size == piece.size() ? kNone : position + 1});
      at += size;
    }
  }

  void MergeAll() {
    for (size_t i = 1; i < links_.size(); ++i) Offer(static_cast<int64_t>(i) - 1, static_cast<int64_t>(i));
    while (!queue_.empty()) {
      const Candidate best = queue_.top();
      queue_.pop();
      Link& left = links_[best.left];
      Link& right = links_[best.right];
      // One of the two may have been merged since.
      if (left.size == 0 || right.size == 0 || left.size + right.size != best.size) continue;
      left.size += right.size;
      right.size = 0;
      left.next = right.next;
      if (right.next != kNone) links_[right.next].previous = best.left;
      Offer(left.previous, best.left);
      Offer(best.left, left.next);
    }
  }

  // Calls `found(text)` for each part in order.
  template <typename Found>
  void ForEach(Found found) const {
    for (const Link& link : links_) {
      if (link.size > 0) found(piece_.substr(link.begin, link.size));
    }
  }

 private:
  struct Link {
    size_t begin = 0;
    size_t size = 0;  // 0 once merged into the one before.
    int64_t previous = kNone;
    int64_t next = kNone;
  };
  struct Candidate {
    float score;
    int64_t left;
    int64_t right;
    size_t size;
    // The queue's top is the largest: highest score first, then leftmost.
    bool operator<(const Candidate& other) const {
      return score != other.score ? score < other.score : left > other.left;
    }
  };

  void Offer(int64_t left, int64_t right) {
    if (left == kNone || right == kNone) return;
    const size_t size = links_[left].size + links_[right].size;
    if (size > vocabulary_.longest()) return;
    const std::optional<int32_t> id = vocabulary_.Find(piece_.substr(links_[left].begin, size));
    if (id) queue_.push({scores_[*id], left, right, size});
  }

  const Vocabulary& vocabulary_;
  const std::vector<float>& scores_;
  std::string_view piece_;
  std::vector<Link> links_;
  std::priority_queue<Candidate> queue_;
};

class ScoredBpe : public TokenModel {
 public:
  ScoredBpe(Vocabulary vocabulary, std::vector<float> scores, std::vector<int32_t> byte_ids, int32_t unknown)
      : TokenModel(std::move(vocabulary)),
        scores_(std::move(scores)),
        byte_ids_(std::move(byte_ids)),
        unknown_(unknown) {}

  absl::Status Encode(std::string_view piece, std::vector<int32_t>& ids) const override {
    ScoredList list(vocabulary(), scores_, piece);
    list.MergeAll();
    list.ForEach([&](std::string_view part) {
      if (const std::optional<int32_t> id = vocabulary().Find(part)) {
        ids.push_back(*id);
        return;
      }
      for (char c : part) ids.push_back(byte_ids_.empty() ? unknown_ : byte_ids_[static_cast<uint8_t>(c)]);
    });
    return absl::OkStatus();
  }

  void Describe(Fingerprint& fingerprint) const override {
    fingerprint.Text("scored bpe");
    vocabulary().Describe(fingerprint);
    for (float score : scores_) fingerprint.Real(score);
    fingerprint.Number(static_cast<int64_t>(byte_ids_.size()));
    for (int32_t id : byte_ids_) fingerprint.Number(id);
    fingerprint.Number(unknown_);
  }

 private:
  std::vector<float> scores_;
  std::vector<int32_t> byte_ids_;
  int32_t unknown_;
};

}  // namespace

ModelOr MakeScoredBpe(Vocabulary vocabulary, std::vector<float> scores, std::vector<int32_t> byte_ids,
                      int32_t unknown) {
  return std::make_unique<ScoredBpe>(std::move(vocabulary), std::move(scores), std::move(byte_ids), unknown);
}

}  // namespace plumb::text
