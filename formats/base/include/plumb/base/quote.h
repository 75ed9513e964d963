// Foreign text in messages.
#ifndef PLUMB_BASE_QUOTE_H_
#define PLUMB_BASE_QUOTE_H_

#include <string>
#include <string_view>

namespace plumb {

// `text` in quotes for a message: shortened, and without bytes that a terminal or a UTF-8 reader would trip over.
std::string QuoteForMessage(std::string_view text);

}  // namespace plumb

#endif  // PLUMB_BASE_QUOTE_H_
