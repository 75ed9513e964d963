// Reads the vocabulary keys of a trusted GGUF file, for tests: no bounds are checked beyond the file's end.
#ifndef PLUMB_TESTS_UNIT_TOKENIZER_GGUF_VOCABULARY_H_
#define PLUMB_TESTS_UNIT_TOKENIZER_GGUF_VOCABULARY_H_

#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "plumb/tokenizer/tokenizer.h"

namespace plumb {

class TestGgufReader {
 public:
  explicit TestGgufReader(std::string_view bytes) : bytes_(bytes) {}

  GgufVocabulary Read() {
    at_ = 16;
    const auto count = Take<uint64_t>();
    for (uint64_t i = 0; i < count; ++i) {
      const std::string key = TakeText();
      ReadValue(key, Take<uint32_t>());
    }
    return std::move(out_);
  }

 private:
  template <typename T>
  T Take() {
    T value;
    std::memcpy(&value, bytes_.substr(at_, sizeof(T)).data(), sizeof(T));
    at_ += sizeof(T);
    return value;
  }

  std::string TakeText() {
    const auto size = Take<uint64_t>();
    std::string text(bytes_.substr(at_, size));
    at_ += size;
    return text;
  }

  void ReadValue(const std::string& key, uint32_t type) {
    constexpr uint32_t kU32 = 4, kF32 = 6, kBool = 7, kText = 8, kList = 9;
    if (type == kText) {
      const std::string value = TakeText();
      if (key == "tokenizer.ggml.model") out_.model = value;
      if (key == "tokenizer.ggml.pre") out_.pre = value;
    } else if (type == kBool) {
      const bool value = Take<uint8_t>() != 0;
      if (key == "tokenizer.ggml.add_bos_token") out_.add_bos = value;
      if (key == "tokenizer.ggml.add_eos_token") out_.add_eos = value;
    } else if (type == kF32) {
      Take<float>();
    } else if (type == kU32) {
      ReadNumber(key, Take<uint32_t>());
    } else if (type == kList) {
      ReadList(key);
    }
  }

  void ReadNumber(const std::string& key, uint32_t value) {
    if (key == "tokenizer.ggml.bos_token_id") out_.bos_id = value;
    if (key == "tokenizer.ggml.eos_token_id") out_.eos_id = value;
    if (key == "tokenizer.ggml.unknown_token_id") out_.unknown_id = value;
    if (key == "tokenizer.ggml.seperator_token_id") out_.separator_id = value;
    if (key == "tokenizer.ggml.cls_token_id") out_.cls_id = value;
  }

  void ReadList(const std::string& key) {
    constexpr uint32_t kF32 = 6, kText = 8;
    const auto type = Take<uint32_t>();
    const auto count = Take<uint64_t>();
    for (uint64_t i = 0; i < count; ++i) {
      if (type == kText) {
        (key == "tokenizer.ggml.tokens" ? out_.tokens : out_.merges).push_back(TakeText());
      } else if (type == kF32) {
        out_.scores.push_back(Take<float>());
      } else {
        out_.types.push_back(Take<int32_t>());
      }
    }
  }

  std::string_view bytes_;
  size_t at_ = 0;
  GgufVocabulary out_;
};

}  // namespace plumb

#endif  // PLUMB_TESTS_UNIT_TOKENIZER_GGUF_VOCABULARY_H_
