// Reads a config.json so that no key goes unnoticed.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_CONFIG_READER_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_CONFIG_READER_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "nlohmann/json.hpp"
#include "plumb/inference/op.h"

namespace plumb {

// Takes keys out of a config one by one. The first error is kept and returned by Finish; reads after it give
// harmless values. Borrows the config. Not thread-safe.
class ConfigReader {
 public:
  // `path` stands before each key in messages: "rope_scaling." for an object inside a config.
  explicit ConfigReader(const nlohmann::json& config, std::string path = "")
      : config_(config), path_(std::move(path)) {}

  // Whether the key is there and not null. Does not count as reading it.
  bool Has(const std::string& key) const;
  // A whole number from 1 to `most`.
  uint64_t Size(const std::string& key, uint64_t most);
  // The same, or `absent` when the key is missing or null.
  uint64_t SizeOr(const std::string& key, uint64_t most, uint64_t absent);
  // The same, or nothing when the key is null. The key must be there: absent is not null.
  std::optional<uint64_t> SizeOrNull(const std::string& key, uint64_t most);
  // A whole number from 0 to `most`.
  uint64_t Count(const std::string& key, uint64_t most);
  // A finite number above zero.
  double Positive(const std::string& key);
  // The same, or nothing when the key is missing or null.
  std::optional<double> PositiveIfAny(const std::string& key);
  // The same, or nothing when the key is null. The key must be there.
  std::optional<double> PositiveOrNull(const std::string& key);
  // A text.
  std::string Text(const std::string& key);
  // true or false; `absent` when the key is missing: only for keys whose absence the architecture defines.
  bool FlagOr(const std::string& key, bool absent);
  // true or false.
  bool Flag(const std::string& key);
  // A list of texts; empty when the key is missing or null.
  std::vector<std::string> TextsOr(const std::string& key);
  // A list of finite numbers above zero.
  std::vector<double> Positives(const std::string& key);
  // A list of whole numbers from 0 to `most`; empty when the key is missing or null.
  std::vector<uint64_t> CountsOr(const std::string& key, uint64_t most);
  // The name of an activation function, as transformers names them.
  UnaryFunction Activation(const std::string& key);
  // The object under a key, to be read by a reader of its own and included; nullptr when missing or null.
  const nlohmann::json* Object(const std::string& key);
  // Takes over the error of a reader of an object inside, or its complaint about keys nobody asked for.
  void Include(const ConfigReader& inner);

  // Refuses any value of `key` but `only` and null; the key may be missing.
  void Only(const std::string& key, const nlohmann::json& only);
  // Notes keys that do not change what the model computes.
  void Irrelevant(std::initializer_list<const char*> keys);
  // Notes those that every transformers config may have and that do not change what a model computes (training,
  // generation, labels, the library's own records), and refuses those by which a model becomes another: pruned heads,
  // cross attention.
  void IrrelevantToAll();
  // Gives up on the config because of `key`.
  void Refuse(const std::string& key, std::string_view why);

  // OK, or NotUnderstood (not_understood.h) with the first error and every key nobody asked for.
  absl::Status Finish() const;

 private:
  // nullptr when missing or null.
  const nlohmann::json* Find(const std::string& key);
  // As Find, and an error when there is none.
  const nlohmann::json* Need(const std::string& key, std::string_view expected);

  const nlohmann::json& config_;
  const std::string path_;
  std::set<std::string> seen_;
  std::string error_;
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_CONFIG_READER_H_
