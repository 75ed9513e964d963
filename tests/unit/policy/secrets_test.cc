#include "plumb/policy/secrets.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace plumb {
namespace {

// Made up, and put together here so that nobody's scanner finds them in this file.
const std::string kRandom = "q7Rz2LmX9bTn4WcKp8VsYd3GhJ6fUaEoQ1iZ5tBvC0yNkMwPrS";

std::string Kinds(std::string_view path, const std::string& text) {
  std::string kinds;
  for (const FoundSecret& found : FindSecrets(path, text)) {
    kinds += std::to_string(found.line) + " " + std::string(found.kind) + "\n";
  }
  return kinds;
}

TEST(SecretsTest, TokensWithAMark) {
  const std::pair<std::string, const char*> kTokens[] = {
      {"hf_" + kRandom.substr(0, 34), "1 a Hugging Face token\n"},
      {"ghp_" + kRandom.substr(0, 36), "1 a GitHub token\n"},
      // As long as a real one, so that nobody can tell that it is made up.
      {"hf_" + std::string("abcdefghijklmnopqrstuvwxyzABCDEFGH"), "1 a Hugging Face token\n"},
      {"sk-proj-" + kRandom, "1 an OpenAI key\n"},
      {"sk-" + kRandom.substr(0, 48), "1 an OpenAI key\n"},
      {"sk-ant-" + kRandom, "1 an Anthropic key\n"},
      {std::string("AKIA") + "QWERTZUIOP234567", "1 an AWS access key\n"},
      {"AIza" + kRandom.substr(0, 35), "1 a Google API key\n"},
      {"glpat-" + kRandom.substr(0, 20), "1 a GitLab token\n"},
      {"aws_secret_access_key = " + kRandom.substr(0, 40), "1 an AWS secret key\n"},
      {"WANDB_API_KEY=\"9f8e7d6c5b4a39281706f5e4d3c2b1a098765432\"", "1 a Weights & Biases key\n"},
      {"os.environ[\"WANDB_API_KEY\"] = \"9f8e7d6c5b4a39281706f5e4d3c2b1a098765432\"", "1 a Weights & Biases key\n"},
      {"os.setenv(\"WANDB_API_KEY\", \"9f8e7d6c5b4a39281706f5e4d3c2b1a098765432\")", "1 a Weights & Biases key\n"},
      {"plumb_" + kRandom.substr(0, 43), "1 a Plumb token\n"},
      {"xapp-1-" + kRandom.substr(0, 40), "1 a Slack token\n"},
      {"tvly-dev-" + kRandom.substr(0, 32), "1 a Tavily key\n"},
      {"url = https://me:" + kRandom.substr(0, 20) + "@github.com/x/y", "1 a password in an address\n"},
  };
  for (const auto& [text, expected] : kTokens) {
    EXPECT_EQ(Kinds("config.yaml", text), expected) << expected;
    EXPECT_EQ(Kinds("notes.md", "first\nkey: \"" + text + "\"\n").substr(1), std::string(expected).substr(1));
  }
}

TEST(SecretsTest, PrivateKeys) {
  const std::string begin = std::string("-----BEGIN OPENSSH ") + "PRIVATE KEY-----";
  EXPECT_EQ(Kinds("k", "a\nb\n" + begin + "\n" + kRandom + "\n"), "3 a private key\n");
  EXPECT_EQ(Kinds("x.json", "{\"private_key\": \"" + begin + "\\n" + kRandom + "\"}"), "1 a private key\n");
  // The words alone.
  EXPECT_EQ(Kinds("README.md", "It begins with `" + begin + "`."), "");
  EXPECT_TRUE(IsKeyFile("ssh/id_ed25519"));
  EXPECT_TRUE(IsKeyFile("x.p12"));
  EXPECT_FALSE(IsKeyFile("id_ed25519.pub"));
}

TEST(SecretsTest, WhatOnlyLooksLikeOne) {
  for (const std::string& text :
       {std::string("hf_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"), std::string("export HF_TOKEN=hf_your_token_here"),
        std::string("AKIAIOSFODNN7EXAMPLE"), std::string("\"eos_token\": \"<|endoftext|>\""),
        std::string("sha256: 2264b5c2fbff5027881b9b32c7b90fc01fe6b85785571064a2880d306ffc8633"),
        std::string("wandb_api_key: ${WANDB_API_KEY}"), "shf_" + kRandom, "hf_" + kRandom.substr(0, 10),
        std::string("https://user:password@example.com/x"), std::string("task-proj-based-learning"),
        std::string("{\"merges\": [\"sk - proj\"]}")}) {
    EXPECT_EQ(Kinds("x.md", text), "") << text;
  }
}

}  // namespace
}  // namespace plumb
