// How much the services do at once.
#ifndef PLUMB_REGISTRY_SERVICE_SERVICE_LIMITS_H_
#define PLUMB_REGISTRY_SERVICE_SERVICE_LIMITS_H_

namespace plumb {

// Streams that may run at the same time; one more is told to try again.
struct ServiceLimits {
  int uploads_max = 16;   // UploadChunks and PutChunkList. Each holds about 45 MiB when busy with chunks of 1 MiB.
  int reads_max = 64;     // ReadChunks.
  int watchers_max = 64;  // Watch.
  int commits_max = 4;    // CommitRelease. Each holds one manifest in memory.
};

}  // namespace plumb

#endif  // PLUMB_REGISTRY_SERVICE_SERVICE_LIMITS_H_
