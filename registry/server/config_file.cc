#include "registry/server/config_file.h"

#include <algorithm>
#include <numeric>
#include <set>
#include <sstream>
#include <utility>

#include "CLI/CLI.hpp"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

constexpr size_t kWordBytesMax = 64;

absl::Status UsageError(std::string message) {
  return WithErrorClass(InvalidArgument(std::move(message)), ErrorClass::kUsage);
}

// How many letters must be put in, taken out or replaced.
size_t Distance(const std::string& a, const std::string& b) {
  std::vector<size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), size_t{0});
  for (size_t i = 0; i < a.size(); ++i) {
    size_t diagonal = std::exchange(row[0], i + 1);
    for (size_t j = 0; j < b.size(); ++j) {
      size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

// A key as people might write it.
std::string Plain(const std::string& key) {
  std::string plain;
  for (char c : key.substr(0, kWordBytesMax)) {
    if (c == '_' || c == '-' || c == ' ') continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  }
  return plain;
}

}  // namespace

std::string NearestKey(const std::string& word, const std::vector<std::string>& words) {
  std::string nearest;
  size_t best = std::max<size_t>(2, Plain(word).size() / 3) + 1;
  for (const std::string& each : words) {
    size_t distance = Distance(Plain(word), Plain(each));
    if (distance < best) {
      best = distance;
      nearest = each;
    }
  }
  return nearest;
}

absl::Status CheckConfigKeys(const std::string& text, const std::string& name, const std::vector<std::string>& keys) {
  std::vector<CLI::ConfigItem> items;
  try {
    std::istringstream stream(text);
    items = CLI::ConfigTOML().from_config(stream);
  } catch (const std::exception& error) {
    return UsageError(fmt::format("{}: not TOML: {}", name, error.what()));
  }
  std::set<std::string> seen;
  for (const CLI::ConfigItem& item : items) {
    if (!item.parents.empty()) {
      return UsageError(fmt::format("{}: unknown section [{}]; all keys stand outside of sections", name,
                                    fmt::join(item.parents, ".")));
    }
    if (std::find(keys.begin(), keys.end(), item.name) == keys.end()) {
      std::string nearest = NearestKey(item.name, keys);
      return UsageError(fmt::format("{}: unknown key \"{}\"{}; expected one of {}", name, item.name,
                                    nearest.empty() ? "" : fmt::format(", did you mean {}?", nearest),
                                    fmt::join(keys, ", ")));
    }
    // The reader joins the values of a key that comes twice in a row.
    if (item.inputs.size() > 1 || !seen.insert(item.name).second) return UsageError(fmt::format("{}: {} is set twice", name, item.name));
  }
  return absl::OkStatus();
}

}  // namespace plumb
