// Texts on which two readers of one vocabulary would part.
#include <array>

#include "fmt/format.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"
#include "verify/tokenizer/gguf_export.h"
#include "verify/tokenizer/section.h"

namespace plumb::text {
namespace {

// In normal form C: llama.cpp does not normalise, though its vocabularies may ask for it.
constexpr auto kTexts = std::to_array<std::string_view>({
    "",
    " ",
    "  ",
    "\n",
    "\r\n\r\n",
    " \n\t  x",
    "Hello",
    " Hello world",
    "Hello  world   again ",
    "I'll don't we've she's they're I'm he'd IT'S",
    "1 22 333 4444 55555 3.14 1,000 ²³ ٣٤",
    "a_b-c+d=e(f)[g]{h}<i>\"j\"'k'~|^$",
    "!!!??? ... ;;; ###\n\n\n",
    "CamelCaseIdentifier snake_case_identifier XMLHttpRequest",
    "def f(x):\n    return x**2  # square\n\tend",
    "é Å ﬁ ① ½ Ⅻ ẛ̣ ",
    "İstanbul ΣΊΣΥΦΟΣ STRASSE ß",
    "我想在apple工作1314151天～",
    "日本語のテキスト、ｶﾞｷﾞ 한국어",
    "نص عربي हिन्दी ไทย",
    "🚀 👍🏽 🇩🇪 ❤️",
    "zero\u200bwidth\u00a0space\u3000line",
    "‘quoted’ — “dash” … €5",
    "▁already▁meta Ġbyte Ċline <0x41>",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
});

absl::Status CheckOne(const Tokenizer& original, const Tokenizer& made, std::string_view text) {
  for (bool add_special : {false, true}) {
    const EncodeOptions options = {.add_special = add_special};
    const absl::StatusOr<std::vector<int32_t>> wanted = original.Encode(text, options);
    const absl::StatusOr<std::vector<int32_t>> found = made.Encode(text, options);
    // A text that neither can spell tells nothing.
    if (!wanted.ok() && !found.ok()) continue;
    if (wanted.ok() && found.ok() && *wanted == *found) continue;
    return Refuse("tokenizer.json", fmt::format("as GGUF it would give other ids for {}", QuoteForMessage(text)));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckSameIds(const Tokenizer& original, const Tokenizer& made, const std::vector<std::string>& specials) {
  for (std::string_view text : kTexts) PLUMB_RETURN_IF_ERROR(CheckOne(original, made, text));
  for (const std::string& special : specials) {
    PLUMB_RETURN_IF_ERROR(CheckOne(original, made, fmt::format("{0}Hello{0}world", special)));
  }
  return absl::OkStatus();
}

}  // namespace plumb::text
