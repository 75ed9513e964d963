#include "client/cli/reference_advice.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "client/cli/context.h"
#include "client/cli/error_report.h"
#include "client/cli/suggest.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/catalogue.h"

namespace plumb::cli {
namespace {

constexpr size_t kPrefixLetters = 2;  // Of a namespace, to ask for names like it.

// The parts of `text` between slashes, empty ones left out.
std::vector<std::string> Parts(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const size_t end = std::min(text.find('/'), text.size());
    if (end > 0) parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

std::string JoinFrom(const std::vector<std::string>& parts, size_t first) {
  std::string joined;
  for (size_t i = first; i < parts.size(); ++i) joined += (i == first ? "" : "/") + parts[i];
  return joined;
}

bool IsHub(std::string_view host) {
  constexpr std::array<std::string_view, 6> kHubs = {"huggingface.co", "hf.co",      "www.huggingface.co",
                                                     "modelscope.cn",  "ollama.com", "registry.ollama.ai"};
  return std::find(kHubs.begin(), kHubs.end(), host) != kHubs.end();
}

std::string HubAdvice(const std::string& name) {
  return fmt::format(
      "A registry of Plumb is meant by HOST[:PORT]/namespace/name. What lies on a hub is fetched with the "
      "hub's own tool (`hf download {0}`) and published with `plumb publish {0}@v1 DIR`.",
      name);
}

// The mend of a URL; empty where nothing is known.
std::string UrlAdvice(const std::string& text) {
  const size_t separator = text.find("://");
  const std::string scheme = text.substr(0, separator);
  std::vector<std::string> parts = Parts(std::string_view(text).substr(separator + 3));
  if (scheme == "hf" && parts.size() >= 2) return HubAdvice(parts[0] + "/" + parts[1]);
  if (parts.size() < 3) return "";
  const std::string model = parts[1] + "/" + parts[2];
  if (IsHub(parts[0])) return HubAdvice(model);
  return fmt::format("plumb show {}/{}", parts[0], model);
}

// `text` after the message; code and payloads stay.
absl::Status Append(const absl::Status& status, const std::string& text) {
  absl::Status longer(status.code(), std::string(Message(status)) + text);
  status.ForEachPayload([&](absl::string_view url, const absl::Cord& payload) { longer.SetPayload(url, payload); });
  return longer;
}

std::vector<std::string> VersionsOf(const std::vector<v1::Release>& releases) {
  std::vector<std::string> versions;
  // The newest first: of several that are as near it is the likely one.
  for (auto release = releases.rbegin(); release != releases.rend(); ++release) versions.push_back(release->version());
  return versions;
}

// The model nearest to one that does not exist; empty when there is none.
std::string NearestModel(Connection& connection, const std::string& model) {
  absl::StatusOr<std::vector<v1::Model>> models = ListModels(connection, model.substr(0, kPrefixLetters));
  if (!models.ok()) return "";
  std::vector<std::string> names;
  for (const v1::Model& found : *models) names.push_back(found.name());
  return Nearest(model, names);
}

}  // namespace

std::string InsideReleaseAdvice(const std::string& text) {
  if (text.starts_with('/') || text.ends_with('/')) return "";
  std::vector<std::string> parts = Parts(text);
  if (parts.size() < 3) return "";
  std::string model = parts[0] + "/" + parts[1];
  std::string path = JoinFrom(parts, 2);
  // A version or tag at the end was meant for the model.
  if (const size_t at = path.find_first_of("@:"); at != path.npos) {
    model += path.substr(at);
    path.resize(at);
  }
  if (!ParseReference(model).ok() || path.empty()) return "";
  return fmt::format("plumb cat {0} {1}\nplumb pull {0} --include {1}", model, path);
}

absl::StatusOr<Reference> ParseReferenceArgument(const std::string& text) {
  absl::StatusOr<Reference> reference = ParseReference(text);
  if (reference.ok()) return reference;
  const std::string mend = text.find("://") != text.npos ? UrlAdvice(text) : InsideReleaseAdvice(text);
  return mend.empty() ? reference.status() : WithMend(reference.status(), mend);
}

std::string ProbableReference(const Reference& reference, const KnownNames& known) {
  Reference probable = {.registry = reference.registry, .model = reference.model};
  const auto has = [](const std::vector<std::string>& names, const std::string& name) {
    return std::find(names.begin(), names.end(), name) != names.end();
  };
  if (!reference.version.empty()) {
    if (has(known.tags, reference.version)) {
      probable.tag = reference.version;
    } else {
      probable.version = Nearest(reference.version, known.versions);
    }
  } else if (!reference.tag.empty()) {
    if (has(known.versions, reference.tag)) {
      probable.version = reference.tag;
    } else {
      probable.tag = Nearest(reference.tag, known.tags);
    }
  }
  return probable.version.empty() && probable.tag.empty() ? "" : RenderReference(probable);
}

absl::Status ExplainUnknown(Connection& connection, const Reference& reference, const absl::Status& status) {
  if (!absl::IsNotFound(status)) return status;
  std::string probable;
  absl::StatusOr<std::vector<v1::Release>> releases = ListReleases(connection, reference.model, v1::KIND_UNSPECIFIED);
  if (absl::IsNotFound(releases.status())) {
    Reference meant = reference;
    meant.model = NearestModel(connection, reference.model);
    if (!meant.model.empty()) probable = RenderReference(meant);
  } else if (absl::StatusOr<std::vector<v1::Tag>> tags = ListTags(connection, reference.model);
             releases.ok() && tags.ok()) {
    KnownNames known = {.versions = VersionsOf(*releases), .tags = {}};
    for (const v1::Tag& tag : *tags) known.tags.push_back(tag.name());
    probable = ProbableReference(reference, known);
  }
  const absl::Status told = probable.empty() ? status : Append(status, fmt::format("; did you mean {}?", probable));
  return WithMend(told, ListCommand(reference));
}

}  // namespace plumb::cli
