#include "formats/flax/msgpack_reader.h"

#include <bit>

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/status.h"

namespace plumb {

absl::Status MsgpackReader::Bad(std::string_view why) const {
  return WithErrorClass(InvalidArgument(fmt::format("MessagePack, byte {}: {}", at_, why)), ErrorClass::kPolicy);
}

absl::StatusOr<uint64_t> MsgpackReader::BigEndian(unsigned bytes) {
  if (bytes > end_ - at_) return Bad("it is cut off");
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> taken, window_.At(at_, bytes));
  uint64_t number = 0;
  for (uint8_t byte : taken) number = number << 8 | byte;
  at_ += bytes;
  return number;
}

// A length of so many bytes. Texts and bytes must fit what is left, items of containers take a byte each at least.
absl::Status MsgpackReader::Sized(MsgpackItem* item, MsgpackKind kind, unsigned length_bytes) {
  if (length_bytes > 0) {
    PLUMB_ASSIGN_OR_RETURN(item->size, BigEndian(length_bytes));
  }
  item->kind = kind;
  const uint64_t least = kind == MsgpackKind::kMap ? 2 * item->size : item->size;
  return least <= end_ - at_ ? absl::OkStatus() : Bad(fmt::format("{} bytes or items do not fit", item->size));
}

absl::Status MsgpackReader::Extension(MsgpackItem* item, uint64_t size) {
  PLUMB_ASSIGN_OR_RETURN(uint64_t type, BigEndian(1));
  item->extension = static_cast<int8_t>(type);
  item->size = size;
  return Sized(item, MsgpackKind::kExtension, 0);
}

absl::Status MsgpackReader::Number(MsgpackItem* item, uint8_t type) {
  const unsigned bytes = 1u << (type & 3);
  if (type == 0xca || type == 0xcb) {
    PLUMB_ASSIGN_OR_RETURN(uint64_t bits, BigEndian(type == 0xca ? 4 : 8));
    item->kind = MsgpackKind::kReal;
    item->real = type == 0xca ? std::bit_cast<float>(static_cast<uint32_t>(bits)) : std::bit_cast<double>(bits);
    return absl::OkStatus();
  }
  PLUMB_ASSIGN_OR_RETURN(item->number, BigEndian(bytes));
  item->kind = type < 0xd0 ? MsgpackKind::kUnsigned : MsgpackKind::kSigned;
  if (type >= 0xd0 && bytes < 8 && item->number >> (8 * bytes - 1) != 0) item->number |= ~uint64_t{0} << (8 * bytes);
  return absl::OkStatus();
}

// The types from 0xc0 to 0xdf.
absl::Status MsgpackReader::Long(MsgpackItem* item, uint8_t type) {
  if (type == 0xc0) return absl::OkStatus();
  if (type == 0xc2 || type == 0xc3) {
    item->kind = MsgpackKind::kBool;
    item->number = type & 1;
    return absl::OkStatus();
  }
  if (type >= 0xc4 && type <= 0xc6) return Sized(item, MsgpackKind::kBytes, 1u << (type - 0xc4));
  if (type >= 0xc7 && type <= 0xc9) {
    PLUMB_ASSIGN_OR_RETURN(uint64_t size, BigEndian(1u << (type - 0xc7)));
    return Extension(item, size);
  }
  if (type >= 0xca && type <= 0xd3) return Number(item, type);
  if (type >= 0xd4 && type <= 0xd8) return Extension(item, uint64_t{1} << (type - 0xd4));
  if (type >= 0xd9 && type <= 0xdb) return Sized(item, MsgpackKind::kText, 1u << (type - 0xd9));
  if (type == 0xdc || type == 0xdd) return Sized(item, MsgpackKind::kArray, type == 0xdc ? 2 : 4);
  if (type == 0xde || type == 0xdf) return Sized(item, MsgpackKind::kMap, type == 0xde ? 2 : 4);
  return Bad(fmt::format("{:#04x} is no type", type));
}

absl::StatusOr<MsgpackItem> MsgpackReader::Next() {
  PLUMB_ASSIGN_OR_RETURN(uint64_t first, BigEndian(1));
  const auto type = static_cast<uint8_t>(first);
  MsgpackItem item;
  if (type < 0x80) {
    item = {.kind = MsgpackKind::kUnsigned, .number = type};
  } else if (type >= 0xe0) {
    item = {.kind = MsgpackKind::kSigned, .number = static_cast<uint64_t>(int64_t{static_cast<int8_t>(type)})};
  } else if (type < 0xc0) {
    const bool text = type >= 0xa0;
    item.size = type & (text ? 31 : 15);
    const MsgpackKind kind = text ? MsgpackKind::kText : type >= 0x90 ? MsgpackKind::kArray : MsgpackKind::kMap;
    PLUMB_RETURN_IF_ERROR(Sized(&item, kind, 0));
  } else {
    PLUMB_RETURN_IF_ERROR(Long(&item, type));
  }
  return item;
}

absl::StatusOr<std::string> MsgpackReader::Text(const MsgpackItem& item, uint64_t bytes_max) {
  if (item.kind != MsgpackKind::kText || item.size > bytes_max) {
    return Bad(fmt::format("expected a text of at most {} bytes", bytes_max));
  }
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, window_.At(at_, item.size));
  at_ += item.size;
  return std::string(AsText(bytes));
}

absl::Status MsgpackReader::Skip(uint64_t bytes) {
  if (bytes > end_ - at_) return Bad("it is cut off");
  at_ += bytes;
  return absl::OkStatus();
}

}  // namespace plumb
