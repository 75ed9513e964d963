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
// chunk is durable: many share one sync, made when enough bytes wait for it or nothing else is to do, while more chunks
// are checked. Add and Finish are called by one thread.
class UploadPipeline {
 public:
  // Sends one answer, from a thread of the pipeline's; false when the caller is gone.
  using Answer = std::function<bool(const v1::UploadChunksResponse& response)>;

  // `content` must outlive the pipeline.
  UploadPipeline(Content* content, Answer answer);
  ~UploadPipeline();

  // Waits while too many bytes are queued. False when the caller is gone.
  bool Add(UploadOutcome outcome);
  // Returns when everything added was stored and answered.
  void Finish();

 private:
  // Checks and stores, until all is done.
  void Check();
  // Up to a group of what is queued; empty when nothing came for a moment, or all is done.
  std::vector<UploadOutcome> Take();
  void Process(std::vector<UploadOutcome> group);
  // Makes durable and answers, until all is done.
  void Sync();
  // What waits for a sync, when it is time for one; empty when all is done.
  std::vector<v1::UploadChunksResponse> TakeUnsynced();
  void SyncAndAnswer(std::vector<v1::UploadChunksResponse> responses);

  ChunkIntake intake_;
  const Answer answer_;

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<UploadOutcome> queue_;
  uint64_t queued_bytes_ = 0;
  std::vector<v1::UploadChunksResponse> unsynced_;  // Answers that wait for a sync.
  uint64_t unsynced_bytes_ = 0;
  bool finished_ = false;  // No more is added.
  bool checked_ = false;   // Nor is more checked.
  bool idle_ = true;       // Nothing came for a moment.
  bool caller_gone_ = false;
  std::thread checker_;
  std::thread syncer_;
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVICE_UPLOAD_PIPELINE_H_
