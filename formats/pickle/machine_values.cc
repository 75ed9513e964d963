// Numbers, texts and the memo.
#include <charconv>
#include <cmath>

#include "formats/pickle/machine.h"
#include "plumb/base/limits.h"

namespace plumb {
namespace {

// A decimal number of protocol 0; nullopt for anything else.
template <typename T>
bool ParseNumber(std::string_view text, T& number) {
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

int HexDigit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The code that `digits` hexadecimal digits after text[at] make; -1 when they do not.
int64_t HexCode(std::string_view text, size_t at, size_t digits) {
  if (text.size() - at < digits) return -1;
  int64_t code = 0;
  for (size_t i = 0; i < digits; ++i) {
    const int digit = HexDigit(text[at + i]);
    if (digit < 0) return -1;
    code = code * 16 + digit;
  }
  return code;
}

void AppendUtf8(uint32_t code, std::string& out) {
  if (code < 0x80) {
    out.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    out.push_back(static_cast<char>(0xc0 | code >> 6));
    out.push_back(static_cast<char>(0x80 | (code & 63)));
  } else if (code < 0x10000) {
    out.push_back(static_cast<char>(0xe0 | code >> 12));
    out.push_back(static_cast<char>(0x80 | (code >> 6 & 63)));
    out.push_back(static_cast<char>(0x80 | (code & 63)));
  } else {
    out.push_back(static_cast<char>(0xf0 | (code >> 18 & 7)));
    out.push_back(static_cast<char>(0x80 | (code >> 12 & 63)));
    out.push_back(static_cast<char>(0x80 | (code >> 6 & 63)));
    out.push_back(static_cast<char>(0x80 | (code & 63)));
  }
}

// Python's raw-unicode-escape: \uXXXX and \UXXXXXXXX stand for characters, every other byte for itself in Latin-1.
std::string UnescapeUnicode(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    const bool escape = text[i] == '\\' && i + 1 < text.size() && (text[i + 1] == 'u' || text[i + 1] == 'U');
    const size_t digits = escape && text[i + 1] == 'U' ? 8 : 4;
    const int64_t code = escape ? HexCode(text, i + 2, digits) : -1;
    if (code >= 0 && code <= 0x10ffff) {
      AppendUtf8(static_cast<uint32_t>(code), out);
      i += 1 + digits;
    } else {
      AppendUtf8(static_cast<uint8_t>(text[i]), out);
    }
  }
  return out;
}

// The value of a string literal of protocol 0 without its quotes: \n, \t, \r, \\, \', \" and \xXX.
std::string UnescapeString(std::string_view text) {
  std::string out;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out.push_back(text[i]);
      continue;
    }
    const char c = text[++i];
    const int64_t code = c == 'x' ? HexCode(text, i + 1, 2) : -1;
    if (code >= 0) {
      out.push_back(static_cast<char>(code));
      i += 2;
    } else {
      out.push_back(c == 'n' ? '\n' : c == 't' ? '\t' : c == 'r' ? '\r' : c);
    }
  }
  return out;
}

}  // namespace

void PickleMachine::PushLong(std::string_view little_endian) {
  if (little_endian.size() > sizeof(uint64_t)) return PushText(PickleKind::kBigInteger, little_endian);
  uint64_t number = 0;
  for (size_t i = 0; i < little_endian.size(); ++i) {
    number |= uint64_t{static_cast<uint8_t>(little_endian[i])} << (8 * i);
  }
  const bool negative = !little_endian.empty() && (static_cast<uint8_t>(little_endian.back()) & 0x80) != 0;
  if (negative && little_endian.size() < sizeof(uint64_t)) number |= ~uint64_t{0} << (8 * little_endian.size());
  PushNumber(PickleKind::kInteger, number);
}

void PickleMachine::PushDecimal(std::string_view digits, bool may_be_bool) {
  if (may_be_bool && (digits == "00" || digits == "01")) return PushNumber(PickleKind::kBool, digits[1] == '1' ? 1 : 0);
  if (digits.ends_with('L')) digits.remove_suffix(1);
  int64_t number = 0;
  if (ParseNumber(digits, number)) return PushNumber(PickleKind::kInteger, static_cast<uint64_t>(number));
  const std::string_view unsigned_digits = digits.starts_with('-') ? digits.substr(1) : digits;
  if (unsigned_digits.empty() || unsigned_digits.find_first_not_of("0123456789") != std::string_view::npos) {
    return Fail("a whole number is not one");
  }
  PushText(PickleKind::kBigInteger, digits);
}

