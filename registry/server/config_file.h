// The file that --config names.
#ifndef PLUMB_REGISTRY_SERVER_CONFIG_FILE_H_
#define PLUMB_REGISTRY_SERVER_CONFIG_FILE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace plumb {

// OK when `text` is TOML that sets each of its keys once, outside of sections, and each is one of `keys`.
// INVALID_ARGUMENT (ErrorClass::kUsage) names what is not, and the key that was probably meant: a slip of the pen must
// not leave a server with less protection than its operator asked for. `name` is for messages.
absl::Status CheckConfigKeys(const std::string& text, const std::string& name, const std::vector<std::string>& keys);

// The one of `words` that `word` was probably meant to be; empty when it is near to none.
std::string NearestKey(const std::string& word, const std::vector<std::string>& words);

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVER_CONFIG_FILE_H_
