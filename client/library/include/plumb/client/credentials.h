// Tokens that `plumb login` keeps: a JSON file, mode 0600, `{"registries": {"host:port": "secret"}}`.
#ifndef PLUMB_CLIENT_CREDENTIALS_H_
#define PLUMB_CLIENT_CREDENTIALS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace plumb {

// The secret kept for `registry` (`host:port`) in `file`; empty when there is none. FAILED_PRECONDITION
// when others may read the file.
absl::StatusOr<std::string> LoadCredential(const std::string& file, const std::string& registry);

// Keeps `secret` for `registry`, or forgets it when `secret` is empty. Makes the file's folder, mode 0700.
absl::Status StoreCredential(const std::string& file, const std::string& registry, const std::string& secret);

}  // namespace plumb

#endif  // PLUMB_CLIENT_CREDENTIALS_H_
