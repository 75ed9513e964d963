// The SentencePiece library behind standard types: its header declares names in namespace absl that contradict Abseil's
// own, so one file alone includes it, and that file includes nothing of Abseil.
#ifndef PLUMB_VERIFY_TOKENIZER_SENTENCEPIECE_LIBRARY_H_
#define PLUMB_VERIFY_TOKENIZER_SENTENCEPIECE_LIBRARY_H_

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace sentencepiece {
class SentencePieceProcessor;
}

namespace plumb::text {

// A loaded model. Thread-safe: all methods are const.
class SentencePieceLibrary {
 public:
  SentencePieceLibrary();
  ~SentencePieceLibrary();

  // Each returns what went wrong; empty when nothing did.
  std::string Load(std::string_view model);
  std::string Encode(std::string_view text, std::vector<int>& ids) const;
  std::string Decode(const std::vector<int>& ids, std::string& text) const;

  int PieceCount() const;
  // -1 when the model has none.
  int BosId() const;
  int EosId() const;

 private:
  std::unique_ptr<sentencepiece::SentencePieceProcessor> processor_;
};

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_SENTENCEPIECE_LIBRARY_H_
