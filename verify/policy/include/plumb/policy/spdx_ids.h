// The SPDX licence list: which identifiers exist and what is said of them.
#ifndef PLUMB_POLICY_SPDX_IDS_H_
#define PLUMB_POLICY_SPDX_IDS_H_

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace plumb {

// One licence of the list. `id` lives as long as the program.
struct LicenceInfo {
  std::string_view id;  // In the list's own case.
  bool osi_approved = false;
  bool fsf_libre = false;
  bool deprecated = false;  // Still valid; the list prefers another id.
};

// The licence with this id, whatever its case; absent when the list has none. Thread-safe.
std::optional<LicenceInfo> FindLicence(std::string_view id);

// The exception id (`LLVM-exception`) in the list's own case; absent when it has none. Thread-safe.
std::optional<std::string_view> FindLicenceException(std::string_view id);

// The listed licence id that `text` was probably meant to be; empty when none is near.
std::string NearestLicence(std::string_view text);
// The same among exceptions.
std::string NearestLicenceException(std::string_view text);

// Every licence of the list, sorted without regard to case.
const std::vector<LicenceInfo>& AllLicences();
// Every exception id of the list, sorted without regard to case.
const std::vector<std::string_view>& AllLicenceExceptions();

}  // namespace plumb

#endif  // PLUMB_POLICY_SPDX_IDS_H_
