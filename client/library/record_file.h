// Small files that Plumb keeps about releases, in a pulled folder's `.plumb/` and in the cache.
#ifndef PLUMB_CLIENT_LIBRARY_RECORD_FILE_H_
#define PLUMB_CLIENT_LIBRARY_RECORD_FILE_H_

#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/directory.h"
#include "plumb/content/chunk_list.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb {

// 16 hexadecimal digits that nobody else draws.
std::string RandomSuffix();

// Writes a file and gives it its name at once, replacing what stood there. Not synced: a record that a power cut takes
// is fetched again.
absl::Status ReplaceFile(const Directory& directory, const std::string& name, std::string_view data);

// A chunk list as a serialized plumb.v1.GetChunkListResponse.
absl::Status WriteChunkList(const Directory& directory, const std::string& name, const ChunkList& list);
// Reads it back; NOT_FOUND when it is not there, ErrorClass::kVerification when it is not the one of `file`.
absl::StatusOr<ChunkList> ReadChunkList(const Directory& directory, const std::string& name, const v1::File& file);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_RECORD_FILE_H_
