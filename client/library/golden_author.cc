#include "client/library/golden_author.h"

#include "plumb/base/file.h"
#include "plumb/weights/safetensors.h"

namespace plumb {

std::string GoldenAuthor(const Directory& folder, const std::string& golden_path) {
  absl::StatusOr<UniqueFd> fd = folder.OpenFile(golden_path);
  if (!fd.ok()) return "publisher";
  absl::StatusOr<SafetensorsHeader> header = SafetensorsHeader::Read(fd->get(), golden_path);
  if (!header.ok()) return "publisher";
  const auto& metadata = header->metadata();
  auto format = metadata.find("format");
  auto backend = metadata.find("backend");
  const bool ours = format != metadata.end() && format->second == "plumb-golden" && backend != metadata.end() &&
                    backend->second == "reference";
  return ours ? "reference" : "publisher";
}

}  // namespace plumb
