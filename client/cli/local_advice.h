// What helps when this machine's storage is at fault.
#ifndef PLUMB_CLIENT_CLI_LOCAL_ADVICE_H_
#define PLUMB_CLIENT_CLI_LOCAL_ADVICE_H_

#include <string>

#include "absl/status/status.h"

namespace plumb::cli {

// One sentence, by the system call that failed; for another error of ErrorClass::kLocalStorage one that fits all.
std::string LocalStorageAdvice(const absl::Status& status);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_LOCAL_ADVICE_H_
