#include "formats/tflite/flatbuffer.h"

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"

namespace plumb {

void Flatbuffer::Fail(std::string why) {
  if (status_.ok()) status_ = WithErrorClass(InvalidArgument(std::move(why)), ErrorClass::kPolicy);
}

uint64_t Flatbuffer::Number(uint64_t at, unsigned bytes) {
  if (!status_.ok()) return 0;
  if (at > size() || bytes > size() - at) {
    Fail(fmt::format("a field at byte {} lies outside the {} bytes of the file", at, size()));
    return 0;
  }
  absl::StatusOr<std::span<const uint8_t>> taken = window_.At(at, bytes);
  if (!taken.ok()) {
    status_ = taken.status();
    return 0;
  }
  uint64_t number = 0;
  for (unsigned i = 0; i < bytes; ++i) number |= uint64_t{(*taken)[i]} << (8 * i);
  return number;
}

uint64_t Flatbuffer::Follow(uint64_t at) {
  const uint64_t offset = Number(at, 4);
  if (status_.ok() && (offset == 0 || offset >= size() - at)) {
    Fail(fmt::format("the offset at byte {} leads outside the file", at));
  }
  return status_.ok() ? at + offset : 0;
}

std::string Flatbuffer::Text(uint64_t at, uint64_t bytes) {
  if (!status_.ok() || bytes == 0) return "";
  absl::StatusOr<std::span<const uint8_t>> taken = window_.At(at, bytes);
  if (!taken.ok()) {
    status_ = taken.status();
    return "";
  }
  return std::string(AsText(*taken));
}

FlatTable::FlatTable(Flatbuffer& buffer, uint64_t at) : buffer_(buffer), at_(at) {
  // The list lies a signed distance before the table.
  const auto distance = static_cast<int32_t>(buffer.Number(at, 4));
  fields_at_ = at - static_cast<uint64_t>(int64_t{distance});
  fields_bytes_ = buffer.Number(fields_at_, 2);
  if (buffer.status().ok() &&
      (fields_bytes_ < 4 || fields_bytes_ % 2 != 0 || fields_bytes_ > buffer.size() - fields_at_)) {
    buffer.Fail(fmt::format("the table at byte {} has no list of fields", at));
  }
}

uint64_t FlatTable::Place(unsigned field) const {
  const uint64_t entry = 4 + 2 * uint64_t{field};
  if (!buffer_.status().ok() || entry + 2 > fields_bytes_) return 0;
  const uint64_t offset = buffer_.Number(fields_at_ + entry, 2);
  return offset == 0 ? 0 : at_ + offset;
}

uint64_t FlatTable::Number(unsigned field, unsigned bytes, uint64_t absent) const {
  const uint64_t place = Place(field);
  return place == 0 ? absent : buffer_.Number(place, bytes);
}

FlatVector FlatTable::Vector(unsigned field, uint64_t item_bytes) const {
  const uint64_t place = Place(field);
  if (place == 0) return {};
  const uint64_t at = buffer_.Follow(place);
  FlatVector vector = {at + 4, buffer_.Number(at, 4)};
  if (!buffer_.status().ok()) return {};
  if (vector.count > (buffer_.size() - vector.begin) / item_bytes) {
    buffer_.Fail(fmt::format("a list of {} items at byte {} goes past the end", vector.count, at));
    return {};
  }
  return vector;
}

std::string FlatTable::Text(unsigned field, uint64_t bytes_max) const {
  const FlatVector text = Vector(field, 1);
  if (text.count > bytes_max)
    buffer_.Fail(fmt::format("a text has {} bytes, expected at most {}", text.count, bytes_max));
  return buffer_.Text(text.begin, text.count);
}

}  // namespace plumb
