// Releases, manifests and their pieces as JSON and as tables. JSON keys are
// documented in docs/cli.md and stay.
#ifndef PLUMB_CLIENT_CLI_VIEWS_H_
#define PLUMB_CLIENT_CLI_VIEWS_H_

#include <string>
#include <vector>

#include "client/cli/json.h"
#include "client/cli/table.h"
#include "plumb/v1/admin.pb.h"
#include "plumb/v1/catalogue.pb.h"
#include "plumb/v1/manifest.pb.h"

namespace plumb::cli {

// `sha256:` and 64 digits for 32 raw bytes; empty for none.
std::string DigestText(const std::string& raw);
// The first 12 digits; empty for none.
std::string ShortDigest(const std::string& raw);
// `F32 [128, 384]`.
std::string TensorType(const v1::Tensor& tensor);
// `safetensors`, `gguf`, ...: of the weight files, by their names, sorted.
std::vector<std::string> FormatsOf(const v1::Manifest& manifest);
// `0.9213`; empty when absent.
std::string LossText(const v1::Checkpoint& checkpoint);

Json ModelJson(const v1::Model& model);
Json ReleaseJson(const v1::Release& release);
Json TagJson(const v1::Tag& tag);
Json FileJson(const v1::File& file, bool with_tensors);
Json CardJson(const v1::Card& card);
Json FactsJson(const v1::ReleaseFacts& facts);
// Everything a manifest says, the recipe included.
Json ManifestJson(const v1::Manifest& manifest);
Json EventJson(const v1::Event& event);
Json TokenJson(const v1::Token& token);

// `publish`, `tag`, `yank`, `unyank`; `unknown` otherwise.
std::string EventName(v1::EventKind kind);

// Files with size, chunks and tensors.
Table FileTable(const v1::Manifest& manifest);
// Every tensor of every file.
Table TensorTable(const v1::Manifest& manifest);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_VIEWS_H_
