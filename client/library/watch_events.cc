#include <chrono>

#include "client/rpc/channel.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"

namespace plumb {
namespace {

using Catalogue = v1::CatalogueService::Stub;
using Clock = std::chrono::steady_clock;

// A call that stood for so long is no failure in a row with the one before.
constexpr std::chrono::seconds kStood(5);

// Follows in one call; `*after` moves along. `*enough`: `on_event` wants no more.
absl::Status WatchOnce(rpc::Channel& channel, const std::function<bool(const v1::Event&)>& on_event, uint64_t* after,
                       bool* enough) {
  grpc::ClientContext context;
  channel.Authorize(&context);
  v1::WatchRequest request;
  request.set_after_sequence(*after);
  rpc::WatchedCall call(channel.watch(), &context, nullptr);
  auto reader = channel.catalogue().Watch(&context, request);
  v1::Event event;
  while (!*enough && reader->Read(&event)) {
    *after = event.sequence();
    *enough = !on_event(event);
  }
  if (*enough) context.TryCancel();
  absl::Status ended = call.End(reader->Finish());
  return *enough ? absl::OkStatus() : ended;
}

}  // namespace

absl::Status WatchEvents(Connection& connection, uint64_t after_sequence,
                         const std::function<bool(const v1::Event&)>& on_event) {
  rpc::Channel& channel = connection.channel();
  rpc::Backoff backoff = channel.NewBackoff(nullptr);
  for (bool enough = false; !enough;) {
    const Clock::time_point begun = Clock::now();
    absl::Status status = WatchOnce(channel, on_event, &after_sequence, &enough);
    if (status.ok()) return status;
    if (Clock::now() - begun >= kStood) backoff.Reset();
    PLUMB_RETURN_IF_ERROR(backoff.WaitToRetry(status));
    // Waits, and says so, until the registry is there again: a watch that has begun hears nothing for a long time.
    PLUMB_RETURN_IF_ERROR(
        channel.Call(channel.catalogue(), &Catalogue::GetCapabilities, v1::GetCapabilitiesRequest()).status());
  }
  return absl::OkStatus();
}

}  // namespace plumb
