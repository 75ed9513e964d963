#include "registry/server/identity.h"

#include <chrono>

#include "plumb/base/file.h"
#include "plumb/base/status.h"
#include "registry/access/secret.h"
#include "registry/catalogue/keys.h"
#include "spdlog/spdlog.h"

namespace plumb {
namespace {

constexpr size_t kIdCharacters = 22;  // 131 bits.
constexpr char kAdminName[] = "admin";

}  // namespace

absl::StatusOr<std::string> EnsureIdentity(const std::string& token_file, const Access& access, MetadataStore* store) {
  absl::StatusOr<std::string> id = store->Get(keys::kRegistryId);
  if (!absl::IsNotFound(id.status())) return id;
  PLUMB_ASSIGN_OR_RETURN(std::string made, RandomText(kIdCharacters));
  PLUMB_ASSIGN_OR_RETURN(std::string secret, NewSecret());
  Transaction transaction;
  transaction.RequireAbsent(std::string(keys::kRegistryId));
  transaction.Put(std::string(keys::kRegistryId), made);
  PLUMB_RETURN_IF_ERROR(
      access.AddToTransaction(secret, kAdminName, {"admin"}, std::chrono::seconds(0), &transaction).status());
  PLUMB_RETURN_IF_ERROR(WriteFileAtomically(token_file, secret + "\n", 0600));
  PLUMB_RETURN_IF_ERROR(store->Commit(transaction));
  spdlog::info("new registry {}; the admin token is in {}", made, token_file);
  return made;
}

}  // namespace plumb
