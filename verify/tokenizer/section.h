// Reads one object of a tokenizer.json so that no key goes unnoticed.
#ifndef PLUMB_VERIFY_TOKENIZER_SECTION_H_
#define PLUMB_VERIFY_TOKENIZER_SECTION_H_

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb::text {

// The error for `where` (a path such as `pre_tokenizer.pattern`): INVALID_ARGUMENT, ErrorClass::kPolicy.
absl::Status Refuse(std::string_view where, std::string_view why);
// The same for what is not understood, which says nothing against the file: UNIMPLEMENTED, ErrorClass::kPolicy.
absl::Status NotKnown(std::string_view where, std::string_view why);

// Takes keys out of an object one by one. The first error is kept and returned by Finish; reads after it give harmless
// values. A value that is no object is an error too. Borrows the object. Not thread-safe.
class Section {
 public:
  // `where` names the object in messages.
  Section(const nlohmann::json& object, std::string_view where);

  // A text of at most limits::kTokenBytesMax bytes. The empty string after an error.
  std::string Text(const std::string& key);
  // The same; nullopt when the key is missing or null.
  std::optional<std::string> TextIf(const std::string& key);
  bool Flag(const std::string& key);
  std::optional<bool> FlagIf(const std::string& key);
  bool FlagOr(const std::string& key, bool absent) { return FlagIf(key).value_or(absent); }
  // A whole number from 0 to `most`.
  uint64_t Number(const std::string& key, uint64_t most);
  std::optional<uint64_t> NumberIf(const std::string& key, uint64_t most);
  // A list; an empty one after an error.
  const nlohmann::json& List(const std::string& key);
  // Any value; nullptr when the key is missing or null.
  const nlohmann::json* Find(const std::string& key);
  // An object or a list that must be there; null after an error.
  const nlohmann::json& Need(const std::string& key);

  // Notes keys that do not change ids.
  void Irrelevant(std::initializer_list<const char*> keys);
  // Refuses the file because of `key`.
  void RefuseKey(std::string_view key, std::string_view why);
  // Gives up on the file because Plumb does not know what `key` says.
  void NotKnownKey(std::string_view key, std::string_view why);

  bool failed() const { return !error_.ok(); }
  const std::string& where() const { return where_; }

  // The first error, or NotKnown with every key nobody asked for.
  absl::Status Finish() const;

 private:
  const nlohmann::json& object_;
  std::string where_;
  std::set<std::string> seen_;
  absl::Status error_;
};

// Parses one stage of a pipeline: an object whose `type` says which. `parse_kind(section, type, stages)` makes the
// stage; `stages` counts all of a tokenizer's, nested ones too, against limits::kTokenizerStagesMax.
template <typename Made>
Made ParseStage(const nlohmann::json& json, std::string_view where, size_t& stages,
                Made (*parse_kind)(Section&, const std::string&, size_t&)) {
  if (++stages > limits::kTokenizerStagesMax) {
    return NotKnown(where, fmt::format("more than {} rules", limits::kTokenizerStagesMax));
  }
  Section section(json, where);
  const std::string type = section.Text("type");
  if (section.failed()) return section.Finish();
  Made made = parse_kind(section, type, stages);
  if (made.ok()) PLUMB_RETURN_IF_ERROR(section.Finish());
  return made;
}

}  // namespace plumb::text

#endif  // PLUMB_VERIFY_TOKENIZER_SECTION_H_
