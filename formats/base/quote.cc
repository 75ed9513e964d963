#include "plumb/base/quote.h"

namespace plumb {

std::string QuoteForMessage(std::string_view text) {
  constexpr size_t kShownMax = 80;
  std::string shown = "\"";
  for (char c : text.substr(0, kShownMax)) shown += c >= 0x20 && c < 0x7f ? c : '?';
  shown += text.size() > kShownMax ? "...\"" : "\"";
  return shown;
}

}  // namespace plumb
