#include "client/cli/error_report.h"

#include <algorithm>
#include <optional>

#include "absl/strings/cord.h"
#include "client/cli/exit_code.h"
#include "client/cli/local_advice.h"
#include "client/cli/table.h"
#include "client/cli/text.h"
#include "client/cli/wrap.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/client/connect_problem.h"

namespace plumb::cli {
namespace {

constexpr const char* kMendUrl = "plumb.cli/mend";
constexpr const char* kUsageUrl = "plumb.cli/usage";
constexpr size_t kErrorColumns = 7;  // Of `Error: ` and `Usage: `.
constexpr size_t kTryColumns = 5;    // Of `Try: `.

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
  if (ErrorClassOf(status) == ErrorClass::kLocalStorage) return LocalStorageAdvice(status);
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

// Commands, one a line, each perhaps with a remark after it and four spaces.
std::string WrapMend(const std::string& mend, size_t width) {
  std::string text;
  for (size_t begin = 0; begin <= mend.size();) {
    const size_t end = std::min(mend.find('\n', begin), mend.size());
    const std::string line = mend.substr(begin, end - begin);
    const size_t remark = std::min(line.find("    "), line.size());
    const bool fits = width == 0 || DisplayWidth(line) + kTryColumns <= width;
    // Below the first, which stands after `Try: `.
    if (begin > 0) text += "\n" + std::string(kTryColumns, ' ');
    text += fits ? line : WrapCommand(line.substr(0, remark), width, kTryColumns);
    if (!fits && remark < line.size()) text += "\n" + WrapText("  " + line.substr(remark + 4), width);
    begin = end + 1;
  }
  return text;
}

}  // namespace

absl::Status WithMend(absl::Status status, const std::string& mend) {
  if (!status.ok() && !mend.empty() && Payload(status, kMendUrl).empty()) status.SetPayload(kMendUrl, absl::Cord(mend));
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

std::string RenderError(const absl::Status& status, const std::string& registry, bool colours, size_t width) {
  std::string message(Message(status));
  if (message.empty()) message = absl::StatusCodeToString(status.code());
  message = Indent(Sanitise(message, /*keep_lines=*/true));
  std::string text = Paint("Error:", colours ? Colour::kRed : Colour::kNone) + " ";
  text += WrapText(message, width, 2, kErrorColumns) + "\n";
  if (std::string usage = UsageOf(status); !usage.empty()) {
    text += "Usage: " + WrapText(usage, width, kErrorColumns, kErrorColumns) + "\n";
  }
  std::string mend = Sanitise(MendOf(status, registry), /*keep_lines=*/true);
  if (mend.starts_with("plumb ")) {
    text += "Try: " + WrapMend(mend, width) + "\n";
  } else if (!mend.empty()) {
    text += WrapText(mend, width) + "\n";
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
