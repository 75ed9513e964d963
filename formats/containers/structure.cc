#include "formats/containers/structure.h"

#include <algorithm>
#include <optional>
#include <string_view>

#include "plumb/base/file.h"
#include "plumb/base/status.h"

namespace plumb::structure {
namespace {

uint64_t LittleEndian(std::span<const uint8_t> bytes) {
  uint64_t number = 0;
  for (size_t i = bytes.size(); i > 0; --i) number = number << 8 | bytes[i - 1];
  return number;
}

// A number of so many bytes; nothing when the window ends before.
absl::StatusOr<std::optional<uint64_t>> NumberAt(ByteWindow* window, uint64_t at, unsigned bytes) {
  if (at > window->size() || bytes > window->size() - at) return std::optional<uint64_t>();
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> taken, window->At(at, bytes));
  return std::optional<uint64_t>(LittleEndian(taken));
}

absl::StatusOr<bool> EndsWith(ByteWindow* window, std::string_view magic) {
  if (window->size() < magic.size()) return false;
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> end, window->At(window->size() - magic.size(), magic.size()));
  return AsText(end) == magic;
}

// A base-128 number and where it ends; nothing when the window ends before.
struct Varint {
  uint64_t value = 0;
  uint64_t end = 0;
  bool sound = true;
};

absl::StatusOr<std::optional<Varint>> VarintAt(ByteWindow* window, uint64_t at) {
  Varint read;
  for (unsigned shift = 0; shift < 70; shift += 7) {
    if (at >= window->size()) return std::optional<Varint>();
    PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> byte, window->At(at++, 1));
    if (shift < 64) read.value |= uint64_t{byte[0] & 0x7fu} << shift;
    read.end = at;
    if (byte[0] < 0x80) return std::optional(read);
  }
  read.sound = false;
  return std::optional(read);
}

// What follows a MessagePack type byte.
struct MsgpackShape {
  unsigned number_bytes = 0;  // Of a length or a count.
  uint64_t payload = 0;       // Bytes that follow whatever the number says.
  bool length = false;        // The number counts further bytes.
  uint64_t item_factor = 0;   // The number counts items, times this.
  uint64_t items = 0;         // Items that follow.
};

MsgpackShape ShapeOf(uint8_t type) {
  // From 0xc0: nil, unused, false, true; bin, ext, floats, unsigned, signed, fixext, str; array, map.
  static constexpr MsgpackShape kShapes[32] = {{},
                                               {},
                                               {},
                                               {},
                                               {1, 0, true},
                                               {2, 0, true},
                                               {4, 0, true},
                                               {1, 1, true},
                                               {2, 1, true},
                                               {4, 1, true},
                                               {0, 4},
                                               {0, 8},
                                               {0, 1},
                                               {0, 2},
                                               {0, 4},
                                               {0, 8},
                                               {0, 1},
                                               {0, 2},
                                               {0, 4},
                                               {0, 8},
                                               {0, 2},
                                               {0, 3},
                                               {0, 5},
                                               {0, 9},
                                               {0, 17},
                                               {1, 0, true},
                                               {2, 0, true},
                                               {4, 0, true},
                                               {2, 0, false, 1},
                                               {4, 0, false, 1},
                                               {2, 0, false, 2},
                                               {4, 0, false, 2}};
  if (type >= 0xc0 && type < 0xe0) return kShapes[type - 0xc0];
  if (type >= 0x80 && type < 0x90) return {.items = 2u * (type & 15)};
  if (type >= 0x90 && type < 0xa0) return {.items = type & 15u};
  if (type >= 0xa0 && type < 0xc0) return {.payload = type & 31u};
  return {};
}

