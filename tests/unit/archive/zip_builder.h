// Writes ZIP archives, sound ones and others.
#ifndef PLUMB_TESTS_UNIT_ARCHIVE_ZIP_BUILDER_H_
#define PLUMB_TESTS_UNIT_ARCHIVE_ZIP_BUILDER_H_

#include <zlib.h>

#include <cstdint>
#include <string>
#include <vector>

namespace plumb {

// `size` bytes of `number`, little-endian.
inline std::string Little(uint64_t number, int size) {
  std::string bytes;
  for (int i = 0; i < size; ++i) bytes.push_back(static_cast<char>(number >> (8 * i)));
  return bytes;
}

// What an entry says of itself; by default all of it is true.
struct ZipEntrySpec {
  std::string name;
  std::string data;
  uint16_t method = 0;
  uint16_t flags = 0;
  std::string local_name = name;  // In the local header.
  uint16_t local_method = method;
  uint16_t local_flags = flags;
  uint64_t size = data.size();  // Unpacked.
  std::string local_extra;
  uint32_t crc32 =
      static_cast<uint32_t>(::crc32(0, reinterpret_cast<const Bytef*>(data.data()), static_cast<uInt>(data.size())));
};

// `data` as a raw deflate stream.
inline std::string Deflate(const std::string& data) {
  z_stream stream = {};
  deflateInit2(&stream, 9, Z_DEFLATED, -MAX_WBITS, 9, Z_DEFAULT_STRATEGY);
  std::string out(deflateBound(&stream, data.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  stream.avail_in = static_cast<uInt>(data.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  deflate(&stream, Z_FINISH);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

// An entry whose data is deflated.
inline ZipEntrySpec Deflated(const std::string& name, const std::string& data) {
  ZipEntrySpec plain = {.name = name, .data = data};
  ZipEntrySpec entry = {.name = name, .data = Deflate(data), .method = 8};
  entry.size = data.size();
  entry.crc32 = plain.crc32;
  return entry;
}

struct ZipSpec {
  std::vector<ZipEntrySpec> entries;
  std::string prefix;            // Before the first entry.
  std::string comment;           // In the end record.
  std::string suffix;            // After it.
  uint16_t count_delta = 0;      // Added to the number of entries in the end record.
  bool wide = false;             // With ZIP64 records.
  uint32_t directory_delta = 0;  // Added to the directory's place.
};

inline std::string BuildZip(const ZipSpec& spec) {
  std::string out = spec.prefix;
  std::string directory;
  for (const ZipEntrySpec& e : spec.entries) {
    const uint64_t begin = out.size();
    const uint64_t narrow_size = spec.wide ? UINT32_MAX : e.size;
    const uint64_t narrow_stored = spec.wide ? UINT32_MAX : e.data.size();
    const std::string wide =
        spec.wide ? Little(1, 2) + Little(16, 2) + Little(e.size, 8) + Little(e.data.size(), 8) : "";
    out += "PK\3\4" + Little(20, 2) + Little(e.local_flags, 2) + Little(e.local_method, 2) + Little(0, 4) +
           Little(e.crc32, 4) + Little(narrow_stored, 4) + Little(narrow_size, 4) + Little(e.local_name.size(), 2) +
           Little(wide.size() + e.local_extra.size(), 2) + e.local_name + wide + e.local_extra + e.data;
    directory += "PK\1\2" + Little(20, 2) + Little(20, 2) + Little(e.flags, 2) + Little(e.method, 2) + Little(0, 4) +
                 Little(e.crc32, 4) + Little(narrow_stored, 4) + Little(narrow_size, 4) + Little(e.name.size(), 2) +
                 Little(wide.size(), 2) + Little(0, 2) + Little(0, 2) + Little(0, 2) + Little(0, 4) + Little(begin, 4) +
                 e.name + wide;
  }
  const uint64_t begin = out.size() + spec.directory_delta;
  const uint64_t count = spec.entries.size() + spec.count_delta;
  out += directory;
  if (spec.wide) {
    const uint64_t end = out.size();
    out += "PK\6\6" + Little(44, 8) + Little(45, 2) + Little(45, 2) + Little(0, 4) + Little(0, 4) + Little(count, 8) +
           Little(count, 8) + Little(directory.size(), 8) + Little(begin, 8);
    out += "PK\6\7" + Little(0, 4) + Little(end, 8) + Little(1, 4);
  }
  return out + "PK\5\6" + Little(0, 4) + Little(count, 2) + Little(count, 2) + Little(directory.size(), 4) +
         Little(spec.wide ? UINT32_MAX : begin, 4) + Little(spec.comment.size(), 2) + spec.comment + spec.suffix;
}

}  // namespace plumb

#endif  // PLUMB_TESTS_UNIT_ARCHIVE_ZIP_BUILDER_H_
