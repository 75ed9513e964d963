// tokenizer.json, then a text: the input up to the first NUL byte is the file, the rest the text; without one the file
// is its own text. Nothing may crash, hang or outgrow its limits, and every id must be in the vocabulary.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <string_view>
#include <vector>

#include "nlohmann/json.hpp"
#include "plumb/base/json.h"
#include "plumb/base/path.h"
#include "plumb/tokenizer/tokenizer.h"
#include "verify/tokenizer/gguf_export.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  constexpr size_t kTextBytesMax = 4096;
  const std::string_view input(reinterpret_cast<const char*>(data), size);
  const size_t end = input.find('\0');
  const std::string_view json = input.substr(0, end);
  const std::string_view text = end == std::string_view::npos ? json : input.substr(end + 1);
  const absl::StatusOr<std::unique_ptr<plumb::Tokenizer>> tokenizer = plumb::ParseTokenizerJson(json);
  if (!tokenizer.ok()) return 0;
  if ((*tokenizer)->Fingerprint().size() != 64) std::abort();
  for (bool special : {true, false}) {
    const absl::StatusOr<std::vector<int32_t>> ids =
        (*tokenizer)->Encode(text.substr(0, kTextBytesMax), {.add_special = special, .parse_special = special});
    if (!ids.ok()) continue;
    for (int32_t id : *ids) {
      if (id < 0 || static_cast<uint64_t>(id) >= (*tokenizer)->VocabularySize()) std::abort();
    }
    // Ids that Encode gives can be decoded, unless the result is too large, and decoding gives UTF-8.
    const absl::StatusOr<std::string> back = (*tokenizer)->Decode(*ids);
    if (!back.ok() && !absl::IsResourceExhausted(back.status())) std::abort();
    if (back.ok() && !plumb::IsValidUtf8(*back)) std::abort();
  }
  // What it is in GGUF has as many tokens as were asked for, each of a type.
  constexpr uint64_t kRows = 4096;
  const absl::StatusOr<nlohmann::json> document = plumb::ParseJson(json, "tokenizer.json");
  if (!document.ok()) std::abort();
  const auto ways = plumb::text::GgufVocabulariesOf(*document, kRows);
  for (size_t i = 0; ways.ok() && i < ways->size(); ++i) {
    if ((*ways)[i].tokens.size() != kRows || (*ways)[i].types.size() != kRows) std::abort();
    plumb::ParseGgufTokenizer((*ways)[i]).IgnoreError();
  }
  return 0;
}
