// The state of one upload stream.
#ifndef PLUMB_REGISTRY_SERVICE_UPLOAD_SESSION_H_
#define PLUMB_REGISTRY_SERVICE_UPLOAD_SESSION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/content/chunk_list.h"
#include "plumb/v1/content.pb.h"
#include "registry/catalogue/content.h"
#include "registry/storage/partial_uploads.h"

namespace plumb {

// Takes the messages of one stream in order and says what to answer. Holds at most one
// chunk in memory. Not thread-safe.
class UploadSession {
 public:
  // Both must outlive the session.
  UploadSession(Content* content, PartialUploads* partials) : content_(*content), partials_(*partials) {}

  // Takes one message; returns the responses that it completes. An error ends the stream: the
  // message belongs to no chunk, or carries more than limits::kMessageDataBytesMax.
  absl::StatusOr<std::vector<v1::UploadChunksResponse>> Receive(const v1::UploadChunksRequest& message);

  // The stream is over. What came of an unfinished chunk is kept for a later stream; returns the response to it.
  std::optional<v1::UploadChunksResponse> End();

 private:
  enum class State {
    kIdle,       // No chunk has begun.
    kReceiving,  // More bytes of chunk_ are expected.
    kSettled,    // chunk_ was answered; the rest of its messages is skipped.
  };

  std::optional<v1::UploadChunksResponse> Begin(const v1::UploadChunksRequest& message);
  std::optional<v1::UploadChunksResponse> Append(uint32_t offset, const std::string& data);
  v1::UploadChunksResponse Finish();
  // Answers the current chunk; the messages that still belong to it are skipped.
  v1::UploadChunksResponse Settle(const absl::Status& status, uint32_t committed_bytes);
  void KeepPartial();

  Content& content_;
  PartialUploads& partials_;
  State state_ = State::kIdle;
  std::string digest_bytes_;  // As the client wrote it.
  ChunkRef chunk_;
  std::vector<uint8_t> buffer_;
  Sha256 hash_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVICE_UPLOAD_SESSION_H_
