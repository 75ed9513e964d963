// Times as messages carry them.
#ifndef PLUMB_REGISTRY_STORAGE_TIMESTAMP_H_
#define PLUMB_REGISTRY_STORAGE_TIMESTAMP_H_

#include <cstdint>

#include "google/protobuf/timestamp.pb.h"
#include "registry/storage/clock.h"

namespace plumb {

inline google::protobuf::Timestamp ToTimestamp(TimePoint time) {
  auto nanoseconds = std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
  google::protobuf::Timestamp timestamp;
  timestamp.set_seconds(nanoseconds / 1'000'000'000);
  timestamp.set_nanos(static_cast<int32_t>(nanoseconds % 1'000'000'000));
  return timestamp;
}

}  // namespace plumb

#endif  // PLUMB_REGISTRY_STORAGE_TIMESTAMP_H_
