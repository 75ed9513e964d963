// The smoke check of a release while it is being pulled.
#ifndef PLUMB_CLIENT_PULL_SMOKE_H_
#define PLUMB_CLIENT_PULL_SMOKE_H_

#include <memory>
#include <optional>
#include <string>

#include "plumb/client/pull.h"
#include "plumb/inference/smoke.h"

namespace plumb {

// Runs the recorded cases on the backend `onednn` in a thread of its own, each layer as soon as its weights have been
// verified, so that the verdict stands shortly after the last byte. To be given to Pull as its observer.
//
// It sees the arriving files through hard links in `.plumb/smoke-*`, which it removes. Where these cannot be made, a
// case has no golden, or the backend is not there, nothing runs.
class PullSmoke : public PullObserver {
 public:
  // `folder` is the pull's; `backend` is the way to compute.
  explicit PullSmoke(std::string folder, std::string backend = "onednn");
  // Ends a check that is still running.
  ~PullSmoke() override;
  PullSmoke(const PullSmoke&) = delete;
  PullSmoke& operator=(const PullSmoke&) = delete;

  void Begin(const v1::Manifest& manifest, const std::vector<std::string>& paths) override;
  void Prepared(const std::string& path, const std::string& place) override;
  void Verified(const std::string& path, uint64_t begin, uint64_t end) override;

  // To be called once, after Pull returned `pulled`: waits for the check, or ends it when the pull failed. The report
  // when everything passed; nothing when there is none, or something did not pass and wants a check of the whole
  // folder.
  std::optional<SmokeReport> Finish(const absl::Status& pulled);

 private:
  class State;
  std::unique_ptr<State> state_;
};

}  // namespace plumb

#endif  // PLUMB_CLIENT_PULL_SMOKE_H_
