// Bringing the files of a release into a folder.
#ifndef PLUMB_CLIENT_LIBRARY_PULLER_H_
#define PLUMB_CLIENT_LIBRARY_PULLER_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "client/library/base_chunks.h"
#include "client/library/pull_file.h"
#include "client/library/pull_plan.h"
#include "client/transfer/download.h"
#include "plumb/base/directory.h"
#include "plumb/client/connection.h"
#include "plumb/client/operation.h"
#include "plumb/client/pull.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb {

// The named files of `manifest`, those with the same bytes together, in the order of their first paths.
std::vector<EqualFiles> GroupEqualFiles(const v1::Manifest& manifest, const std::vector<std::string>& paths);

// One pull into a folder that is prepared for it; used by one thread, as a sink by several.
class Puller : public transfer::ExtentSink {
 public:
  // All must outlive the object.
  Puller(Connection& connection, const PullOptions& options, const Operation& operation, const Directory& directory,
         const v1::Manifest& manifest, const BaseChunks& bases, PullResult* result)
      : connection_(connection),
        options_(options),
        operation_(operation),
        directory_(directory),
        manifest_(manifest),
        bases_(bases),
        result_(*result) {}

  // Returns when every file stands under its name. ErrorClass::kVerification, at the end, when some bytes could not be
  // had from any source.
  absl::Status Run(const std::vector<std::string>& paths);

  absl::Status ReadBase(const Digest& have, std::span<uint8_t> plain) override { return bases_.Read(have, plain); }
  absl::Status Take(size_t index, std::span<const uint8_t> bytes, const std::vector<bool>& good) override;

 private:
  absl::Status PrepareFiles(const EqualFiles& files);
  // Tells the observer of the files, and of what was here of them.
  void Announce(const PullFile& file) const;
  void AnnounceVerified(const PullFile& file, uint64_t begin, uint64_t end) const;
  absl::Status FetchGroup();
  void NoteDamage(const transfer::DownloadReport::Damage& damage);
  absl::Status DamageStatus() const;
  void Advance(const std::string& path, uint64_t bytes);

  Connection& connection_;
  const PullOptions& options_;
  const Operation& operation_;
  const Directory& directory_;
  const v1::Manifest& manifest_;
  const BaseChunks& bases_;
  PullResult& result_;
  std::mutex mutex_;
  Progress progress_{.phase = "pull", .item = {}, .done_bytes = 0, .total_bytes = 0};
  std::vector<std::unique_ptr<PullFile>> group_;
  PullPlan plan_;
  uint64_t group_bytes_ = 0;
  std::vector<std::string> damages_;
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_PULLER_H_
