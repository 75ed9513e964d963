// What the tests of exported models share.
#ifndef PLUMB_TESTS_UNIT_GGUF_EXPORT_EXPORT_TEST_UTIL_H_
#define PLUMB_TESTS_UNIT_GGUF_EXPORT_EXPORT_TEST_UTIL_H_

#include <memory>
#include <string>
#include <utility>

#include "plumb/base/status.h"
#include "plumb/containers/find_model.h"
#include "plumb/containers/open.h"
#include "plumb/convert/convert.h"
#include "plumb/gguf_export/gguf_export.h"
#include "tests/unit/inference/test_util.h"

namespace plumb {

// A folder's model, exported and written to `path`; what was said about it.
inline absl::StatusOr<std::vector<std::string>> ExportFolder(const std::string& folder, const std::string& path,
                                                             std::optional<DType> dtype = std::nullopt) {
  PLUMB_ASSIGN_OR_RETURN(FoundModel found, FindModel(folder));
  PLUMB_ASSIGN_OR_RETURN(GgufExport made, ExportToGguf(found.folder, found.path, *found.source, dtype));
  const ConvertOptions options = {
      .target = ConvertTarget::kGguf, .dtype = dtype, .float32 = made.float32, .replace = true};
  PLUMB_RETURN_IF_ERROR(ConvertTensors(*made.source, path, options).status());
  return made.remarks;
}

// The container in the file `name` of a folder.
inline absl::StatusOr<std::unique_ptr<TensorSource>> OpenIn(const TempFolder& folder, const std::string& name) {
  const Directory directory = folder.Open();
  return OpenTensorSource(directory, name);
}

}  // namespace plumb

#endif  // PLUMB_TESTS_UNIT_GGUF_EXPORT_EXPORT_TEST_UTIL_H_
