#include "formats/convert/carry_metadata.h"

#include <algorithm>
#include <set>
#include <utility>

#include "formats/convert/value_text.h"
#include "nlohmann/json.hpp"
#include "plumb/base/json.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/gguf/gguf_type.h"

namespace plumb {
namespace {

constexpr std::string_view kFileTypeKey = "general.file_type";
constexpr std::string_view kQuantisationKey = "general.quantization_version";
constexpr uint64_t kQuantisationVersion = 2;
// What libraries of safetensors' origin ask for before they read a file with metadata.
constexpr std::string_view kFormatKey = "format";

bool IsSplitKey(std::string_view key) { return key.starts_with("split."); }

// llama.cpp's number for a file mostly of this type (enum llama_ftype).
std::optional<uint64_t> FileTypeOf(DType dtype) {
  static constexpr std::pair<DType, uint64_t> kNumbers[] = {
      {DType::kF32, 0},   {DType::kF16, 1},    {DType::kQ4_0, 2},   {DType::kQ4_1, 3},
      {DType::kQ8_0, 7},  {DType::kQ5_0, 8},   {DType::kQ5_1, 9},   {DType::kQ4_K, 14},
      {DType::kBF16, 32}, {DType::kTQ1_0, 36}, {DType::kTQ2_0, 37}, {DType::kMXFP4, 38}};
  for (const auto& [known, number] : kNumbers) {
    if (known == dtype) return number;
  }
  return std::nullopt;
}

// The keys and types that a safetensors file remembers; empty when it does not, or not as we write it.
std::vector<std::pair<std::string, std::string>> RememberedTypes(const Metadata& metadata) {
  const std::string* text = metadata.Get<std::string>(kGgufTypesKey);
  if (text == nullptr) return {};
  absl::StatusOr<nlohmann::json> json = ParseJson(*text, kGgufTypesKey);
  if (!json.ok() || !json->is_array()) return {};
  std::vector<std::pair<std::string, std::string>> types;
  std::set<std::string> keys;
  for (const nlohmann::json& pair : *json) {
    if (!pair.is_array() || pair.size() != 2 || !pair[0].is_string() || !pair[1].is_string()) return {};
    types.emplace_back(pair[0].get<std::string>(), pair[1].get<std::string>());
    if (!keys.insert(types.back().first).second) return {};
  }
  return types;
}

// Entries with GGUF's types: remembered ones first, in their order, then whatever else there is.
std::vector<MetadataEntry> TypedEntries(const Metadata& metadata) {
  std::vector<MetadataEntry> entries;
  std::set<std::string_view> taken = {kGgufTypesKey};
  const std::vector<std::pair<std::string, std::string>> remembered = RememberedTypes(metadata);
  for (const auto& [key, type] : remembered) {
    const std::string* text = metadata.Get<std::string>(key);
    if (text == nullptr) continue;
    std::optional<MetadataEntry> entry = ValueOfText(key, *text, type);
    if (!entry) continue;
    entries.push_back(*std::move(entry));
    taken.insert(key);
  }
  for (const MetadataEntry& entry : metadata.entries()) {
    if (!taken.contains(entry.key)) entries.push_back(entry);
  }
  return entries;
}

// Brings what the entries say of the tensors' types in line with what is written.
void StateTypes(DType made, std::vector<MetadataEntry>* entries) {
  bool has_version = false;
  for (MetadataEntry& entry : *entries) {
    const std::optional<uint64_t> number = FileTypeOf(made);
    if (entry.key == kFileTypeKey && number) entry = {entry.key, *number, "u32"};
    has_version = has_version || entry.key == kQuantisationKey;
  }
  if (!has_version && IsGgmlBlockDType(made)) {
    entries->push_back({std::string(kQuantisationKey), kQuantisationVersion, "u32"});
  }
}

bool GgufCanHold(const MetadataEntry& entry) {
  if (entry.key.empty() || entry.key.size() > limits::kGgufKeyBytesMax || IsSplitKey(entry.key)) return false;
  // Anything else under this name would be an alignment that cannot be.
  return entry.key != "general.alignment" || entry.stored_as == "u32";
}

}  // namespace

std::map<std::string, std::string> MetadataAsTexts(const TensorSource& source, std::vector<std::string>* dropped) {
  std::map<std::string, std::string> texts;
  nlohmann::json types = nlohmann::json::array();
  bool typed = false;
  for (const MetadataEntry& entry : source.metadata().entries()) {
    std::optional<std::string> text = IsValidUtf8(entry.key) ? ValueAsText(entry) : std::nullopt;
    const bool one_file = source.format() == "gguf" && IsSplitKey(entry.key);
    if (!text || one_file || texts.size() + 2 > limits::kSafetensorsMetadataEntriesMax) {
      dropped->push_back(entry.key);
      continue;
    }
    texts[entry.key] = *std::move(text);
    if (!entry.stored_as.empty()) types.push_back({entry.key, std::string(entry.stored_as)});
    typed = typed || (!entry.stored_as.empty() && entry.stored_as != "str");
  }
  if (typed) texts[std::string(kGgufTypesKey)] = types.dump();
  if (!texts.empty() && source.format() != "safetensors") texts.emplace(kFormatKey, "pt");
  return texts;
}

std::vector<MetadataEntry> MetadataAsGguf(const TensorSource& source, std::optional<DType> made,
                                          std::vector<std::string>* dropped) {
  std::vector<MetadataEntry> carried;
  const bool remembered = source.metadata().Find(kGgufTypesKey) != nullptr;
  for (MetadataEntry& entry : TypedEntries(source.metadata())) {
    // Other formats have names of types of their own.
    if (!gguf::ParseStoredType(entry.stored_as)) entry.stored_as = {};
    // We put it there ourselves, with the types.
    if (remembered && entry.key == kFormatKey && entry.stored_as.empty()) continue;
    if (GgufCanHold(entry)) {
      carried.push_back(std::move(entry));
    } else {
      dropped->push_back(entry.key);
    }
  }
  if (made) StateTypes(*made, &carried);
  return carried;
}

}  // namespace plumb
