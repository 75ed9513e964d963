// Checks and stores the chunks of an upload while more of them arrive.
#ifndef PLUMB_REGISTRY_SERVICE_UPLOAD_PIPELINE_H_
#define PLUMB_REGISTRY_SERVICE_UPLOAD_PIPELINE_H_

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "registry/service/upload_session.h"

namespace plumb {

// Takes what UploadSession puts together, in order, and answers in that order. An answer to a chunk goes out when the
// chunk is durable: many share one sync, made when enough bytes wait for it or nothing else is to do. Add and Finish
// are called by one thread.
class UploadPipeline {
 public:
  // Sends one answer, from the pipeline's own thread; false when the caller is gone.
  using Answer = std::function<bool(const v1::UploadChunksResponse& response)>;

  // `content` must outlive the pipeline.
  UploadPipeline(Content* content, Answer answer);
  ~UploadPipeline();

  // Waits while too many bytes are queued. False when the caller is gone.
  bool Add(UploadOutcome outcome);
  // Returns when everything added was stored and answered.
  void Finish();

 private:
  void Run();
  // Up to a group of what is queued; empty when all is done. `idle`: nothing more came for a moment.
  std::vector<UploadOutcome> Take(bool wait_for_ever, bool* idle);
  void Process(std::vector<UploadOutcome> group);
  void SyncAndAnswer();

  ChunkIntake intake_;
  const Answer answer_;
  // Of the pipeline's thread: answers that wait for a sync.
  std::vector<v1::UploadChunksResponse> unsynced_;
  uint64_t unsynced_bytes_ = 0;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<UploadOutcome> queue_;
  uint64_t queued_bytes_ = 0;
  bool finished_ = false;
  bool caller_gone_ = false;
  std::thread thread_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVICE_UPLOAD_PIPELINE_H_
