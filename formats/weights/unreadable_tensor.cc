#include "plumb/weights/unreadable_tensor.h"

#include <optional>
#include <utility>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/quote.h"

namespace plumb {
namespace {

constexpr std::string_view kWeight = "not read: tensor ";
constexpr std::string_view kOther = "left out: tensor ";

std::string Presentable(std::string name) {
  if (!IsValidUtf8(name)) return QuoteForMessage(name);
  if (name.size() <= limits::kTensorNameBytesMax) return name;
  size_t end = limits::kTensorNameBytesMax;
  while ((static_cast<uint8_t>(name[end]) & 0xc0) == 0x80) --end;
  name.resize(end);
  return name;
}

// One past the quote that ends a JSON text; npos when there is none.
size_t EndOfText(std::string_view json) {
  for (size_t at = 1; at < json.size(); ++at) {
    if (json[at] == '\\') {
      ++at;
    } else if (json[at] == '"') {
      return at + 1;
    }
  }
  return json.npos;
}

std::optional<UnreadableTensor> Parse(std::string_view note) {
  UnreadableTensor tensor = {.name = {}, .why = {}, .weight = note.starts_with(kWeight)};
  if (!tensor.weight && !note.starts_with(kOther)) return std::nullopt;
  note.remove_prefix(kWeight.size());
  const size_t end = note.starts_with('"') ? EndOfText(note) : note.npos;
  if (end == note.npos || !note.substr(end).starts_with(' ')) return std::nullopt;
  const nlohmann::json name = nlohmann::json::parse(note.substr(0, end), nullptr, false);
  if (!name.is_string()) return std::nullopt;
  tensor.name = name.get<std::string>();
  tensor.why = note.substr(end + 1);
  return tensor;
}

}  // namespace

static_assert(kWeight.size() == kOther.size());

std::string UnreadableText(const UnreadableTensor& tensor) {
  return fmt::format("tensor {} {}", QuoteForMessage(tensor.name), tensor.why);
}

void NoteUnreadable(UnreadableTensor tensor, std::vector<std::string>* notes) {
  const nlohmann::json name = Presentable(std::move(tensor.name));
  notes->push_back(fmt::format("{}{} {}", tensor.weight ? kWeight : kOther, name.dump(), tensor.why));
}

bool IsUnreadableNote(std::string_view note) { return Parse(note).has_value(); }

std::vector<UnreadableTensor> UnreadableIn(const TensorSource& source) {
  std::vector<UnreadableTensor> found;
  for (const std::string& note : source.notes()) {
    if (std::optional<UnreadableTensor> tensor = Parse(note)) found.push_back(*std::move(tensor));
  }
  return found;
}

std::vector<std::string> OtherNotes(const TensorSource& source) {
  std::vector<std::string> notes;
  for (const std::string& note : source.notes()) {
    if (!IsUnreadableNote(note)) notes.push_back(note);
  }
  return notes;
}

}  // namespace plumb
