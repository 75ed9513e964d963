#include "plumb/base/python_json.h"

#include <algorithm>
#include <string>

#include "plumb/base/json.h"

namespace plumb {
namespace {

// Where the text that begins with a quotation mark at `begin` ends: behind its closing one, or the document's end.
size_t EndOfText(std::string_view text, size_t begin) {
  for (size_t i = begin + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return text.size();
}

// The bare word that begins at `begin`, if it is one of Python's numbers; else empty.
std::string_view PythonNumberAt(std::string_view text, size_t begin) {
  for (std::string_view word : {"NaN", "Infinity", "-Infinity"}) {
    if (text.substr(begin, word.size()) == word) return word;
  }
  return "";
}

}  // namespace

absl::StatusOr<nlohmann::json> ParsePythonJson(std::string_view text, std::string_view what,
                                               RepeatedKeys repeated) {
  std::string quoted;
  size_t copied = 0;
  for (size_t i = 0; i < text.size();) {
    const std::string_view number = PythonNumberAt(text, i);
    if (!number.empty()) {
      quoted.append(text.substr(copied, i - copied)).append(1, '"').append(number).append(1, '"');
      copied = i + number.size();
    }
    i = text[i] == '"' ? EndOfText(text, i) : i + std::max<size_t>(number.size(), 1);
  }
  if (copied == 0) return ParseJson(text, what, repeated);
  quoted.append(text.substr(copied));
  return ParseJson(quoted, what, repeated);
}

}  // namespace plumb
