// Which files of a folder are left out: the patterns of a .gitignore file, as git reads them.
#ifndef PLUMB_BASE_IGNORE_RULES_H_
#define PLUMB_BASE_IGNORE_RULES_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/directory.h"

namespace plumb {

// Rules in an order; the last that matches a path decides. As gitignore(5) has it: `#` begins a comment, `!` takes
// back, a `/` at the end means folders only, one elsewhere binds the pattern to the top, `*` and `?` stop at `/`, `**`
// between slashes is any number of folders, `[a-z]` a set, `\` takes the next character as it is. Paths match as they
// are spelt. Plain value; reading is thread-safe.
class IgnoreRules {
 public:
  // Adds the rules of a text, one a line. OUT_OF_RANGE past limits::kIgnoreRulesMax rules in all, or for one of more
  // than limits::kIgnoreRuleBytesMax bytes; `name` is for messages.
  absl::Status Add(std::string_view text, std::string_view name);

  // Whether the rules speak of `path` itself, and leave it out: nothing of the folders that it lies in. Whoever walks a
  // folder enters none that is left out, so that nothing in it can be taken back.
  std::optional<bool> Decide(std::string_view path, bool is_folder) const;
  bool LeavesOut(std::string_view path, bool is_folder) const { return Decide(path, is_folder).value_or(false); }

 private:
  struct Rule {
    std::vector<std::string> parts;  // Between slashes; `**` is any number of folders.
    bool takes_back = false;
    bool folders_only = false;
  };

  std::vector<Rule> rules_;
};

// What people's folders hold and no release should: version control, caches, what editors, desktops and Python leave,
// virtual environments, settings with secrets. docs/cli.md has the list.
const IgnoreRules& LeftOutByDefault();

// Says of a path below a folder, and of whether it is a folder itself, that it is left out.
using LeavesOut = std::function<bool(const std::string& path, bool is_folder)>;

// What Directory::List returns, without what is left out; nothing below a folder that is left out is looked at.
absl::StatusOr<std::vector<DirectoryEntry>> ListFolder(const Directory& directory, const LeavesOut& leaves_out);
// The same without what LeftOutByDefault leaves out: the files of a model in a person's folder.
absl::StatusOr<std::vector<DirectoryEntry>> ListModelFolder(const Directory& directory);

}  // namespace plumb

#endif  // PLUMB_BASE_IGNORE_RULES_H_
