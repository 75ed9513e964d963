// The files of a release that a command's argument names, in a registry or in a folder, read where they lie.
#ifndef PLUMB_CLIENT_CLI_RELEASE_READER_H_
#define PLUMB_CLIENT_CLI_RELEASE_READER_H_

#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "client/cli/context.h"
#include "plumb/client/read_file.h"
#include "plumb/client/release_folder.h"
#include "plumb/manifest/manifest.h"
#include "plumb/v1/catalogue.pb.h"

namespace plumb::cli {

// Not thread-safe.
class ReleaseReader {
 public:
  // `argument`: a reference, or a folder that `plumb pull` made.
  static absl::StatusOr<ReleaseReader> Open(Context& context, const std::string& argument);

  const StoredManifest& stored() const { return stored_; }
  // The registry that the reference named; empty for the configured one.
  const std::string& registry() const { return registry_; }
  // What the registry says about it; absent for a folder.
  const std::optional<v1::Release>& release() const { return release_; }

  // Hands the verified bytes of one file to `taker`, in order. NOT_FOUND names the file that is nearest.
  absl::Status Read(Context& context, const std::string& path, const ByteTaker& taker) const;
  // A whole small file. RESOURCE_EXHAUSTED for one of more than `bytes_max`.
  absl::StatusOr<std::string> ReadText(Context& context, const std::string& path, uint64_t bytes_max) const;

 private:
  absl::Status ReadWhereItLies(Context& context, const std::string& path, const ByteTaker& taker) const;

  StoredManifest stored_;
  std::optional<v1::Release> release_;
  std::unique_ptr<Connection> connection_;
  std::optional<ReleaseFolder> folder_;
  std::string argument_;
  std::string registry_;
};

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_RELEASE_READER_H_
