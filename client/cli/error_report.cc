#include "client/cli/error_report.h"

#include <optional>

#include "absl/strings/cord.h"
#include "client/cli/exit_code.h"
#include "client/cli/table.h"
#include "client/cli/text.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/connect_problem.h"

namespace plumb::cli {
namespace {

constexpr const char* kMendUrl = "plumb.cli/mend";
constexpr const char* kUsageUrl = "plumb.cli/usage";

std::string Payload(const absl::Status& status, const char* url) {
  auto payload = status.GetPayload(url);
  return payload.has_value() ? std::string(*payload) : "";
}

std::string UnavailableMend(ConnectProblem problem, const std::string& registry) {
  const bool here = registry.starts_with("127.") || registry.starts_with("[::1]");
  switch (problem) {
    case ConnectProblem::kNeedsTls:
      return "Add --tls on; for a certificate that the system does not know also --ca-file FILE.";
    case ConnectProblem::kNeedsPlainText:
      return "Check the port. For a registry that speaks plain text add --tls off: a token then crosses the network "
             "for "
             "all to read.";
    case ConnectProblem::kUnknownIssuer:
      return "If you trust the issuer, name its certificate with --ca-file FILE (PEM), or PLUMB_CA_FILE.";
    case ConnectProblem::kExpired:
      return "Check this machine's clock; else the registry's operator has to renew the certificate.";
    case ConnectProblem::kWrongHost:
      return "Use a name that the certificate is for, or check that this is the registry you mean.";
    case ConnectProblem::kTls:
      return "The registry's operator has to mend its certificate.";
    case ConnectProblem::kProxyUnreachable:
    case ConnectProblem::kProxyRefused:
      return fmt::format("Check the proxy, or go around it: add {} to no_proxy.",
                         registry.substr(0, registry.rfind(':')));
    case ConnectProblem::kName:
      return "Check the spelling and the network, or name another registry with --registry HOST:PORT.";
    case ConnectProblem::kSilent:
      return "Check that a registry serves there: the address, the port and what stands between.";
    case ConnectProblem::kLost:
      return "What was done is kept: run the same command again to go on. --retry-for TIME waits longer.";
    case ConnectProblem::kUnknown:
    case ConnectProblem::kRefused:
      break;
  }
  if (!here) return "Check the address and the network, or name another registry with --registry HOST:PORT.";
  return fmt::format("Start a server with `plumbd --data DIR --listen {}`, or name another with --registry HOST:PORT.",
                     registry);
}

std::string DefaultMend(const absl::Status& status, const std::string& registry) {
  if (ErrorClassOf(status) == ErrorClass::kLocalStorage) return "Free some space, or choose another folder.";
  if (ErrorClassOf(status) != ErrorClass::kNone || registry.empty()) return "";
  switch (status.code()) {
    case absl::StatusCode::kUnauthenticated:
      return "plumb login " + registry;
    case absl::StatusCode::kPermissionDenied:
      return fmt::format("plumb login {}    (with a token that has the scope)", registry);
    case absl::StatusCode::kUnavailable:
      return UnavailableMend(ConnectProblemOf(status), registry);
    case absl::StatusCode::kDeadlineExceeded:
    case absl::StatusCode::kResourceExhausted:
      return "Try again later; what was done is kept.";
    case absl::StatusCode::kCancelled:
      return "Run the same command again to go on.";
    default:
      return "";
  }
}

// Later lines are set off, so that a message from a server cannot pass for
// ours.
std::string Indent(const std::string& text) {
  std::string indented;
  for (char c : text) indented += c == '\n' ? std::string("\n  ") : std::string(1, c);
  return indented;
}

}  // namespace

absl::Status WithMend(absl::Status status, const std::string& mend) {
  if (!status.ok() && Payload(status, kMendUrl).empty()) status.SetPayload(kMendUrl, absl::Cord(mend));
  return status;
}

std::string MendOf(const absl::Status& status, const std::string& registry) {
  std::string mend = Payload(status, kMendUrl);
  return mend.empty() ? DefaultMend(status, registry) : mend;
}

absl::Status UsageError(const std::string& message, const std::string& usage) {
  absl::Status status = WithErrorClass(InvalidArgument(message), ErrorClass::kUsage);
  if (!usage.empty()) status.SetPayload(kUsageUrl, absl::Cord(usage));
  return status;
}

std::string UsageOf(const absl::Status& status) { return Payload(status, kUsageUrl); }

std::string RenderError(const absl::Status& status, const std::string& registry, bool colours) {
  std::string message(Message(status));
  if (message.empty()) message = absl::StatusCodeToString(status.code());
  std::string text = Paint("Error:", colours ? Colour::kRed : Colour::kNone) + " ";
  text += Indent(Sanitise(message, /*keep_lines=*/true)) + "\n";
  if (std::string usage = UsageOf(status); !usage.empty()) text += "Usage: " + usage + "\n";
  if (std::string mend = MendOf(status, registry); !mend.empty()) {
    text += (mend.starts_with("plumb ") ? "Try: " : "") + Sanitise(mend, /*keep_lines=*/true) + "\n";
  }
  return text;
}

Json ErrorJson(const absl::Status& status, const std::string& registry) {
  Json detail = {{"status", absl::StatusCodeToString(status.code())}};
  if (std::string usage = UsageOf(status); !usage.empty()) detail["usage"] = usage;
  if (std::string mend = MendOf(status, registry); !mend.empty()) detail["mend"] = mend;
  return {{"error", std::string(Message(status))}, {"code", static_cast<int>(ExitCodeFor(status))}, {"detail", detail}};
}

}  // namespace plumb::cli
