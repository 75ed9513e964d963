// Reads a config.json so that no key goes unnoticed.
#ifndef PLUMB_VERIFY_INFERENCE_ARCHITECTURES_CONFIG_READER_H_
#define PLUMB_VERIFY_INFERENCE_ARCHITECTURES_CONFIG_READER_H_

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "nlohmann/json.hpp"

namespace plumb {

// Takes keys out of a config one by one. The first error is kept and returned by Finish; reads after it give
// harmless values. Borrows the config. Not thread-safe.
class ConfigReader {
 public:
  explicit ConfigReader(const nlohmann::json& config) : config_(config) {}

  // A whole number from 1 to `most`.
  uint64_t Size(const std::string& key, uint64_t most);
  // The same, or `absent` when the key is missing or null.
  uint64_t SizeOr(const std::string& key, uint64_t most, uint64_t absent);
  // A finite number above zero.
  double Positive(const std::string& key);
  // A text.
  std::string Text(const std::string& key);
  // true or false; `absent` when the key is missing: only for keys whose absence the architecture defines.
  bool FlagOr(const std::string& key, bool absent);
  // A list of texts; empty when the key is missing or null.
  std::vector<std::string> TextsOr(const std::string& key);

  // Refuses any value of `key` but `only` and null; the key may be missing.
  void Only(const std::string& key, const nlohmann::json& only);
  // Notes keys that do not change what the model computes.
  void Irrelevant(std::initializer_list<const char*> keys);
  // Refuses the config because of `key`.
  void Refuse(const std::string& key, std::string_view why);

  // The first error, or one that names every key nobody asked for. INVALID_ARGUMENT, ErrorClass::kPolicy.
  absl::Status Finish() const;

 private:
  // nullptr when missing or null.
  const nlohmann::json* Find(const std::string& key);
  // As Find, and an error when there is none.
  const nlohmann::json* Need(const std::string& key, std::string_view expected);

  const nlohmann::json& config_;
  std::set<std::string> seen_;
  std::string error_;
};

}  // namespace plumb

#endif  // PLUMB_VERIFY_INFERENCE_ARCHITECTURES_CONFIG_READER_H_
