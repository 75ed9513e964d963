#include <algorithm>
#include <limits>

#include "verify/tokenizer/model.h"
#include "verify/tokenizer/unicode.h"

namespace plumb::text {
namespace {

constexpr double kUnknownPenalty = 10.0;  // Below the lowest score of a token.

PrefixIndex IndexOf(const Vocabulary& vocabulary) {
  std::vector<PrefixIndex::Entry> entries;
  for (size_t id = 0; id < vocabulary.size(); ++id) {
    entries.push_back({*vocabulary.Token(static_cast<int64_t>(id)), static_cast<int32_t>(id)});
  }
  return PrefixIndex(std::move(entries));
}

class Unigram : public TokenModel {
 public:
  Unigram(Vocabulary tokens, UnigramRules rules)
      : TokenModel(std::move(tokens)), rules_(std::move(rules)), index_(IndexOf(vocabulary())) {
    double lowest = std::numeric_limits<double>::infinity();
    for (double score : rules_.scores) lowest = std::min(lowest, score);
    unknown_score_ = lowest - kUnknownPenalty;
  }

  absl::Status Encode(std::string_view piece, std::vector<int32_t>& ids) const override {
    std::vector<Node> nodes(piece.size() + 1);
    for (size_t at = 0; at < piece.size();) {
      const size_t size = CharacterBytes(piece[at]);
      if (!Extend(piece, at, size, nodes)) return NotInVocabulary(piece.substr(at, size));
      at += size;
    }
    for (const auto& [begin, end] : Path(nodes)) {
      if (!Append(piece.substr(begin, end - begin), ids)) return NotInVocabulary(piece.substr(begin, end - begin));
    }
    return absl::OkStatus();
  }

  void Describe(Fingerprint& fingerprint) const override {
    fingerprint.Text("unigram");
    vocabulary().Describe(fingerprint);
    for (double score : rules_.scores) fingerprint.Real(score);
    fingerprint.Number(rules_.unknown.value_or(-1));
    fingerprint.Number(rules_.byte_fallback);
  }

 private:
  // The best way to a place: the last step's begin and token.
  struct Node {
    double score = 0;
    size_t begin = 0;
    int32_t id = -1;
    bool reached = false;
  };

  static void Improve(double score, size_t begin, int32_t id, Node& node) {
    if (!node.reached || score > node.score) node = {score, begin, id, true};
  }

  // All steps from `at`, where a character of `size` bytes starts. False when it can only be unknown and there is no
  // unknown token.
  bool Extend(std::string_view piece, size_t at, size_t size, std::vector<Node>& nodes) const {
    const double here = nodes[at].score;
    bool alone = false;  // The character is a token by itself.
    index_.ForEachPrefix(piece.substr(at), [&](size_t length, int32_t id) {
      Improve(here + rules_.scores[id], at, id, nodes[at + length]);
      alone = alone || length == size;
    });
    if (alone) return true;
    if (!rules_.unknown) return false;
    Improve(here + unknown_score_, at, *rules_.unknown, nodes[at + size]);
    return true;
  }

  // The steps of the best way, in order; unknown ones in a row are one.
  std::vector<std::pair<size_t, size_t>> Path(const std::vector<Node>& nodes) const {
    std::vector<std::pair<size_t, size_t>> steps;
    bool unknown_behind = false;
    for (size_t end = nodes.size() - 1; end > 0; end = nodes[end].begin) {
      const bool unknown = rules_.unknown == nodes[end].id;
      if (unknown && unknown_behind) {
        steps.back().first = nodes[end].begin;
      } else {
        steps.emplace_back(nodes[end].begin, end);
      }
      unknown_behind = unknown;
    }
    std::reverse(steps.begin(), steps.end());
    return steps;
  }

  bool Append(std::string_view part, std::vector<int32_t>& ids) const {
    if (const std::optional<int32_t> id = vocabulary().Find(part)) {
      ids.push_back(*id);
      return true;
    }
    if (rules_.byte_fallback) {
      if (const auto bytes = ByteIds(vocabulary(), part)) {
        ids.insert(ids.end(), bytes->begin(), bytes->end());
        return true;
      }
    }
    if (!rules_.unknown) return false;
    ids.push_back(*rules_.unknown);
    return true;
  }

  UnigramRules rules_;
  PrefixIndex index_;
  double unknown_score_ = 0;
};

}  // namespace

ModelOr MakeUnigram(Vocabulary vocabulary, UnigramRules rules) {
  return std::make_unique<Unigram>(std::move(vocabulary), std::move(rules));
}

}  // namespace plumb::text