bool PickleMachine::StepNumber(Opcode opcode) {
  switch (opcode) {
    case Opcode::kNone:
      return PushNumber(PickleKind::kNone, 0), true;
    case Opcode::kNewTrue:
      return PushNumber(PickleKind::kBool, 1), true;
    case Opcode::kNewFalse:
      return PushNumber(PickleKind::kBool, 0), true;
    case Opcode::kBinInt:
      return PushNumber(PickleKind::kInteger, static_cast<uint64_t>(int64_t{static_cast<int32_t>(TakeNumber(4))})),
             true;
    case Opcode::kBinInt1:
      return PushNumber(PickleKind::kInteger, TakeNumber(1)), true;
    case Opcode::kBinInt2:
      return PushNumber(PickleKind::kInteger, TakeNumber(2)), true;
    case Opcode::kInt:
      return PushDecimal(TakeLine(), true), true;
    case Opcode::kLong:
      return PushDecimal(TakeLine(), false), true;
    case Opcode::kLong1:
      return PushLong(Take(TakeNumber(1))), true;
    case Opcode::kLong4:
      return PushLong(Take(TakeNumber(4))), true;
    case Opcode::kBinFloat:
      return PushNumber(PickleKind::kReal, __builtin_bswap64(TakeNumber(8))), true;
    case Opcode::kFloat: {
      double number = 0;
      if (!ParseNumber(TakeLine(), number)) Fail("a number is not one");
      return PushNumber(PickleKind::kReal, std::bit_cast<uint64_t>(number)), true;
    }
    default:
      return false;
  }
}

bool PickleMachine::StepText(Opcode opcode) {
  switch (opcode) {
    case Opcode::kShortBinString:
    case Opcode::kShortBinUnicode:
      return PushText(PickleKind::kText, Take(TakeNumber(1))), true;
    case Opcode::kBinString:
    case Opcode::kBinUnicode:
      return PushText(PickleKind::kText, Take(TakeNumber(4))), true;
    case Opcode::kBinUnicode8:
      return PushText(PickleKind::kText, Take(TakeNumber(8))), true;
    case Opcode::kShortBinBytes:
      return PushText(PickleKind::kBytes, Take(TakeNumber(1))), true;
    case Opcode::kBinBytes:
      return PushText(PickleKind::kBytes, Take(TakeNumber(4))), true;
    case Opcode::kBinBytes8:
    case Opcode::kByteArray8:
      return PushText(PickleKind::kBytes, Take(TakeNumber(8))), true;
    case Opcode::kUnicode:
      return PushOwnedText(PickleKind::kText, UnescapeUnicode(TakeLine())), true;
    case Opcode::kString: {
      std::string_view line = TakeLine();
      const bool quoted = line.size() >= 2 && (line[0] == '\'' || line[0] == '"') && line.back() == line[0];
      if (!quoted) {
        Fail("a string has no quotes");
        return true;
      }
      return PushOwnedText(PickleKind::kText, UnescapeString(line.substr(1, line.size() - 2))), true;
    }
    default:
      return false;
  }
}

bool PickleMachine::StepMemo(Opcode opcode) {
  switch (opcode) {
    case Opcode::kBinPut:
      return Memoize(TakeNumber(1), Top()), true;
    case Opcode::kLongBinPut:
      return Memoize(TakeNumber(4), Top()), true;
    case Opcode::kMemoize:
      return Memoize(memo_.size(), Top()), true;
    case Opcode::kBinGet:
      return Recall(TakeNumber(1)), true;
    case Opcode::kLongBinGet:
      return Recall(TakeNumber(4)), true;
    case Opcode::kPut:
    case Opcode::kGet: {
      uint64_t index = 0;
      if (!ParseNumber(TakeLine(), index)) Fail("a place in the memo is not a number");
      if (failed()) return true;
      return opcode == Opcode::kPut ? Memoize(index, Top()) : Recall(index), true;
    }
    default:
      return false;
  }
}

}  // namespace plumb
