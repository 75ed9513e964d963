#include "formats/numpy/npy_header.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/quote.h"
#include "plumb/base/refuse.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

struct KnownType {
  std::string_view code;  // Without the byte order.
  DType dtype;
};
constexpr KnownType kTypes[] = {
    {"b1", DType::kBool}, {"i1", DType::kI8},  {"u1", DType::kU8},  {"i2", DType::kI16},   {"u2", DType::kU16},
    {"i4", DType::kI32},  {"u4", DType::kU32}, {"i8", DType::kI64}, {"u8", DType::kU64},   {"f2", DType::kF16},
    {"f4", DType::kF32},  {"f8", DType::kF64}, {"c8", DType::kC64}, {"c16", DType::kC128},
};

// What an unread type code is, for people.
std::string_view KindOf(std::string_view code) {
  switch (code.empty() ? '?' : code[0]) {
    case 'O':
      return "an array of Python objects, which is a pickle";
    case 'U':
    case 'S':
    case 'a':
      return "an array of texts";
    case 'M':
    case 'm':
      return "an array of dates or durations";
    case 'V':
      return "an array of raw bytes, or of a type that NumPy does not know";
    default:
      return "an array of a type that is not read";
  }
}

// Reads Python's literals as far as a header has them. The first error is kept.
class Literal {
 public:
  explicit Literal(std::string_view text) : text_(text) {}

  bool ok() const { return error_.empty(); }
  const std::string& error() const { return error_; }
  void Fail(std::string why) {
    if (error_.empty()) error_ = std::move(why);
  }

  // Takes `token` if it comes next.
  bool Take(std::string_view token) {
    SkipSpace();
    if (!text_.starts_with(token)) return false;
    text_.remove_prefix(token.size());
    return true;
  }
  void Need(std::string_view token) {
    if (!Take(token)) Fail(fmt::format("expected {} in the header", token));
  }
  bool AtEnd() {
    SkipSpace();
    return text_.empty();
  }

  // A text in single or double quotes, without escapes.
  std::string_view Text() {
    SkipSpace();
    const char quote = text_.empty() ? '\0' : text_[0];
    const size_t end = quote == '\'' || quote == '"' ? text_.find(quote, 1) : text_.npos;
    if (end == text_.npos) {
      Fail("expected a text in the header");
      return "";
    }
    std::string_view text = text_.substr(1, end - 1);
    text_.remove_prefix(end + 1);
    if (text.find('\\') != text.npos) Fail("a text in the header has an escape");
    return text;
  }

  // Everything up to the end of a list whose beginning was taken.
  void SkipList() {
    for (int depth = 1; ok() && depth > 0;) {
      SkipSpace();
      if (text_.starts_with('\'') || text_.starts_with('"')) {
        Text();
      } else if (text_.empty()) {
        Fail("a list in the header does not end");
      } else {
        depth += text_[0] == '[' ? 1 : text_[0] == ']' ? -1 : 0;
        text_.remove_prefix(1);
      }
    }
  }

  bool Flag() {
    if (Take("True")) return true;
    if (!Take("False")) Fail("expected True or False in the header");
    return false;
  }

  uint64_t Number() {
    SkipSpace();
    uint64_t number = 0;
    size_t digits = 0;
    for (; digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9'; ++digits) {
      if (__builtin_mul_overflow(number, uint64_t{10}, &number) ||
          __builtin_add_overflow(number, static_cast<uint64_t>(text_[digits] - '0'), &number)) {
        Fail("a size in the header is too large");
        return 0;
      }
    }
    if (digits == 0) Fail("expected a size in the header");
    text_.remove_prefix(digits);
    Take("L");  // Python 2 wrote long integers so.
    return number;
  }

  std::vector<uint64_t> Tuple() {
    std::vector<uint64_t> numbers;
    Need("(");
    while (ok() && !Take(")")) {
      numbers.push_back(Number());
      if (numbers.size() > limits::kTensorRankMax) Fail(fmt::format("more than {} dimensions", limits::kTensorRankMax));
      if (!Take(",")) {
        Need(")");
        break;
      }
    }
    return numbers;
  }

 private:
  void SkipSpace() {
    const size_t begin = text_.find_first_not_of(" \t\r\n");
    text_.remove_prefix(begin == text_.npos ? text_.size() : begin);
  }

  std::string_view text_;
  std::string error_;
};

// Sets type and byte order from a code such as `<f4`.
void ReadType(Literal& literal, NpyHeader* header) {
  if (literal.Take("[")) {
    header->unreadable = "is an array of structures";
    return literal.SkipList();
  }
  std::string_view code = literal.Text();
  if (!literal.ok()) return;
  const char order = code.empty() ? '\0' : code[0];
  const bool marked = order == '<' || order == '>' || order == '|' || order == '=';
  const std::string_view type = marked ? code.substr(1) : code;
  for (const KnownType& known : kTypes) {
    const bool one_byte = BlockOf(known.dtype).bytes == 1;
    // `=` is the order of whatever machine wrote the file.
    if (type != known.code || (!one_byte && order != '<' && order != '>')) continue;
    header->dtype = known.dtype;
    header->big_endian = order == '>' && !one_byte;
    return;
  }
  header->unreadable = fmt::format("is {} ({})", KindOf(type), QuoteForMessage(code));
}

}  // namespace

