#include "plumb/policy/secrets.h"

#include <algorithm>
#include <array>
#include <set>

#include "verify/policy/text.h"

namespace plumb {
namespace {

enum class Alphabet { kDigitsAndCapitals, kHex, kLettersAndDigits, kUrlSafe, kBase64 };

// A mark and what follows it.
struct TokenRule {
  std::string_view kind;
  std::string_view mark;
  Alphabet alphabet;
  size_t length_min;
  size_t length_max;
};

// As the services document them, or as their tokens are seen to be.
// clang-format off
constexpr TokenRule kTokens[] = {
    {"an AWS access key", "AKIA", Alphabet::kDigitsAndCapitals, 16, 16},
    {"an AWS access key", "ASIA", Alphabet::kDigitsAndCapitals, 16, 16},
    {"a Plumb token", "plumb_", Alphabet::kUrlSafe, 40, 64},
    {"a Hugging Face token", "hf_", Alphabet::kLettersAndDigits, 30, 50},
    {"a Hugging Face token", "api_org_", Alphabet::kLettersAndDigits, 30, 50},
    {"a GitHub token", "ghp_", Alphabet::kLettersAndDigits, 36, 255},
    {"a GitHub token", "gho_", Alphabet::kLettersAndDigits, 36, 255},
    {"a GitHub token", "ghu_", Alphabet::kLettersAndDigits, 36, 255},
    {"a GitHub token", "ghs_", Alphabet::kLettersAndDigits, 36, 255},
    {"a GitHub token", "ghr_", Alphabet::kLettersAndDigits, 36, 255},
    {"a GitHub token", "github_pat_", Alphabet::kUrlSafe, 60, 255},
    {"a GitLab token", "glpat-", Alphabet::kUrlSafe, 20, 255},
    {"an OpenAI key", "sk-proj-", Alphabet::kUrlSafe, 40, 255},
    {"an OpenAI key", "sk-svcacct-", Alphabet::kUrlSafe, 40, 255},
    {"an Anthropic key", "sk-ant-", Alphabet::kUrlSafe, 40, 255},
    {"an OpenRouter key", "sk-or-v1-", Alphabet::kHex, 64, 64},
    {"an OpenAI key", "sk-", Alphabet::kLettersAndDigits, 40, 64},
    {"a Google API key", "AIza", Alphabet::kUrlSafe, 35, 35},
    {"a Google OAuth secret", "GOCSPX-", Alphabet::kUrlSafe, 28, 28},
    {"a Slack token", "xoxb-", Alphabet::kUrlSafe, 24, 255},
    {"a Slack token", "xoxp-", Alphabet::kUrlSafe, 24, 255},
    {"a Slack token", "xapp-", Alphabet::kUrlSafe, 24, 255},
    {"a Tavily key", "tvly-", Alphabet::kUrlSafe, 24, 255},
    {"an npm token", "npm_", Alphabet::kLettersAndDigits, 36, 36},
    {"a PyPI token", "pypi-AgE", Alphabet::kUrlSafe, 50, 1000},
    {"a Stripe key", "sk_live_", Alphabet::kLettersAndDigits, 20, 255},
    {"a Stripe key", "rk_live_", Alphabet::kLettersAndDigits, 20, 255},
    {"a Replicate token", "r8_", Alphabet::kLettersAndDigits, 37, 40},
    {"a Groq key", "gsk_", Alphabet::kLettersAndDigits, 50, 60},
    {"an NVIDIA key", "nvapi-", Alphabet::kUrlSafe, 60, 80},
    {"a Docker token", "dckr_pat_", Alphabet::kUrlSafe, 24, 255},
    {"a Databricks token", "dapi", Alphabet::kHex, 32, 32},
    {"a DigitalOcean token", "dop_v1_", Alphabet::kHex, 64, 64},
    {"a Weights & Biases key", "wandb_v1_", Alphabet::kUrlSafe, 40, 255},
};

// A name, and the value that an assignment gives it.
constexpr TokenRule kAssignments[] = {
    {"an AWS secret key", "aws_secret_access_key", Alphabet::kBase64, 40, 40},
    {"a Weights & Biases key", "wandb_api_key", Alphabet::kHex, 40, 40},
    {"an Azure storage key", "accountkey", Alphabet::kBase64, 86, 88},
    {"a Comet key", "comet_api_key", Alphabet::kLettersAndDigits, 25, 64},
    {"an npm token", "_authtoken", Alphabet::kUrlSafe, 20, 255},
};
// clang-format on

bool IsOf(Alphabet alphabet, char c) {
  const bool digit = c >= '0' && c <= '9';
  const bool capital = c >= 'A' && c <= 'Z';
  const bool small = c >= 'a' && c <= 'z';
  switch (alphabet) {
    case Alphabet::kDigitsAndCapitals:
      return digit || capital;
    case Alphabet::kHex:
      return digit || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    case Alphabet::kLettersAndDigits:
      return digit || capital || small;
    case Alphabet::kUrlSafe:
      return digit || capital || small || c == '-' || c == '_';
    case Alphabet::kBase64:
      return digit || capital || small || c == '+' || c == '/' || c == '=';
  }
  return false;
}

// What stands for a secret in documentation.
bool IsPlaceholder(std::string_view secret) {
  constexpr size_t kDistinctMin = 9;
  const std::string lower = LowerAscii(secret);
  if (std::set<char>(lower.begin(), lower.end()).size() < kDistinctMin) return true;
  for (std::string_view word : {"example", "xxxx", "your", "token", "replace", "placeholder", "secret"}) {
    if (lower.find(word) != lower.npos) return true;
  }
  return false;
}

// How many characters from `at` on are of the alphabet.
size_t RunAt(std::string_view line, size_t at, Alphabet alphabet) {
  size_t end = at;
  while (end < line.size() && IsOf(alphabet, line[end])) ++end;
  return end - at;
}

bool HasToken(std::string_view line, const TokenRule& rule) {
  for (size_t at = line.find(rule.mark); at != line.npos; at = line.find(rule.mark, at + 1)) {
    if (at > 0 && IsOf(Alphabet::kUrlSafe, line[at - 1])) continue;  // In the middle of a word.
    const size_t begin = at + rule.mark.size();
    const size_t length = RunAt(line, begin, rule.alphabet);
    if (length < rule.length_min || length > rule.length_max) continue;
    if (!IsPlaceholder(line.substr(begin, length))) return true;
  }
  return false;
}

bool HasAssignment(std::string_view line, std::string_view lower, const TokenRule& rule) {
  const size_t name = lower.find(rule.mark);
  if (name == lower.npos) return false;
  const size_t at = line.find_first_not_of(" \t\"'=:>]),", name + rule.mark.size());
  if (at == line.npos || at == name + rule.mark.size()) return false;
  const size_t length = RunAt(line, at, rule.alphabet);
  return length >= rule.length_min && length <= rule.length_max && !IsPlaceholder(line.substr(at, length));
}

// `-----BEGIN ... PRIVATE KEY-----` with a key behind it, not the words alone.
bool IsPrivateKey(std::string_view line, std::string_view rest) {
  constexpr size_t kBodyMin = 40;
  const size_t begin = line.find("-----BEGIN ");
  const size_t words = begin == line.npos ? begin : line.find("PRIVATE KEY", begin);
  if (words == line.npos) return false;
  const size_t body = rest.find("-----", words) == rest.npos ? rest.npos : rest.find("-----", words) + 5;
  if (body == rest.npos) return false;
  size_t found = 0;
  for (char c : rest.substr(body, 400)) {
    if (c == '-') break;
    if (IsOf(Alphabet::kBase64, c)) ++found;
  }
  return found >= kBodyMin;
}

// `https://user:password@host`, as git keeps what it was told once.
bool HasPasswordInUrl(std::string_view line) {
  constexpr size_t kPasswordMin = 12;
  const size_t scheme = line.find("://");
  if (scheme == line.npos) return false;
  const std::string_view rest = line.substr(scheme + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/ \t\"'<>"));
  const size_t at = authority.rfind('@');
  if (at == authority.npos) return false;
  const size_t colon = authority.find(':');
  if (colon >= at || at - colon - 1 < kPasswordMin) return false;
  const std::string_view password = authority.substr(colon + 1, at - colon - 1);
  return password.find_first_of("${}<>*") == password.npos && !IsPlaceholder(password);
}

std::string_view SecretOf(std::string_view name, std::string_view line, std::string_view rest) {
  if (IsPrivateKey(line, rest)) return "a private key";
  for (const TokenRule& rule : kTokens) {
    if (HasToken(line, rule)) return rule.kind;
  }
  const std::string lower = LowerAscii(line);
  for (const TokenRule& rule : kAssignments) {
    if (HasAssignment(line, lower, rule)) return rule.kind;
  }
  if (HasPasswordInUrl(line)) return "a password in an address";
  const bool netrc = name == ".netrc" || name == "_netrc" || name == ".pypirc" || name == ".pgpass";
  if (netrc && lower.find("password") != lower.npos && lower.find("password") + 9 < lower.size()) return "a password";
  return {};
}

std::string_view BaseName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

std::vector<FoundSecret> FindSecrets(std::string_view path, std::string_view text) {
  std::vector<FoundSecret> found;
  size_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    ++number;
    const std::string_view kind = SecretOf(BaseName(path), text.substr(at, end - at), text.substr(at));
    if (!kind.empty()) found.push_back({number, kind});
    at = end + 1;
  }
  return found;
}

bool IsKeyFile(std::string_view path) {
  static constexpr std::array<std::string_view, 7> kNames = {"id_rsa", "id_dsa",           "id_ecdsa", "id_ed25519",
                                                             ".netrc", ".git-credentials", "_netrc"};
  static constexpr std::array<std::string_view, 7> kEndings = {".p12", ".pfx",      ".jks",     ".kdbx",
                                                               ".ppk", ".keystore", ".keychain"};
  const std::string_view name = BaseName(path);
  if (std::find(kNames.begin(), kNames.end(), name) != kNames.end()) return true;
  return std::any_of(kEndings.begin(), kEndings.end(), [&](std::string_view ending) { return name.ends_with(ending); });
}

}  // namespace plumb
