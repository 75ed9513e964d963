// Shards that only their names put together.
#ifndef PLUMB_WEIGHTS_SHARD_SET_H_
#define PLUMB_WEIGHTS_SHARD_SET_H_

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "plumb/base/directory.h"

namespace plumb {

// `DIR/NAME-00002-of-00003.ENDING`: one of three. Plain value.
class ShardSet {
 public:
  // The set that `path` belongs to by its name; nullopt for other names.
  static std::optional<ShardSet> Of(std::string_view path);

  // `DIR/NAME-*-of-00003.ENDING`: the same for all of a set.
  std::string pattern() const { return start_ + "*" + end_; }
  // How many there should be.
  size_t count() const { return count_; }
  // The name of one.
  std::string Path(size_t number) const;
  // Those that are there, in order. They are numbered from 0 or 1.
  std::vector<std::string> FilesIn(const Directory& folder) const;

 private:
  std::string start_;
  std::string end_;
  size_t digits_ = 0;
  size_t count_ = 0;
};

}  // namespace plumb

#endif  // PLUMB_WEIGHTS_SHARD_SET_H_
