// What to do about a reference that is none, or that nobody knows.
#ifndef PLUMB_CLIENT_CLI_REFERENCE_ADVICE_H_
#define PLUMB_CLIENT_CLI_REFERENCE_ADVICE_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/base/names.h"
#include "plumb/client/connection.h"

namespace plumb::cli {

// As ParseReference; the error of what people write instead (a URL, a path inside a release) has the command that was
// meant.
absl::StatusOr<Reference> ParseReferenceArgument(const std::string& text);

// The commands for one file of a release, where `text` (`lab/x/file.gguf`) may be meant so; else empty.
std::string InsideReleaseAdvice(const std::string& text);

// What a model has.
struct KnownNames {
  std::vector<std::string> versions;
  std::vector<std::string> tags;
};

// The reference that `reference`, whose version or tag `known` lacks, was probably meant to be: the other sort of the
// same name, else the nearest of its own; empty when there is none.
std::string ProbableReference(const Reference& reference, const KnownNames& known);

// `status` of `reference`; when that is NOT_FOUND, with what was probably meant and the command that lists what there
// is. Asks the registry for names.
absl::Status ExplainUnknown(Connection& connection, const Reference& reference, const absl::Status& status);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_REFERENCE_ADVICE_H_
