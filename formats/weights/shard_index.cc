#include "plumb/weights/shard_index.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/python_json.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

using Json = nlohmann::json;

absl::Status Refuse(std::string_view rule) {
  return WithErrorClass(InvalidArgument(fmt::format("shard index: {}", rule)), ErrorClass::kPolicy);
}

// `PREFIX-NUMBER-of-TOTAL` and the shards' ending, taken apart. Widths may differ: `-00001-of-000163` occurs.
struct ShardNumber {
  std::string_view prefix;
  uint64_t number = 0;
  uint64_t total = 0;
};

std::optional<uint64_t> ParseDigits(std::string_view text) {
  uint64_t value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<ShardNumber> ParseShardNumber(std::string_view name, std::string_view ending) {
  name.remove_suffix(ending.size());
  size_t of = name.rfind("-of-");
  if (of == name.npos || of == 0) return std::nullopt;
  size_t dash = name.rfind('-', of - 1);
  if (dash == name.npos) return std::nullopt;
  std::optional<uint64_t> number = ParseDigits(name.substr(dash + 1, of - dash - 1));
  std::optional<uint64_t> total = ParseDigits(name.substr(of + 4));
  if (!number.has_value() || !total.has_value()) return std::nullopt;
  return ShardNumber{name.substr(0, dash), *number, *total};
}

absl::Status CheckShardName(const std::string& name, std::string_view ending) {
  absl::Status status = ValidateRelativePath(name);
  if (!status.ok()) return Refuse(Message(status));
  if (name.find('/') != name.npos || !name.ends_with(ending)) {
    return Refuse(
        fmt::format("{} is not a shard: expected a plain file name ending in {}", QuoteForMessage(name), ending));
  }
  return absl::OkStatus();
}

// Shards of one prefix must name one total, and be all numbers from 1 to it.
absl::Status CheckNumbers(const std::vector<std::string>& shards, std::string_view ending) {
  struct Series {
    uint64_t total = 0;
    std::set<uint64_t> numbers;
  };
  std::map<std::string_view, Series> series_of;
  for (const std::string& name : shards) {
    std::optional<ShardNumber> shard = ParseShardNumber(name, ending);
    if (!shard.has_value()) continue;
    Series& series = series_of.try_emplace(shard->prefix, Series{shard->total, {}}).first->second;
    if (series.total != shard->total) {
      return Refuse(fmt::format("{} is one of {} shards, others are of {}", name, shard->total, series.total));
    }
    if (shard->number == 0 || shard->number > shard->total || !series.numbers.insert(shard->number).second) {
      return Refuse(fmt::format("{} has a number that occurs twice or is not 1 to {}", name, shard->total));
    }
  }
  for (const auto& [prefix, series] : series_of) {
    if (series.numbers.size() != series.total) {
      return Refuse(
          fmt::format("{} of the {} shards of \"{}\" are named", series.numbers.size(), series.total, prefix));
    }
  }
  return absl::OkStatus();
}

absl::StatusOr<nlohmann::json> ParseDocument(std::string_view json) {
  if (json.size() > limits::kShardIndexBytesMax) {
    return Refuse(fmt::format("it has {} bytes, at most {} are read", json.size(), limits::kShardIndexBytesMax));
  }
  absl::StatusOr<nlohmann::json> document = ParsePythonJson(json, "shard index", RepeatedKeys::kRefused);
  if (!document.ok()) return WithErrorClass(document.status(), ErrorClass::kPolicy);
  if (!document->is_object()) return Refuse("it is not an object");
  auto map = document->find("weight_map");
  if (map == document->end() || !map->is_object()) return Refuse("\"weight_map\" is not an object");
  // What else stands there does not say where tensors are; writers leave metadata out, or null.
  if (!document->contains("metadata") || document->at("metadata").is_null()) (*document)["metadata"] = Json::object();
  if (!document->at("metadata").is_object()) return Refuse("\"metadata\" is not an object");
  return document;
}

// Written as an integer, or as a double by those who count in one.
std::optional<uint64_t> TotalBytes(const nlohmann::json& metadata) {
  auto total = metadata.find("total_size");
  if (total == metadata.end()) return std::nullopt;
  if (total->is_number_unsigned()) return total->get<uint64_t>();
  constexpr double kExactMax = 9007199254740992.0;
  const double value = total->is_number_float() ? total->get<double>() : -1;
  if (value < 0 || value > kExactMax || value != std::floor(value)) return std::nullopt;
  return static_cast<uint64_t>(value);
}

}  // namespace

absl::StatusOr<ShardIndex> ShardIndex::Parse(std::string_view json, std::string_view ending) {
  PLUMB_ASSIGN_OR_RETURN(nlohmann::json document, ParseDocument(json));
  ShardIndex index;
  index.total_bytes = TotalBytes(document["metadata"]);
  std::set<std::string> shards;
  for (auto& [tensor, file] : document["weight_map"].items()) {
    if (tensor.empty() || tensor.size() > limits::kTensorNameBytesMax || tensor.find('\0') != tensor.npos) {
      return Refuse(fmt::format("tensor name {} is not 1 to {} bytes without NUL", QuoteForMessage(tensor),
                                limits::kTensorNameBytesMax));
    }
    if (!file.is_string()) return Refuse(fmt::format("the shard of {} is not a string", QuoteForMessage(tensor)));
    const auto& name = file.get_ref<const std::string&>();
    if (shards.find(name) == shards.end()) {
      PLUMB_RETURN_IF_ERROR(CheckShardName(name, ending));
      if (shards.size() >= limits::kShardsMax) {
        return Refuse(fmt::format("it names more than {} shards", limits::kShardsMax));
      }
      shards.insert(name);
    }
    index.shard_of.emplace(tensor, name);
  }
  if (shards.empty()) return Refuse("it names no tensor");
  index.shards.assign(shards.begin(), shards.end());
  PLUMB_RETURN_IF_ERROR(CheckNumbers(index.shards, ending));
  return index;
}

}  // namespace plumb
