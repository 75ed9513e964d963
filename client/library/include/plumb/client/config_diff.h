// What the configuration files of two releases, or folders, say differently, key by key.
#ifndef PLUMB_CLIENT_CONFIG_DIFF_H_
#define PLUMB_CLIENT_CONFIG_DIFF_H_

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/directory.h"

namespace plumb {

// One key that differs. Plain value.
struct ConfigChange {
  std::string path;  // `config.json`, `README.md`.
  std::string key;   // `rope_scaling.factor`; empty for a file that is on one side alone or cannot be read.
  // Values as JSON; absent on the side that has none.
  std::optional<std::string> a;
  std::optional<std::string> b;
  // Why the file could not be compared; empty for most.
  std::string remark;
};

// Gives the text of a file of one side; NOT_FOUND when it has none of that path.
using TextReader = std::function<absl::StatusOr<std::string>(const std::string& path)>;

// The files that are compared: config.json and what stands beside it by the same conventions, and the card's facts.
const std::vector<std::string>& ConfigPaths();

// Compares two texts of one file, a JSON object or a card (README.md: licence, task, library, base model, languages,
// labels, datasets). Keys sorted, those of `b` alone last. Lists are compared as wholes. A text that is not
// understood is one change with a remark, where the texts differ.
std::vector<ConfigChange> DiffConfigText(const std::string& path, std::string_view a, std::string_view b);

// Compares every file of ConfigPaths that one side has. What cannot be read is a change with a remark; CANCELLED,
// UNAVAILABLE and ErrorClass::kVerification are returned.
absl::StatusOr<std::vector<ConfigChange>> DiffConfigs(const TextReader& a, const TextReader& b);

// A whole small file of a folder. RESOURCE_EXHAUSTED for one of more than `bytes_max`.
absl::StatusOr<std::string> ReadFolderText(const Directory& folder, const std::string& path, uint64_t bytes_max);

// Reads below a folder on this machine, links as Directory::OpenFollowingLinks; files of more than
// limits::kConfigBytesMax are an error.
absl::StatusOr<TextReader> FolderTextReader(const std::string& folder);

}  // namespace plumb

#endif  // PLUMB_CLIENT_CONFIG_DIFF_H_
