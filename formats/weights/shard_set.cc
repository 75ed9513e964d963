#include "plumb/weights/shard_set.h"

#include <charconv>

#include "fmt/format.h"
#include "plumb/base/limits.h"

namespace plumb {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::optional<ShardSet> ShardSet::Of(std::string_view path) {
  const size_t name = path.rfind('/') + 1;  // 0 without a folder.
  const size_t of = path.rfind("-of-");
  if (of == path.npos || of <= name) return std::nullopt;
  size_t first = of;
  while (first > name && IsDigit(path[first - 1])) --first;
  ShardSet set;
  const std::string_view total = path.substr(of + 4);
  const auto [rest, error] = std::from_chars(total.data(), total.data() + total.size(), set.count_);
  if (first == of || error != std::errc() || set.count_ == 0 || set.count_ > limits::kShardsMax) return std::nullopt;
  set.start_ = path.substr(0, first);
  set.end_ = path.substr(of);
  set.digits_ = of - first;
  return set;
}

std::string ShardSet::Path(size_t number) const { return fmt::format("{}{:0{}}{}", start_, number, digits_, end_); }

std::vector<std::string> ShardSet::FilesIn(const Directory& folder) const {
  std::vector<std::string> found;
  for (size_t number = 0; number <= count_; ++number) {
    std::string path = Path(number);
    if (folder.OpenFile(path).ok()) found.push_back(std::move(path));
  }
  return found;
}

}  // namespace plumb
