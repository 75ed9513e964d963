#include "client/cli/quantity.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

constexpr double kMillisecondsMax = 366.0 * 86'400 * 1000;

std::string_view Trim(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  return lower;
}

// Takes digits with at most one point among them off the front. None when there are none, or for what is no number.
std::optional<double> TakeNumber(std::string_view* text) {
  size_t size = std::min(text->find_first_not_of("0123456789."), text->size());
  double value = 0;
  auto [end, error] = std::from_chars(text->data(), text->data() + size, value, std::chars_format::fixed);
  if (size == 0 || error != std::errc() || end != text->data() + size) return std::nullopt;
  text->remove_prefix(size);
  return value;
}

// The bytes in one of `unit`, lower case; 0 when it is none.
double BytesIn(std::string_view unit) {
  if (unit.empty() || unit == "b") return 1;
  size_t power = std::string_view("kmgtpe").find(unit.front());
  if (power == std::string_view::npos) return 0;
  std::string_view rest = unit.substr(1);
  if (rest.empty() || rest == "b") return std::pow(1000.0, static_cast<double>(power + 1));
  return rest == "i" || rest == "ib" ? std::pow(1024.0, static_cast<double>(power + 1)) : 0;
}

double MillisecondsIn(std::string_view unit) {
  constexpr std::pair<std::string_view, double> kUnits[] = {{"ms", 1},    {"s", 1e3},   {"", 1e3},    {"m", 6e4},
                                                            {"min", 6e4}, {"h", 3.6e6}, {"d", 8.64e7}};
  for (const auto& [name, factor] : kUnits) {
    if (name == unit) return factor;
  }
  return 0;
}

}  // namespace

absl::StatusOr<uint64_t> ParseBytes(std::string_view text) {
  absl::Status bad =
      InvalidArgument(fmt::format("\"{}\" is no number of bytes; expected 500k, 1.5MB, 10MiB, ...", text));
  std::string_view rest = Trim(text);
  if (rest.ends_with("/s")) rest.remove_suffix(2);
  // Whole numbers are exact up to the last one that fits.
  uint64_t whole = 0;
  auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), whole);
  if (error == std::errc() && end == rest.data() + rest.size()) return whole;
  std::optional<double> number = TakeNumber(&rest);
  double unit = BytesIn(Lower(Trim(rest)));
  if (!number.has_value() || unit == 0) return bad;
  double bytes = std::round(*number * unit);
  if (!(bytes < 18446744073709551616.0)) return bad;
  return static_cast<uint64_t>(bytes);
}

absl::StatusOr<std::chrono::milliseconds> ParseDuration(std::string_view text) {
  absl::Status bad = InvalidArgument(fmt::format("\"{}\" is no time; expected 90s, 2m, 1h30m, ...", text));
  std::string_view rest = Trim(text);
  if (rest.empty()) return bad;
  double total = 0;
  while (!rest.empty()) {
    std::optional<double> number = TakeNumber(&rest);
    size_t size = std::min(rest.find_first_of("0123456789."), rest.size());
    double unit = MillisecondsIn(Lower(Trim(rest.substr(0, size))));
    if (!number.has_value() || unit == 0) return bad;
    total += *number * unit;
    rest.remove_prefix(size);
  }
  if (!(total <= kMillisecondsMax)) return bad;
  return std::chrono::milliseconds(std::llround(total));
}

absl::StatusOr<uint64_t> ParseCount(std::string_view text) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (!text.empty() && error == std::errc() && end == text.data() + text.size()) return value;
  return InvalidArgument(fmt::format("\"{}\" is no number; expected one that is not less than 0", text));
}

}  // namespace plumb::cli
