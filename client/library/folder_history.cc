#include "client/library/folder_history.h"

#include <chrono>
#include <utility>

#include "fmt/chrono.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"
#include "plumb/content/digest.h"

namespace plumb {
namespace {

std::string TextAt(const nlohmann::json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

uint64_t NumberAt(const nlohmann::json& object, const char* key) {
  auto found = object.find(key);
  return found != object.end() && found->is_number_unsigned() ? found->get<uint64_t>() : 0;
}

absl::StatusOr<v1::File> ParseReplaced(const nlohmann::json& item) {
  if (!item.is_object()) return DataLoss("a replaced file is no object");
  v1::File file;
  file.set_path(TextAt(item, "path"));
  if (!ValidateRelativePath(file.path()).ok()) return DataLoss("a replaced file has no path");
  absl::StatusOr<Digest> root = Digest::FromHex(TextAt(item, "tree_root"));
  if (!root.ok()) return DataLoss("a replaced file has no tree root");
  file.set_tree_root(root->ToBytes());
  file.set_size_bytes(NumberAt(item, "bytes"));
  file.set_chunk_count(NumberAt(item, "chunk_count"));
  return file;
}

}  // namespace

void RenderHistory(const FolderHistory& history, nlohmann::json* record) {
  if (!history.registry.empty()) (*record)["registry"] = history.registry;
  if (!history.pulled_at.empty()) {
    (*record)["pulled_as"] = history.selector;
    (*record)["pulled_at"] = history.pulled_at;
  }
  for (const v1::File& file : history.replaced) {
    absl::StatusOr<Digest> root = Digest::FromBytes(file.tree_root());
    if (!root.ok()) continue;
    (*record)["replaced"].push_back({{"path", file.path()},
                                     {"tree_root", root->ToHex()},
                                     {"bytes", file.size_bytes()},
                                     {"chunk_count", file.chunk_count()}});
  }
}

absl::StatusOr<FolderHistory> ParseHistory(const nlohmann::json& record) {
  FolderHistory history{.registry = TextAt(record, "registry"),
                        .selector = TextAt(record, "pulled_as"),
                        .pulled_at = TextAt(record, "pulled_at"),
                        .replaced = {}};
  auto replaced = record.find("replaced");
  if (replaced == record.end() || !replaced->is_array()) return history;
  for (const nlohmann::json& item : *replaced) {
    PLUMB_ASSIGN_OR_RETURN(v1::File file, ParseReplaced(item));
    history.replaced.push_back(std::move(file));
  }
  return history;
}

std::string SelectorOf(const Reference& reference) {
  if (!reference.version.empty()) return "@" + reference.version;
  if (!reference.tag.empty()) return ":" + reference.tag;
  return reference.digest_hex.empty() ? "" : "@sha256:" + reference.digest_hex;
}

std::string NowText() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}",
                     std::chrono::time_point_cast<std::chrono::seconds>(std::chrono::system_clock::now()));
}

}  // namespace plumb
