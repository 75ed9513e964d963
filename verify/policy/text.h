// Small helpers on ASCII text.
#ifndef PLUMB_VERIFY_POLICY_TEXT_H_
#define PLUMB_VERIFY_POLICY_TEXT_H_

#include <string>
#include <string_view>

namespace plumb {

inline char LowerAscii(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

inline std::string LowerAscii(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = LowerAscii(c);
  return out;
}

inline bool IsAsciiAlnum(char c) { return (c >= '0' && c <= '9') || (LowerAscii(c) >= 'a' && LowerAscii(c) <= 'z'); }

}  // namespace plumb

#endif  // PLUMB_VERIFY_POLICY_TEXT_H_
