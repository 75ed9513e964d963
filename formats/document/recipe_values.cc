#include "formats/document/recipe_values.h"

#include <charconv>
#include <cmath>

namespace plumb {
namespace {

struct ProvenanceName {
  v1::Provenance value;
  std::string_view text;
};

constexpr ProvenanceName kProvenanceNames[] = {
    {v1::PROVENANCE_PUBLISHED, "published"},
    {v1::PROVENANCE_MEASURED, "measured"},
    {v1::PROVENANCE_DERIVED, "derived"},
    {v1::PROVENANCE_ASSUMED, "assumed"},
};

}  // namespace

std::optional<int64_t> TextToInteger(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> TextToNumber(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
  return value;
}

std::optional<v1::Provenance> TextToProvenance(std::string_view text) {
  for (const ProvenanceName& name : kProvenanceNames) {
    if (name.text == text) return name.value;
  }
  return std::nullopt;
}

std::string_view ProvenanceToText(v1::Provenance provenance) {
  for (const ProvenanceName& name : kProvenanceNames) {
    if (name.value == provenance) return name.text;
  }
  return "unspecified";
}

bool IsValueType(const google::protobuf::Descriptor& type) {
  return &type == v1::Integer::descriptor() || &type == v1::Number::descriptor() || &type == v1::Text::descriptor() ||
         &type == v1::Flag::descriptor();
}

}  // namespace plumb
