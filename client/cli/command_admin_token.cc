#include "client/cli/command_admin_token.h"

#include <string>
#include <vector>

#include "client/cli/error_report.h"
#include "client/cli/text.h"
#include "client/cli/views.h"
#include "fmt/format.h"
#include "fmt/ranges.h"
#include "plumb/base/status.h"
#include "plumb/client/administration.h"

namespace plumb::cli {
namespace {

constexpr uint64_t kSecondsPerDay = 86'400;
constexpr uint64_t kDaysMax = 36'500;

struct NoFlags {};

struct CreateFlags {
  std::string name;
  std::vector<std::string> scopes;
  uint64_t lifetime_days = 0;
};

struct RevokeFlags {
  std::string name;
};

std::string Expiry(const v1::Token& token) { return token.has_expires_at() ? FormatTime(token.expires_at()) : "never"; }

absl::Status RunCreate(Context& context, const CreateFlags& flags) {
  if (flags.lifetime_days > kDaysMax) {
    return UsageError(fmt::format("--lifetime is {}; expected at most {} days", flags.lifetime_days, kDaysMax));
  }
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, context.Connect(""));
  v1::CreateTokenRequest request;
  request.set_name(flags.name);
  for (const std::string& scope : flags.scopes) request.add_scopes(scope);
  request.set_lifetime_seconds(flags.lifetime_days * kSecondsPerDay);
  PLUMB_ASSIGN_OR_RETURN(v1::CreateTokenResponse created, CreateToken(*connection, request));
  if (context.output().json()) {
    Json json = TokenJson(created.token());
    json["secret"] = created.secret();
    context.output().PrintJson(json);
    return absl::OkStatus();
  }
  context.output().PrintVerbatim(created.secret());
  context.output().Note(fmt::format("This is the token {} ({}; expires: {}). It is shown this once only.",
                                    created.token().name(), fmt::join(created.token().scopes(), ", "),
                                    Expiry(created.token())));
  return absl::OkStatus();
}

absl::Status RunList(Context& context, const NoFlags& /*flags*/) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, context.Connect(""));
  PLUMB_ASSIGN_OR_RETURN(std::vector<v1::Token> tokens, ListTokens(*connection));
  Json json = {{"tokens", Json::array()}};
  Table table(
      {{.header = "NAME", .fit = Fit::kMiddle, .min = 16}, {.header = "CREATED", .drop = 1}, {"EXPIRES"}, {"SCOPES"}});
  for (const v1::Token& token : tokens) {
    json["tokens"].push_back(TokenJson(token));
    table.AddRow({{token.name(), Colour::kBold},
                  FormatTime(token.created_at()),
                  Expiry(token),
                  fmt::format("{}", fmt::join(token.scopes(), ", "))});
  }
  if (context.output().json()) {
    context.output().PrintJson(json);
  } else {
    context.output().PrintTable(table);
  }
  return absl::OkStatus();
}

absl::Status RunRevoke(Context& context, const RevokeFlags& flags) {
  PLUMB_ASSIGN_OR_RETURN(std::unique_ptr<Connection> connection, context.Connect(""));
  absl::Status status = RevokeToken(*connection, flags.name);
  if (absl::IsNotFound(status)) return WithMend(status, "plumb admin token list");
  PLUMB_RETURN_IF_ERROR(status);
  if (context.output().json()) {
    context.output().PrintJson({{"name", flags.name}, {"revoked", true}});
  } else {
    context.output().PrintText(fmt::format("Revoked the token {}", flags.name));
  }
  return absl::OkStatus();
}

}  // namespace

void RegisterAdminToken(Command& admin, Action* action) {
  Command token = admin.AddGroup("token", "Make, list and revoke tokens");
  token.Group(kCommands);
  auto create_flags = std::make_shared<CreateFlags>();
  Command create = AddCommand(token, action, "create", "Make a token and print its secret", create_flags, &RunCreate);
  create.Group(kCommands);
  create.Argument("NAME", &create_flags->name, "A name for people").Required();
  create
      .Value("--scope", "SCOPE", &create_flags->scopes,
             "read, publish:NAMESPACE, publish:* or admin; may be given more "
             "than once")
      .Required();
  create.Value("--lifetime", "DAYS", &create_flags->lifetime_days, "Days until it expires (default: never)");
  create.Examples(
      "  plumb admin token create ci --scope publish:acme "
      "--lifetime 90 > ci.token\n");
  AddCommand(token, action, "list", "List all tokens, without their secrets", std::make_shared<NoFlags>(), &RunList)
      .Group(kCommands);
  auto revoke_flags = std::make_shared<RevokeFlags>();
  Command revoke = AddCommand(token, action, "revoke", "Make a token invalid at once", revoke_flags, &RunRevoke);
  revoke.Group(kCommands);
  revoke.Argument("NAME", &revoke_flags->name, "The token's name").Required();
}

}  // namespace plumb::cli
