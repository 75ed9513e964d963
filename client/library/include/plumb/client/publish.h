// Publishing a folder as a release.
#ifndef PLUMB_CLIENT_PUBLISH_H_
#define PLUMB_CLIENT_PUBLISH_H_

#include <cstdint>
#include <optional>
#include <string>

#include "absl/status/statusor.h"
#include "plumb/base/names.h"
#include "plumb/client/connection.h"
#include "plumb/client/operation.h"
#include "plumb/content/digest.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb {

// What to publish, and under which name.
struct PublishOptions {
  // `namespace/name@version`.
  Reference reference;
  // The folder; `.git` and `.plumb` below it are left out.
  std::string folder;
  // KIND_UNSPECIFIED: checkpoint when `step` is set, else weights.
  v1::Kind kind = v1::KIND_UNSPECIFIED;
  std::optional<uint64_t> step;
  // Loss at that step; taken from the recipe's checkpoints when absent.
  std::optional<double> loss;
  // The release this one was made from, in the same registry.
  std::optional<Reference> parent;
  // SPDX expression; the model card's `license` when empty.
  std::string license;
  // Recipe file; `recipe.yaml`, `recipe.yml` or `recipe.json` in the folder when empty.
  std::string recipe_file;
  // Tag to point to the new release.
  std::string tag;
  // Record smoke cases, and run the publisher's own ones on the reference backend first.
  bool smoke = true;
  // Look at the tensors' values while they are read, and warn of NaN, Inf, zeros, duplicates and outliers.
  bool watch_values = true;
  // Upload streams at once.
  int parallel = 2;
  // What buffers may take, about.
  uint64_t memory_bytes = 256u << 20;
  // Sends no faster than this; 0: no limit.
  uint64_t bytes_per_second = 0;
};

// What a publish did.
struct PublishResult {
  std::string model;
  std::string version;
  Digest digest;
  // Plain bytes of all files.
  uint64_t bytes = 0;
  // Chunks the registry did not have, and the bytes that were sent for them.
  uint64_t new_chunks = 0;
  uint64_t uploaded_bytes = 0;
  // True when this very release was already there.
  bool existed = false;
};

// Checks the folder, records smoke cases, uploads what the registry lacks and commits. Each file is read once: hashed,
// compressed and sent in the same pass.
//
// Safe to repeat: the same folder gives the same manifest, chunks that are there are not sent
// again, and a release that stands is not made twice. Nothing is visible before the commit.
// Warns, and goes on, when a container holds values that look damaged, imports something, or cannot be read.
//   ErrorClass::kPolicy      malformed safetensors or GGUF weights, tensors that contradict config.json, invalid or
//                            contradicting licence, recipe that contradicts itself or the weights
//   ErrorClass::kSmoke       the folder's golden outputs are not what its weights compute
//   ALREADY_EXISTS           the version names another release
//   ABORTED                  a file changed while it was being published
absl::StatusOr<PublishResult> Publish(Connection& connection, const PublishOptions& options,
                                      const Operation& operation);

}  // namespace plumb

#endif  // PLUMB_CLIENT_PUBLISH_H_
