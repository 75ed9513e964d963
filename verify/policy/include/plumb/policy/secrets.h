// Keys and tokens that were left in a file.
#ifndef PLUMB_POLICY_SECRETS_H_
#define PLUMB_POLICY_SECRETS_H_

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace plumb {

// One secret, named by its kind; what it is, nobody is told again.
struct FoundSecret {
  size_t line = 0;        // From 1.
  std::string_view kind;  // "a Hugging Face token".
};

// The secrets of a small text, in the order of their lines, at most one a line: private keys, the tokens of services
// that give them a mark of their own (AWS, Hugging Face, GitHub, GitLab, OpenAI, Anthropic, Google, Slack, npm, PyPI,
// ...), passwords in .netrc, .npmrc, .pypirc and git's credentials. Placeholders (`hf_xxxx`, `AKIA...EXAMPLE`) are
// none, nor is text that only looks random: without a mark nothing is called a secret. `path` tells what kind of file
// it is.
std::vector<FoundSecret> FindSecrets(std::string_view path, std::string_view text);

// True of names that only keys have, whatever is in them: `id_rsa`, `x.p12`, `x.kdbx`, ...
bool IsKeyFile(std::string_view path);

}  // namespace plumb

#endif  // PLUMB_POLICY_SECRETS_H_
