// Text for people: widths, sizes, times, and making text from strangers
// harmless.
#ifndef PLUMB_CLIENT_CLI_TEXT_H_
#define PLUMB_CLIENT_CLI_TEXT_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "google/protobuf/timestamp.pb.h"

namespace plumb::cli {

// `text` with everything escaped that could steer a terminal or mislead its
// reader: control characters (C0, DEL, C1), line and paragraph separators,
// marks that change the writing direction, and bytes that are not UTF-8. Line
// feeds stay when `keep_lines`.
std::string Sanitise(std::string_view text, bool keep_lines = false);

// Columns that sanitised `text` takes on a terminal.
size_t DisplayWidth(std::string_view text);

// Sanitised `text` cut to at most `columns`, the cut marked by an ellipsis at
// its end.
std::string Truncate(std::string_view text, size_t columns);
// The same with the ellipsis in front: the end of a path says more than its
// start.
std::string TruncateFront(std::string_view text, size_t columns);
// The same with the ellipsis a third of the way in: how a file's name begins and how it ends both say what it is.
std::string TruncateMiddle(std::string_view text, size_t columns);
// Bytes at the start of sanitised `text` that take at most `columns`.
size_t PrefixBytes(std::string_view text, size_t columns);

// `512 B`, `1.5 KiB`, `27.0 MiB`.
std::string FormatBytes(uint64_t bytes);
// `0.42 s`, `12.3 s`, `2:05`, `1:02:03`.
std::string FormatSeconds(double seconds);
// `2026-11-23 15:39`, UTC; empty for an absent time.
std::string FormatTime(const google::protobuf::Timestamp& time);
// RFC 3339 in UTC with seconds, for programs; empty for an absent time.
std::string FormatTimeRfc3339(const google::protobuf::Timestamp& time);
// `1 file`, `2 files`.
std::string Count(uint64_t number, std::string_view noun);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_TEXT_H_
