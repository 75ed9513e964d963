// Publishing a folder as a release.
#ifndef PLUMB_CLIENT_PUBLISH_H_
#define PLUMB_CLIENT_PUBLISH_H_

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

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
  // The folder. What LeftOutByDefault (plumb/base/ignore_rules.h) and the rules of a file `.plumbignore` in it leave
  // out is no part of the release.
  std::string folder;
  // Further rules in the syntax of .plumbignore, which they win over.
  std::vector<std::string> exclude;
  // When there are any, only files that match one of these globs (GlobMatches) are published.
  std::vector<std::string> include;
  // Publish files that are not all there (plumb/containers/incomplete.h) or that cannot be used, with a warning.
  bool allow_incomplete = false;
  // Publish keys and tokens, with a warning.
  bool allow_secrets = false;
  // KIND_UNSPECIFIED: what the files show. Checkpoint when `step` is set or a training's state, with its step, lies at the
  // top; adapter; recipe when there is nothing else; otherwise weights.
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
  // The release's manifest without its files.
  v1::Manifest manifest;
  // What of the folder was left out, folders with a `/` at their end.
  std::vector<std::string> left_out;
};

// What would be published.
struct PublishPreview {
  // With paths, sizes and tensors of files, and no hashes; without a parent that only the registry knows.
  v1::Manifest manifest;
  std::vector<std::string> left_out;
};

// Checks a folder as Publish does and asks no registry: what it would be published as, with the same warnings but for
// those of values. The errors of Publish that come from the folder.
absl::StatusOr<PublishPreview> PreviewPublish(const PublishOptions& options, const Operation& operation);

// Checks the folder, records smoke cases, uploads what the registry lacks and commits. Each file is read once: hashed,
// compressed and sent in the same pass.
//
// Safe to repeat: the same folder gives the same manifest, chunks that are there are not sent
// again, and a release that stands is not made twice. Nothing is visible before the commit.
// Warns, and goes on, when a container holds values that look damaged, imports something, or cannot be read.
//   ErrorClass::kPolicy      malformed weights or tokenizers, pointers, pages and cut files in place of weights, shards
//                            that are missing or contradict their index, tensors that contradict config.json, keys and
//                            tokens, invalid or contradicting licence, recipe that contradicts itself or the weights
//   ErrorClass::kSmoke       the folder's golden outputs are not what its weights compute
//   ALREADY_EXISTS           the version names another release
//   ABORTED                  a file changed while it was being published
absl::StatusOr<PublishResult> Publish(Connection& connection, const PublishOptions& options,
                                      const Operation& operation);

}  // namespace plumb

#endif  // PLUMB_CLIENT_PUBLISH_H_
