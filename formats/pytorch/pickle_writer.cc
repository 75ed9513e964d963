#include "formats/pytorch/pickle_writer.h"

#include <utility>

namespace plumb {

void PickleWriter::Little(uint64_t number, int count) {
  for (int i = 0; i < count; ++i) bytes_ += static_cast<char>(number >> (8 * i) & 255);
}

void PickleWriter::Remember() {
  const bool narrow = remembered_ < 256;
  bytes_ += narrow ? 'q' : 'r';
  Little(remembered_++, narrow ? 1 : 4);
}

bool PickleWriter::Recall(std::string key) {
  auto [known, added] = known_.emplace(std::move(key), remembered_);
  if (added) return false;
  const bool narrow = known->second < 256;
  bytes_ += narrow ? 'h' : 'j';
  Little(known->second, narrow ? 1 : 4);
  return true;
}

void PickleWriter::Import(std::string_view module, std::string_view name) {
  std::string lines = std::string(module) + '\n' + std::string(name) + '\n';
  if (Recall('c' + lines)) return;
  bytes_ += 'c' + lines;
  Remember();
}

void PickleWriter::NewText(std::string_view text) {
  bytes_ += 'X';
  Little(text.size(), 4);
  bytes_ += text;
  Remember();
}

void PickleWriter::Text(std::string_view text) {
  if (!Recall('X' + std::string(text))) NewText(text);
}

void PickleWriter::Number(uint64_t number) {
  if (number < 1u << 8) {
    bytes_ += 'K';
    Little(number, 1);
  } else if (number < 1u << 16) {
    bytes_ += 'M';
    Little(number, 2);
  } else if (number < 1u << 31) {
    bytes_ += 'J';
    Little(number, 4);
  } else {
    // As many bytes as it takes with a sign.
    int count = 4;
    while (count < 9 && (count < 8 ? number >> (8 * count - 1) : number >> 63) != 0) ++count;
    bytes_ += '\x8a';
    bytes_ += static_cast<char>(count);
    Little(number, std::min(count, 8));
    if (count == 9) bytes_ += '\0';
  }
}

void PickleWriter::Numbers(std::span<const uint64_t> numbers) {
  if (numbers.empty()) return EmptyTuple();
  if (numbers.size() > 3) Mark();
  for (uint64_t number : numbers) Number(number);
  if (numbers.size() > 3) return TupleSinceMark();
  bytes_ += static_cast<char>(0x84 + numbers.size());
  Remember();
}

void PickleWriter::TupleSinceMark() {
  bytes_ += 't';
  Remember();
}

void PickleWriter::Reduce() {
  bytes_ += 'R';
  Remember();
}

}  // namespace plumb
