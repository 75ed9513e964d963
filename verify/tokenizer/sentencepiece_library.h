// The SentencePiece library behind standard types; sentencepiece_module.h says why it is loaded and not linked.
#ifndef PLUMB_VERIFY_TOKENIZER_SENTENCEPIECE_LIBRARY_H_
#define PLUMB_VERIFY_TOKENIZER_SENTENCEPIECE_LIBRARY_H_

#include <string>
#include <string_view>
#include <vector>

namespace plumb::text {

// A loaded model. Thread-safe: all methods are const. Only Load may be called, and returns the reason, when the library
// is not there; the others need a Load that went well.
class SentencePieceLibrary {
 public:
  SentencePieceLibrary();
  SentencePieceLibrary(const SentencePieceLibrary&) = delete;
  SentencePieceLibrary& operator=(const SentencePieceLibrary&) = delete;
  ~SentencePieceLibrary();
  // Whether the module that does the work could be loaded; Load says why not.
  bool loaded() const { return model_ != nullptr; }

  // Each returns what went wrong; empty when nothing did.
  std::string Load(std::string_view model);
  std::string Encode(std::string_view text, std::vector<int>& ids) const;
  std::string Decode(const std::vector<int>& ids, std::string& text) const;

  int PieceCount() const;
  // -1 when the model has none.
  int BosId() const;
  int EosId() const;

 private:
  void* model_ = nullptr;
};

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_SENTENCEPIECE_LIBRARY_H_