// Where a field of a FlatBuffers table lies (flatbuffers.dev/internals): 0 when it is absent, nothing when the window
// ends before.
absl::StatusOr<std::optional<uint64_t>> FieldPlace(ByteWindow* window, uint64_t table, unsigned field) {
  PLUMB_ASSIGN_OR_RETURN(std::optional<uint64_t> back, NumberAt(window, table, 4));
  if (!back.has_value()) return std::optional<uint64_t>();
  const uint64_t places = table - static_cast<uint64_t>(static_cast<int64_t>(static_cast<int32_t>(*back)));
  PLUMB_ASSIGN_OR_RETURN(std::optional<uint64_t> bytes, NumberAt(window, places, 2));
  if (!bytes.has_value()) return std::optional<uint64_t>();
  const uint64_t at = 4 + uint64_t{2} * field;
  if (at + 2 > *bytes) return std::optional<uint64_t>(0);
  PLUMB_ASSIGN_OR_RETURN(std::optional<uint64_t> place, NumberAt(window, places + at, 2));
  if (!place.has_value()) return std::optional<uint64_t>();
  return std::optional<uint64_t>(*place == 0 ? 0 : table + *place);
}

// Where what a field's offset leads to lies, with its first word; as above.
struct Vector {
  uint64_t at = 0;
  uint64_t count = 0;
};

absl::StatusOr<std::optional<Vector>> FieldVector(ByteWindow* window, uint64_t table, unsigned field) {
  PLUMB_ASSIGN_OR_RETURN(std::optional<uint64_t> place, FieldPlace(window, table, field));
  if (!place.has_value()) return std::optional<Vector>();
  if (*place == 0) return std::optional(Vector());
  PLUMB_ASSIGN_OR_RETURN(std::optional<uint64_t> offset, NumberAt(window, *place, 4));
  if (!offset.has_value()) return std::optional<Vector>();
  PLUMB_ASSIGN_OR_RETURN(std::optional<uint64_t> count, NumberAt(window, *place + *offset, 4));
  if (!count.has_value()) return std::optional<Vector>();
  return std::optional(Vector{*place + *offset + 4, *count});
}

}  // namespace

absl::StatusOr<bool> ZipEndsEarly(ByteWindow* window) {
  // The end record has 22 bytes and a comment of at most 65,535.
  constexpr std::string_view kEnd("PK\x05\x06", 4);
  const uint64_t tail = std::min<uint64_t>(window->size(), 22 + 65'535);
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, window->At(window->size() - tail, tail));
  const size_t end = AsText(bytes).rfind(kEnd);
  if (end == std::string_view::npos || tail - end < 22) return true;
  const uint64_t comment = LittleEndian(bytes.subspan(end + 20, 2));
  return comment > tail - end - 22;
}

absl::StatusOr<bool> Hdf5EndsEarly(ByteWindow* window) {
  PLUMB_ASSIGN_OR_RETURN(std::optional<uint64_t> version, NumberAt(window, 8, 1));
  if (!version.has_value()) return true;
  if (*version > 3) return false;
  PLUMB_ASSIGN_OR_RETURN(std::optional<uint64_t> width, NumberAt(window, *version < 2 ? 13 : 9, 1));
  if (!width.has_value()) return true;
  if (*width != 4 && *width != 8) return false;
  // Of versions 0 and 1 after base and free-space addresses, of 2 and 3 after base and extension.
  const uint64_t addresses = *version == 0 ? 24 : *version == 1 ? 28 : 12;
  PLUMB_ASSIGN_OR_RETURN(std::optional<uint64_t> end,
                         NumberAt(window, addresses + 2 * *width, static_cast<unsigned>(*width)));
  return !end.has_value() || *end > window->size();
}

absl::StatusOr<bool> NpyEndsEarly(ByteWindow* window) {
  PLUMB_ASSIGN_OR_RETURN(std::optional<uint64_t> major, NumberAt(window, 6, 1));
  if (!major.has_value()) return true;
  const unsigned width = *major == 1 ? 2 : 4;
  PLUMB_ASSIGN_OR_RETURN(std::optional<uint64_t> length, NumberAt(window, 8, width));
  return !length.has_value() || 8 + width + *length > window->size();
}

absl::StatusOr<bool> PickleEndsEarly(ByteWindow* window) {
  PLUMB_ASSIGN_OR_RETURN(bool stopped, EndsWith(window, "."));
  return !stopped;
}

absl::StatusOr<bool> ParquetEndsEarly(ByteWindow* window) {
  PLUMB_ASSIGN_OR_RETURN(bool ended, EndsWith(window, "PAR1"));
  return !ended || window->size() < 12;
}

