// The bytes of one file of a release, without pulling it.
#ifndef PLUMB_CLIENT_READ_FILE_H_
#define PLUMB_CLIENT_READ_FILE_H_

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/client/connection.h"
#include "plumb/client/operation.h"
#include "plumb/client/release_folder.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb {

// Takes bytes of a file, in order. An error ends the reading and is returned.
using ByteTaker = std::function<absl::Status(std::span<const uint8_t>)>;

// Hands `path` of a release in a registry to `taker`, a few chunks at a time, each verified against the manifest's tree
// root before. NOT_FOUND when the manifest has no such file; ErrorClass::kVerification for bytes that are not the
// published ones: then `taker` has seen what stands before them.
absl::Status ReadReleaseFile(Connection& connection, const v1::Manifest& manifest, const std::string& path,
                             const Operation& operation, const ByteTaker& taker);

// The same of a pulled folder. NOT_FOUND also when the file was not pulled, or is gone.
absl::Status ReadFolderFile(const ReleaseFolder& folder, const std::string& path, const Operation& operation,
                            const ByteTaker& taker);

}  // namespace plumb

#endif  // PLUMB_CLIENT_READ_FILE_H_
