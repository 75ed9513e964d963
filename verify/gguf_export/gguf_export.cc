#include "plumb/gguf_export/gguf_export.h"

#include <map>
#include <utility>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/convert/gguf_model.h"
#include "plumb/inference/gguf_description.h"
#include "plumb/naming/model_facts.h"
#include "plumb/tokenizer/gguf_vocabulary.h"

namespace plumb {
namespace {

absl::StatusOr<std::string> ReadSmall(const Directory& directory, const std::string& path) {
  PLUMB_ASSIGN_OR_RETURN(const UniqueFd file, directory.OpenFile(path));
  PLUMB_ASSIGN_OR_RETURN(const uint64_t size, FileSize(file.get(), path));
  if (size > limits::kConfigBytesMax) {
    return WithErrorClass(
        InvalidArgument(fmt::format("{} has {} bytes, at most {} are read", path, size, limits::kConfigBytesMax)),
        ErrorClass::kPolicy);
  }
  std::string bytes(size, '\0');
  PLUMB_RETURN_IF_ERROR(PreadExactly(file.get(), {reinterpret_cast<uint8_t*>(bytes.data()), size}, 0, path));
  return bytes;
}

// How a sentence encoder makes one vector of many, as llama.cpp numbers it; nullopt for what it does not have.
std::optional<uint64_t> PoolingNumber(const nlohmann::json& config) {
  constexpr std::string_view kFlag = "pooling_mode_";
  std::vector<std::string> kinds;
  for (const auto& [key, value] : config.items()) {
    if (key == "pooling_mode" && value.is_string()) kinds.push_back(value.get<std::string>());
    if (key.starts_with(kFlag) && value == true) kinds.push_back(key.substr(kFlag.size()));
  }
  if (kinds.size() != 1) return std::nullopt;
  if (kinds[0] == "mean" || kinds[0] == "mean_tokens") return 1;
  if (kinds[0] == "cls" || kinds[0] == "cls_token") return 2;
  return kinds[0] == "lasttoken" ? std::optional<uint64_t>(3) : std::nullopt;
}

void AddPooling(const Directory& directory, std::string_view folder, GgufDescription* description) {
  if (description->architecture != "bert") return;
  absl::StatusOr<std::string> text = ReadSmall(directory, fmt::format("{}1_Pooling/config.json", folder));
  if (!text.ok()) return;
  const nlohmann::json config = nlohmann::json::parse(*text, nullptr, false);
  const std::optional<uint64_t> number = config.is_object() ? PoolingNumber(config) : std::nullopt;
  if (number) {
    description->keys.push_back({"bert.pooling_type", *number, "u32"});
  } else {
    description->remarks.emplace_back("how 1_Pooling makes one vector of many cannot be said in GGUF: it is left out");
  }
}

// llama.cpp's number for a file whose tensors are mostly of this type; nullopt when it has none.
std::optional<uint64_t> FileType(DType dtype) {
  if (dtype == DType::kF32) return 0;
  if (dtype == DType::kF16) return 1;
  if (dtype == DType::kBF16) return 32;
  return std::nullopt;
}

// The type that most elements have.
DType MainType(const TensorSource& source) {
  std::map<DType, uint64_t> elements;
  for (const SourceTensor& tensor : source.tensors()) elements[tensor.dtype] += tensor.element_count();
  DType main = DType::kF32;
  for (const auto& [dtype, count] : elements) {
    if (count > elements[main]) main = dtype;
  }
  return main;
}

std::vector<MetadataEntry> GeneralKeys(const GgufDescription& description, DType main) {
  std::vector<MetadataEntry> keys = {{"general.architecture", description.architecture, "str"},
                                     {"general.type", std::string("model"), "str"}};
  // What --dtype made of it is put right when the file is written.
  if (const std::optional<uint64_t> type = FileType(main)) keys.push_back({"general.file_type", *type, "u32"});
  keys.insert(keys.end(), description.keys.begin(), description.keys.end());
  return keys;
}

// The folder's vocabulary, or what llama.cpp calls having none, and why.
absl::Status AddVocabulary(const Directory& directory, std::string_view folder, uint64_t rows,
                           std::vector<MetadataEntry>* keys, std::vector<std::string>* remarks) {
  absl::StatusOr<GgufTokenizer> vocabulary = TokenizerAsGguf(directory, folder, rows);
  if (vocabulary.ok()) {
    for (MetadataEntry& entry : vocabulary->keys) keys->push_back(std::move(entry));
    for (std::string& remark : vocabulary->remarks) remarks->push_back(std::move(remark));
    return absl::OkStatus();
  }
  if (!absl::IsNotFound(vocabulary.status()) && !absl::IsInvalidArgument(vocabulary.status()) &&
      !absl::IsUnimplemented(vocabulary.status())) {
    return vocabulary.status();
  }
  keys->push_back({"tokenizer.ggml.model", std::string("none"), "str"});
  remarks->push_back(fmt::format("the file has no vocabulary, so that programs run it on token ids alone: {}",
                                 std::string(vocabulary.status().message())));
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<GgufExport> ExportToGguf(const Directory& directory, std::string_view path, const TensorSource& source,
                                        std::optional<DType> dtype) {
  const std::string folder(path.substr(0, path.rfind('/') + 1));
  PLUMB_ASSIGN_OR_RETURN(const std::string config, ReadSmall(directory, folder + "config.json"));
  PLUMB_ASSIGN_OR_RETURN(GgufDescription description, DescribeForGguf(config));
  AddPooling(directory, folder, &description);
  GgufModelFacts facts = {.architecture = description.architecture,
                          .source = FactsOfConfig(config),
                          .tied = description.tied,
                          .needs_output = description.needs_output};
  for (auto& [name, values] : description.tables) facts.tables.push_back({name, std::move(values)});
  facts.keys = GeneralKeys(description, dtype ? DType::kF32 : MainType(source));
  GgufExport made = {.remarks = description.remarks};
  PLUMB_RETURN_IF_ERROR(AddVocabulary(directory, folder, description.vocabulary, &facts.keys, &made.remarks));
  PLUMB_ASSIGN_OR_RETURN(GgufModelTensors tensors, LayOutGgufModel(source, facts));
  PLUMB_RETURN_IF_ERROR(CheckGgufDescription(config, *tensors.source));
  made.source = std::move(tensors.source);
  made.float32 = std::move(tensors.float32);
  return made;
}

}  // namespace plumb
