#include "client/library/known_names.h"

#include <sys/stat.h>

#include "client/library/folder_text.h"
#include "client/library/record_file.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/json.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

std::string FileName(const std::string& registry, const std::string& model) {
  return fmt::format("names/{}.json", Sha256Of(registry + "/" + model).ToHex());
}

}  // namespace

std::map<std::string, KnownName> LoadKnownNames(const Cache& cache, const std::string& registry,
                                                const std::string& model) {
  std::map<std::string, KnownName> names;
  const std::string name = FileName(registry, model);
  absl::StatusOr<std::string> text = ReadText(cache.directory(), name, limits::kManifestBytesMax);
  if (!text.ok()) return names;
  absl::StatusOr<nlohmann::json> document = ParseJson(*text, "names");
  if (!document.ok() || !document->is_object() || !document->contains("names")) return names;
  // Used now; Prune goes by it.
  if (absl::StatusOr<UniqueFd> fd = cache.directory().OpenFile(name); fd.ok()) ::futimens(fd->get(), nullptr);
  for (const auto& [selector, entry] : (*document)["names"].items()) {
    if (!entry.is_object() || !entry.contains("digest") || !entry["digest"].is_string()) continue;
    absl::StatusOr<Digest> digest = Digest::FromHex(entry["digest"].get<std::string>());
    const bool timed = entry.contains("known_at") && entry["known_at"].is_string();
    if (digest.ok()) names[selector] = {*digest, timed ? entry["known_at"].get<std::string>() : ""};
  }
  return names;
}

absl::Status SaveKnownNames(const Cache& cache, const std::string& registry, const std::string& model,
                            const std::map<std::string, KnownName>& names) {
  nlohmann::json entries = nlohmann::json::object();
  for (const auto& [selector, name] : names) {
    entries[selector] = {{"digest", name.digest.ToHex()}, {"known_at", name.known_at}};
  }
  const nlohmann::json document = {{"registry", registry}, {"model", model}, {"names", std::move(entries)}};
  return ReplaceFile(cache.directory(), FileName(registry, model),
                     document.dump(1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace plumb
