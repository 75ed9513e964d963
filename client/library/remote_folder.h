// The files of a release in a registry, read by ranges.
#ifndef PLUMB_CLIENT_LIBRARY_REMOTE_FOLDER_H_
#define PLUMB_CLIENT_LIBRARY_REMOTE_FOLDER_H_

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "plumb/base/byte_source.h"
#include "plumb/client/connection.h"
#include "plumb/client/operation.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb {

// What a read fetches is whole chunks, each verified; those last used are kept. A file's chunk list is fetched before
// its first byte is read, and checked against the manifest. An offline connection reads the cache. Thread-safe.
class RemoteFolder : public ByteFolder {
 public:
  // What the sources are for: to look at headers, or to read whole files.
  enum class Reading { kHeaders, kWhole };

  // All must outlive the object and the sources it gives. To look at the headers of a file with an index of tensors in
  // the manifest at most InspectBytesMax(path) are fetched, counted as plain bytes and 44 for each entry of its chunk
  // list; a read that needs more is RESOURCE_EXHAUSTED.
  RemoteFolder(Connection& connection, const v1::Manifest& manifest, const Operation& operation,
               Reading reading = Reading::kHeaders);

  // The same source each time. NOT_FOUND when the manifest has no such file.
  absl::StatusOr<std::shared_ptr<const ByteSource>> Open(std::string_view path) const override;

  // What was received so far: frames, and chunk lists.
  uint64_t received_bytes() const { return *received_bytes_; }

 private:
  Connection& connection_;
  const v1::Manifest& manifest_;
  const Operation& operation_;
  const Reading reading_;
  std::shared_ptr<std::atomic<uint64_t>> received_bytes_;
  mutable std::mutex mutex_;
  mutable std::map<std::string, std::shared_ptr<const ByteSource>, std::less<>> sources_;
};

// What may be fetched of a file to describe it.
uint64_t InspectBytesMax(std::string_view path);

}  // namespace plumb

#endif  // PLUMB_CLIENT_LIBRARY_REMOTE_FOLDER_H_
