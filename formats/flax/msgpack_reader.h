// MessagePack, read forwards: https://github.com/msgpack/msgpack/blob/master/spec.md
#ifndef PLUMB_FORMATS_FLAX_MSGPACK_READER_H_
#define PLUMB_FORMATS_FLAX_MSGPACK_READER_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"

namespace plumb {

enum class MsgpackKind { kNil, kBool, kUnsigned, kSigned, kReal, kText, kBytes, kArray, kMap, kExtension };

// What one item begins with. Texts, bytes and extensions have their bytes after it, arrays and maps their items.
struct MsgpackItem {
  MsgpackKind kind = MsgpackKind::kNil;
  uint64_t number = 0;  // kBool, kUnsigned, kSigned (two's complement).
  double real = 0;
  uint64_t size = 0;     // Bytes of texts, bytes and extensions; items of arrays; pairs of maps.
  int8_t extension = 0;  // Its type.
};

// A cursor over bytes [begin, end) of a source. Every size is checked against what is left. Not thread-safe.
class MsgpackReader {
 public:
  MsgpackReader(const ByteSource& source, uint64_t begin, uint64_t end) : window_(source), at_(begin), end_(end) {}

  uint64_t at() const { return at_; }
  bool AtEnd() const { return at_ == end_; }
  // INVALID_ARGUMENT (ErrorClass::kPolicy) for what is cut off, the byte that is no type, and sizes that do not fit.
  absl::StatusOr<MsgpackItem> Next();
  // The bytes of a text, at most `bytes_max`.
  absl::StatusOr<std::string> Text(const MsgpackItem& item, uint64_t bytes_max);
  // Leaves out the bytes of a text, bytes or an extension.
  absl::Status Skip(uint64_t bytes);

 private:
  absl::StatusOr<uint64_t> BigEndian(unsigned bytes);
  absl::Status Sized(MsgpackItem* item, MsgpackKind kind, unsigned length_bytes);
  absl::Status Extension(MsgpackItem* item, uint64_t size);
  absl::Status Number(MsgpackItem* item, uint8_t type);
  absl::Status Long(MsgpackItem* item, uint8_t type);
  absl::Status Bad(std::string_view why) const;

  ByteWindow window_;
  uint64_t at_;
  uint64_t end_;
};

}  // namespace plumb

#endif  // PLUMB_FORMATS_FLAX_MSGPACK_READER_H_
