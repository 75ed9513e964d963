#include <map>
#include <set>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/containers/incomplete.h"
#include "plumb/weights/shard_set.h"

namespace plumb {
namespace {

// Names of missing files in one message.
constexpr size_t kNamesMax = 4;

// True of `NAME-00001-of-00002` with an ending or none: what else follows the number is part of each file's own name.
bool IsWholeName(std::string_view path) {
  const std::string_view rest = path.substr(path.rfind("-of-") + 4);
  const size_t end = rest.find_first_not_of("0123456789");
  return end == rest.npos || rest[end] == '.';
}

std::optional<IncompleteFile> Missing(const ShardSet& shards, const std::set<std::string, std::less<>>& present) {
  const size_t first = present.contains(shards.Path(0)) ? 0 : 1;
  std::vector<std::string> missing;
  size_t count = 0;
  for (size_t i = 0; i < shards.count(); ++i) {
    const std::string path = shards.Path(first + i);
    if (present.contains(path) || ++count > kNamesMax) continue;
    missing.push_back(path.substr(path.rfind('/') + 1));
  }
  if (count == 0) return std::nullopt;
  return IncompleteFile{.path = shards.pattern(),
                        .what = fmt::format("lacks {} of its {} files: {}{}", count, shards.count(),
                                            fmt::join(missing, ", "), count > kNamesMax ? ", ..." : ""),
                        .mend = "download or save them too"};
}

}  // namespace

std::vector<IncompleteFile> IncompleteSets(const std::vector<std::string>& paths) {
  const std::set<std::string, std::less<>> present(paths.begin(), paths.end());
  std::map<std::string, ShardSet> sets;
  for (const std::string& path : paths) {
    std::optional<ShardSet> shards = ShardSet::Of(path);
    if (shards.has_value() && IsWholeName(path)) sets.emplace(shards->pattern(), *shards);
  }
  std::vector<IncompleteFile> incomplete;
  for (const auto& [pattern, shards] : sets) {
    if (std::optional<IncompleteFile> missing = Missing(shards, present)) incomplete.push_back(*std::move(missing));
  }
  return incomplete;
}

}  // namespace plumb
