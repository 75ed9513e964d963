// A model card from a stranger: no input may crash, and what is read must be usable.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "plumb/base/path.h"
#include "plumb/document/card.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto card = plumb::ParseModelCard(text, "fuzz");
  if (!card.ok()) return 0;
  if (!plumb::IsValidUtf8(card->card.title()) || !plumb::IsValidUtf8(card->card.description())) std::abort();
  if (card->card.description().size() > plumb::kCardDescriptionBytes) std::abort();
  if (!text.ends_with(card->body)) std::abort();
  std::string bytes;
  plumb::v1::Card again;
  if (!card->card.SerializeToString(&bytes) || !again.ParseFromString(bytes)) std::abort();
  return 0;
}