std::string NpyTypeCode(DType dtype) {
  for (const KnownType& known : kTypes) {
    const bool one_byte = known.code[1] == '1' && known.code.size() == 2;
    if (known.dtype == dtype) return fmt::format("{}{}", one_byte ? '|' : '<', known.code);
  }
  return "";
}

bool LooksLikeNpy(std::span<const uint8_t> head) {
  return head.size() >= kMagic.size() && std::equal(kMagic.begin(), kMagic.end(), AsText(head).begin());
}

absl::StatusOr<NpyHeader> ParseNpyDictionary(std::string_view text) {
  Literal literal(text);
  NpyHeader header;
  unsigned seen = 0;
  literal.Need("{");
  while (literal.ok() && !literal.Take("}")) {
    const std::string_view key = literal.Text();
    literal.Need(":");
    const unsigned bit = key == "descr" ? 1 : key == "fortran_order" ? 2 : key == "shape" ? 4 : 0;
    if (bit == 0) literal.Fail(fmt::format("the header has the unknown key {}", QuoteForMessage(key)));
    if ((seen & bit) != 0) literal.Fail(fmt::format("the header has the key {} twice", QuoteForMessage(key)));
    seen |= bit;
    if (!literal.ok()) break;
    if (bit == 1) ReadType(literal, &header);
    if (bit == 2) header.fortran_order = literal.Flag();
    if (bit == 4) header.shape = literal.Tuple();
    if (!literal.Take(",")) {
      literal.Need("}");
      break;
    }
  }
  if (literal.ok() && seen != 7) literal.Fail("the header lacks descr, fortran_order or shape");
  if (literal.ok() && !literal.AtEnd()) literal.Fail("the header goes on after its dictionary");
  if (!literal.ok()) return RefusedFile(literal.error());
  return header;
}

absl::StatusOr<NpyHeader> ReadNpyHeader(ByteWindow& window, uint64_t begin, uint64_t size) {
  constexpr uint64_t kShortPrefix = 10;
  constexpr uint64_t kLongPrefix = 12;
  if (size < kLongPrefix) return RefusedFile("it is too short for a .npy file");
  uint64_t prefix = kShortPrefix;
  uint64_t length = 0;
  {
    PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> head, window.At(begin, kLongPrefix));
    if (!LooksLikeNpy(head)) return RefusedFile("it does not begin like a .npy file");
    const uint8_t version = head[6];
    if (version < 1 || version > 3 || head[7] != 0)
      return RefusedFile(fmt::format("its version is {}.{}", version, head[7]));
    length = head[8] | uint64_t{head[9]} << 8;
    if (version > 1) {
      prefix = kLongPrefix;
      length |= uint64_t{head[10]} << 16 | uint64_t{head[11]} << 24;
    }
  }
  if (length > limits::kNpyHeaderBytesMax || length > size - prefix) {
    return RefusedFile(fmt::format("its header is said to have {} bytes, expected at most {}", length,
                                   std::min(limits::kNpyHeaderBytesMax, size - prefix)));
  }
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> text, window.At(begin + prefix, length));
  PLUMB_ASSIGN_OR_RETURN(NpyHeader header, ParseNpyDictionary(AsText(text)));
  header.data_begin = prefix + length;
  return header;
}

absl::StatusOr<SourceTensor> NpyTensor(std::string name, const NpyHeader& header, uint32_t file, uint64_t begin,
                                       uint64_t size) {
  SourceTensor tensor = {.name = std::move(name), .dtype = header.dtype, .shape = header.shape};
  tensor.big_endian = header.big_endian;
  uint64_t bytes = BlockOf(header.dtype).bytes;
  for (uint64_t dimension : header.shape) {
    if (__builtin_mul_overflow(bytes, dimension, &bytes)) return RefusedFile("its size overflows 64 bits");
  }
  if (size - header.data_begin != bytes) {
    std::string why = fmt::format("it has {} bytes of data, expected {}", size - header.data_begin, bytes);
    const bool cut = size - header.data_begin < bytes;
    return cut ? DamagedFile(std::move(why)) : RefusedFile(std::move(why));
  }
  if (header.fortran_order && header.shape.size() > 1 && bytes > 0) {
    uint64_t stride = 1;
    for (uint64_t dimension : header.shape) {
      tensor.strides.push_back(stride);
      stride *= dimension;
    }
  }
  if (bytes > 0) tensor.ranges.push_back({file, begin + header.data_begin, begin + size});
  return tensor;
}

}  // namespace plumb
