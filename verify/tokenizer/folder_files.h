// The files of a model's folder that say what its tokenizer is.
#ifndef PLUMB_VERIFY_TOKENIZER_FOLDER_FILES_H_
#define PLUMB_VERIFY_TOKENIZER_FOLDER_FILES_H_

#include <optional>
#include <string>
#include <string_view>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/directory.h"
#include "plumb/base/file.h"
#include "plumb/base/python_json.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "verify/tokenizer/section.h"

namespace plumb {

// The files of one folder below a directory.
class FolderFiles {
 public:
  FolderFiles(const Directory& directory, std::string_view folder) : directory_(directory), folder_(folder) {}

  // The whole file; nullopt when there is none.
  absl::StatusOr<std::optional<std::string>> Read(std::string_view name) const {
    const std::string path = fmt::format("{}{}", folder_, name);
    absl::StatusOr<UniqueFd> file = directory_.OpenFile(path);
    if (absl::IsNotFound(file.status())) return std::nullopt;
    PLUMB_RETURN_IF_ERROR(file.status());
    PLUMB_ASSIGN_OR_RETURN(const uint64_t size, FileSize(file->get(), path));
    if (size > limits::kTokenizerBytesMax) {
      return text::NotKnown(path, fmt::format("{} bytes, expected at most {}", size, limits::kTokenizerBytesMax));
    }
    std::string bytes(size, '\0');
    PLUMB_RETURN_IF_ERROR(PreadExactly(file->get(), {reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()}, 0, path));
    return bytes;
  }

  // A JSON object; null when there is no such file.
  absl::StatusOr<nlohmann::json> ReadJson(std::string_view name) const {
    PLUMB_ASSIGN_OR_RETURN(const std::optional<std::string> text, Read(name));
    if (!text) return nlohmann::json();
    PLUMB_ASSIGN_OR_RETURN(nlohmann::json json, ParsePythonJson(*text, name));
    if (!json.is_object()) return text::Refuse(name, "expected an object");
    return json;
  }

 private:
  const Directory& directory_;
  std::string folder_;
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_TOKENIZER_FOLDER_FILES_H_
