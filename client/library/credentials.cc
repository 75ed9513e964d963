#include "plumb/client/credentials.h"

#include <sys/stat.h>

#include <cerrno>
#include <filesystem>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/file.h"
#include "plumb/base/json.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// The `registries` object of the file; empty when there is no file.
absl::StatusOr<nlohmann::json> LoadRegistries(const std::string& file) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return nlohmann::json::object();
    return ErrnoStatus(errno, fmt::format("look at {}", file));
  }
  if ((info.st_mode & 077) != 0) {
    return FailedPrecondition(fmt::format("{} can be read by others; run: chmod 600 {}", file, file));
  }
  PLUMB_ASSIGN_OR_RETURN(std::string text, ReadFile(file, limits::kConfigBytesMax));
  PLUMB_ASSIGN_OR_RETURN(nlohmann::json document, ParseJson(text, file));
  if (!document.is_object() || !document.contains("registries") || !document["registries"].is_object()) {
    return InvalidArgument(fmt::format("{} is not a credentials file: expected an object \"registries\"", file));
  }
  return document["registries"];
}

}  // namespace

absl::StatusOr<std::string> LoadCredential(const std::string& file, const std::string& registry) {
  PLUMB_ASSIGN_OR_RETURN(nlohmann::json registries, LoadRegistries(file));
  auto found = registries.find(registry);
  if (found == registries.end()) return std::string();
  if (!found->is_string()) return InvalidArgument(fmt::format("{}: the token of {} is not a string", file, registry));
  return found->get<std::string>();
}

absl::Status StoreCredential(const std::string& file, const std::string& registry, const std::string& secret) {
  PLUMB_ASSIGN_OR_RETURN(nlohmann::json registries, LoadRegistries(file));
  if (secret.empty()) {
    registries.erase(registry);
  } else {
    registries[registry] = secret;
  }
  PLUMB_RETURN_IF_ERROR(MakeDirectories(std::filesystem::path(file).parent_path().string(), 0700));
  nlohmann::json document = {{"registries", registries}};
  return WriteFileAtomically(file, document.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n", 0600);
}

}  // namespace plumb
