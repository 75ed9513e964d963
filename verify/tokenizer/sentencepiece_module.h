// The calls that cross into the module which alone links the SentencePiece library.
//
// Debian's libsentencepiece carries a protobuf of its own under protobuf's own names. Linked into a program that uses
// the real one, either would call the other's functions, and the program would end before main. So a module links it,
// and is loaded, with its names kept to itself, when the first SentencePiece model is read.
#ifndef PLUMB_VERIFY_TOKENIZER_SENTENCEPIECE_MODULE_H_
#define PLUMB_VERIFY_TOKENIZER_SENTENCEPIECE_MODULE_H_

#include <string>
#include <string_view>
#include <vector>

namespace plumb::text {

// `model` is what `make` returned. Texts that are returned say what went wrong; empty when nothing did.
struct SentencePieceCalls {
  void* (*make)();
  void (*destroy)(void* model);
  std::string (*load)(void* model, std::string_view bytes);
  std::string (*encode)(const void* model, std::string_view text, std::vector<int>& ids);
  std::string (*decode)(const void* model, const std::vector<int>& ids, std::string& text);
  int (*piece_count)(const void* model);
  int (*bos_id)(const void* model);
  int (*eos_id)(const void* model);
};

// The module's one symbol: a function that returns its calls.
inline constexpr char kSentencePieceSymbol[] = "plumb_sentencepiece_calls";

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_SENTENCEPIECE_MODULE_H_
