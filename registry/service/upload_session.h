// The state of one upload stream.
#ifndef PLUMB_REGISTRY_SERVICE_UPLOAD_SESSION_H_
#define PLUMB_REGISTRY_SERVICE_UPLOAD_SESSION_H_

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "absl/status/statusor.h"
#include "plumb/v1/content.pb.h"
#include "registry/catalogue/chunk_intake.h"
#include "registry/storage/partial_uploads.h"

namespace plumb {

// What a message brought about: an answer that can be given, or a chunk that is whole and not yet checked.
using UploadOutcome = std::variant<v1::UploadChunksResponse, IncomingChunk>;

// The answer to a chunk.
v1::UploadChunksResponse MakeUploadResponse(const std::string& digest_bytes, const absl::Status& status,
                                            uint32_t committed_bytes);

// Takes the messages of one stream in order and puts chunks together. Holds at most one chunk. Not thread-safe.
class UploadSession {
 public:
  // Both must outlive the session.
  UploadSession(Content* content, PartialUploads* partials) : content_(*content), partials_(*partials) {}

  // Takes one message and its data; returns what it completes. An error ends the stream: the message belongs to no
  // chunk.
  absl::StatusOr<std::vector<UploadOutcome>> Receive(const v1::UploadChunksRequest& message, std::vector<uint8_t> data);

  // The stream is over. What came of an unfinished chunk is kept for a later stream; returns the response to it.
  std::optional<v1::UploadChunksResponse> End();

 private:
  enum class State {
    kIdle,       // No chunk has begun.
    kReceiving,  // More bytes of incoming_ are expected.
    kSettled,    // The chunk was answered or handed on; the rest of its messages is skipped.
  };

  std::optional<UploadOutcome> Begin(const v1::UploadChunksRequest& message, std::vector<uint8_t> data);
  // Fills in what the first message says; the status to answer with when it makes no sense.
  absl::Status ReadStart(const v1::UploadChunksRequest& message);
  // Brings back the beginning that an earlier stream left.
  std::optional<UploadOutcome> Resume(uint32_t offset);
  std::optional<UploadOutcome> Append(uint32_t offset, std::vector<uint8_t> data);
  // Answers the current chunk; the messages that still belong to it are skipped.
  v1::UploadChunksResponse Settle(const absl::Status& status, uint32_t committed_bytes);
  void KeepPartial();
  PartialUploads::Key PartialKey() const { return {incoming_.chunk.digest, incoming_.is_frame ? expected_bytes_ : 0}; }

  Content& content_;
  PartialUploads& partials_;
  State state_ = State::kIdle;
  std::string digest_bytes_;  // As the client wrote it.
  IncomingChunk incoming_;
  uint32_t expected_bytes_ = 0;  // Of incoming_.bytes.
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVICE_UPLOAD_SESSION_H_
