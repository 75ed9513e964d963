#include <string>

#include "client/cli/command.h"
#include "client/cli/error_report.h"
#include "client/cli/views.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "plumb/client/administration.h"
#include "plumb/client/credentials.h"

namespace plumb::cli {
namespace {

struct LoginFlags {
  std::string host;
  bool forget = false;
};

absl::StatusOr<std::string> ReadSecret(Context& context, const std::string& registry) {
  const Environment& environment = context.environment();
  if (!context.settings().token_file.empty()) return ReadTokenFile(context.settings().token_file);
  std::string secret;
  if (environment.in_is_terminal) {
    *environment.err << "Token for " << registry << ": " << std::flush;
    secret = environment.read_secret();
  } else {
    std::getline(*environment.in, secret);
  }
  size_t begin = secret.find_first_not_of(" \t\r");
  if (begin == secret.npos)
    return UsageError(
        "no token given: expected it on standard input or in "
        "--token-file FILE");
  return secret.substr(begin, secret.find_last_not_of(" \t\r") + 1 - begin);
}

absl::Status RunLogin(Context& context, const LoginFlags& flags) {
  const std::string& file = context.settings().credentials_file;
  if (file.empty()) return UsageError("no place for the token is known; set HOME or XDG_CONFIG_HOME");
  std::string registry = flags.host.empty() ? context.settings().registry : NormaliseRegistry(flags.host);
  if (flags.forget) {
    PLUMB_RETURN_IF_ERROR(StoreCredential(file, registry, ""));
    if (context.output().json()) context.output().PrintJson({{"registry", registry}, {"forgotten", true}});
    context.output().Note(fmt::format("The token for {} is forgotten here; it stays valid on the server.", registry));
    return absl::OkStatus();
  }
  PLUMB_ASSIGN_OR_RETURN(std::string secret, ReadSecret(context, registry));
  ConnectionOptions options{
      .registry = registry, .token = secret, .tls = context.settings().tls, .ca_file = context.settings().ca_file};
  absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Connect(options);
  if (absl::IsUnavailable(connection.status())) {
    return WithMend(connection.status(),
                    "Is that the registry's address? Its port is 7070 unless "
                    "it says otherwise.");
  }
  PLUMB_RETURN_IF_ERROR(connection.status());
  absl::StatusOr<v1::Token> token = WhoAmI(**connection);
  if (absl::IsUnauthenticated(token.status())) {
    return WithMend(token.status(),
                    "Ask the registry's operator for a token: plumb admin "
                    "token create NAME --scope SCOPE");
  }
  PLUMB_RETURN_IF_ERROR(token.status());
  PLUMB_RETURN_IF_ERROR(StoreCredential(file, registry, secret));
  if (context.output().json()) {
    Json json = TokenJson(*token);
    json["registry"] = registry;
    context.output().PrintJson(json);
  } else {
    context.output().PrintText(
        fmt::format("Signed in to {} as {} ({}).", registry, token->name(), fmt::join(token->scopes(), ", ")));
  }
  context.output().Note("The token is kept in " + file);
  return absl::OkStatus();
}

}  // namespace

void RegisterLogin(Command& root, Action* action) {
  auto flags = std::make_shared<LoginFlags>();
  Command command = AddCommand(root, action, "login", "Keep a token for a registry", flags, &RunLogin);
  command.Group(kMachineCommands);
  command.Argument("HOST", &flags->host, "Registry, host[:port]; the configured one when left out");
  command.Flag("--forget", &flags->forget, "Remove the token that is kept for HOST");
  command.Examples(
      "  plumb login models.example.org               asks for the token "
      "without showing it\n"
      "  plumb login --token-file admin.token         takes it from a file\n"
      "  pass show plumb | plumb login localhost      takes it from standard "
      "input\n"
      "  plumb login --forget localhost\n");
}

}  // namespace plumb::cli