absl::StatusOr<bool> ArrowEndsEarly(ByteWindow* window) {
  PLUMB_ASSIGN_OR_RETURN(bool ended, EndsWith(window, "ARROW1"));
  return !ended || window->size() < 12;
}

absl::StatusOr<bool> TarEndsEarly(ByteWindow* window) {
  constexpr uint64_t kBlock = 512;
  for (uint64_t at = 0;;) {
    if (at > window->size() || kBlock > window->size() - at) return true;
    PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> block, window->At(at, kBlock));
    if (std::all_of(block.begin(), block.end(), [](uint8_t byte) { return byte == 0; })) return false;
    if (AsText(block.subspan(257, 5)) != "ustar") return false;
    uint64_t size = 0;
    for (uint8_t c : block.subspan(124, 12)) {
      if (c < '0' || c > '7') {
        if (c != 0 && c != ' ') return false;  // Larger sizes are written in binary.
        continue;
      }
      size = size * 8 + (c - '0');
    }
    at += kBlock + (size + kBlock - 1) / kBlock * kBlock;
  }
}

absl::StatusOr<bool> MsgpackEndsEarly(ByteWindow* window) {
  uint64_t at = 0;
  for (uint64_t pending = 1; pending > 0; --pending) {
    // Every item takes a byte.
    if (at >= window->size() || pending > window->size() - at) return true;
    PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> type, window->At(at++, 1));
    if (type[0] == 0xc1) return false;  // Never used.
    const MsgpackShape shape = ShapeOf(type[0]);
    uint64_t number = 0;
    if (shape.number_bytes > window->size() - at) return true;
    if (shape.number_bytes > 0) {
      PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> bytes, window->At(at, shape.number_bytes));
      for (uint8_t byte : bytes) number = number << 8 | byte;
    }
    at += shape.number_bytes;
    const uint64_t payload = shape.payload + (shape.length ? number : 0);
    if (payload > window->size() - at) return true;
    at += payload;
    pending += shape.items + shape.item_factor * number;
  }
  return false;
}

absl::StatusOr<bool> ProtobufEndsEarly(ByteWindow* window) {
  for (uint64_t at = 0; at < window->size();) {
    PLUMB_ASSIGN_OR_RETURN(std::optional<Varint> tag, VarintAt(window, at));
    if (!tag.has_value()) return true;
    // Not a message after all.
    if (!tag->sound || tag->value >> 3 == 0 || tag->value >> 3 > 0x1fffffff) return false;
    at = tag->end;
    uint64_t bytes = 0;
    switch (tag->value & 7) {
      case 0:
      case 2: {
        PLUMB_ASSIGN_OR_RETURN(std::optional<Varint> value, VarintAt(window, at));
        if (!value.has_value()) return true;
        if (!value->sound) return false;
        at = value->end;
        if ((tag->value & 7) == 2) bytes = value->value;
        break;
      }
      case 1:
        bytes = 8;
        break;
      case 5:
        bytes = 4;
        break;
      default:
        return false;
    }
    if (bytes > window->size() - at) return true;
    at += bytes;
  }
  return false;
}

absl::StatusOr<bool> TfliteEndsEarly(ByteWindow* window) {
  if (window->size() < 8) return true;
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> mark, window->At(4, 4));
  if (AsText(mark) != "TFL3") return false;
  constexpr unsigned kModelBuffers = 4;
  constexpr unsigned kBufferData = 0;
  PLUMB_ASSIGN_OR_RETURN(std::optional<uint64_t> root, NumberAt(window, 0, 4));
  PLUMB_ASSIGN_OR_RETURN(std::optional<Vector> buffers, FieldVector(window, *root, kModelBuffers));
  if (!buffers.has_value() || buffers->count > (window->size() - buffers->at) / 4) return true;
  for (uint64_t i = 0; i < buffers->count; ++i) {
    const uint64_t at = buffers->at + 4 * i;
    PLUMB_ASSIGN_OR_RETURN(std::optional<uint64_t> table, NumberAt(window, at, 4));
    PLUMB_ASSIGN_OR_RETURN(std::optional<Vector> data, FieldVector(window, at + *table, kBufferData));
    if (!data.has_value() || data->count > window->size() - data->at) return true;
  }
  return false;
}

}  // namespace plumb::structure
