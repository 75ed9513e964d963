#include <cmath>
#include <string>

#include "fmt/format.h"
#include "formats/document/recipe_values.h"
#include "plumb/base/limits.h"
#include "plumb/base/path.h"
#include "plumb/base/status.h"
#include "plumb/document/recipe.h"

namespace plumb {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

bool IsHexSha256(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

bool HasControlCharacter(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if ((byte < 0x20 && c != '\n' && c != '\t') || byte == 0x7F) return true;
  }
  return false;
}

absl::Status ValidateText(const std::string& text, const std::string& path, const FieldDescriptor& field) {
  if (!IsValidUtf8(text)) return InvalidArgument(fmt::format("`{}` is not valid UTF-8", path));
  if (HasControlCharacter(text)) return InvalidArgument(fmt::format("`{}` holds a control character", path));
  const bool digest = field.name() == "sha256" || field.name() == "manifest_sha256";
  if (digest && (field.is_repeated() || !text.empty()) && !IsHexSha256(text)) {
    return InvalidArgument(
        fmt::format("`{}` is \"{}\"; expected 64 lower-case hexadecimal digits", path, text.substr(0, 80)));
  }
  return absl::OkStatus();
}

// The rules of one Integer, Number, Text or Flag, but for its text.
absl::Status ValidateValue(const Message& value, const std::string& path) {
  const auto* type = value.GetDescriptor();
  const Reflection* reflection = value.GetReflection();
  const FieldDescriptor* stated = type->FindFieldByName("value");
  const FieldDescriptor* unknown = type->FindFieldByName("unknown");
  const int provenance = reflection->GetEnumValue(value, type->FindFieldByName("provenance"));
  if (!reflection->HasField(value, stated)) {
    if (!reflection->GetBool(value, unknown)) {
      return InvalidArgument(fmt::format("`{}` has neither a value nor `unknown`", path));
    }
    if (provenance == v1::PROVENANCE_UNSPECIFIED) return absl::OkStatus();
    return InvalidArgument(fmt::format("`{}` is unknown, so it cannot have provenance", path));
  }
  if (provenance < v1::PROVENANCE_PUBLISHED || provenance > v1::PROVENANCE_ASSUMED) {
    return InvalidArgument(fmt::format("`{}` has no provenance", path));
  }
  if (stated->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE && !std::isfinite(reflection->GetDouble(value, stated))) {
    return InvalidArgument(fmt::format("`{}` is not a finite number", path));
  }
  return absl::OkStatus();
}

absl::Status ValidateMessage(const Message& message, const std::string& path);

// One element of a field; `index` is -1 when it is not repeated.
absl::Status ValidateElement(const Message& message, const FieldDescriptor& field, int index, const std::string& path) {
  const Reflection* reflection = message.GetReflection();
  if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return ValidateMessage(
        index < 0 ? reflection->GetMessage(message, &field) : reflection->GetRepeatedMessage(message, &field, index),
        path);
  }
  if (field.cpp_type() != FieldDescriptor::CPPTYPE_STRING) return absl::OkStatus();
  return ValidateText(
      index < 0 ? reflection->GetString(message, &field) : reflection->GetRepeatedString(message, &field, index), path,
      field);
}

absl::Status ValidateMessage(const Message& message, const std::string& path) {
  const Reflection* reflection = message.GetReflection();
  if (IsValueType(*message.GetDescriptor())) PLUMB_RETURN_IF_ERROR(ValidateValue(message, path));
  for (int i = 0; i < message.GetDescriptor()->field_count(); ++i) {
    const FieldDescriptor& field = *message.GetDescriptor()->field(i);
    const std::string place = path.empty() ? field.name() : fmt::format("{}.{}", path, field.name());
    if (!field.is_repeated()) {
      if (reflection->HasField(message, &field)) PLUMB_RETURN_IF_ERROR(ValidateElement(message, field, -1, place));
      continue;
    }
    for (int k = 0; k < reflection->FieldSize(message, &field); ++k) {
      PLUMB_RETURN_IF_ERROR(ValidateElement(message, field, k, fmt::format("{}[{}]", place, k)));
    }
  }
  return absl::OkStatus();
}

// Segments must follow one another from step 0. An unknown bound fits anything.
template <typename Segments>
absl::Status ValidateSegments(const Segments& segments, std::string_view field) {
  std::optional<int64_t> expected = 0;
  for (int i = 0; i < segments.size(); ++i) {
    const auto& segment = segments[i];
    if (!segment.has_from_step() || !segment.has_to_step()) {
      return InvalidArgument(
          fmt::format("`{}[{}]` must say from_step and to_step, or that they are unknown", field, i));
    }
    const v1::Integer& from = segment.from_step();
    const v1::Integer& to = segment.to_step();
    if (expected && from.has_value() && from.value() != *expected) {
      return InvalidArgument(fmt::format("`{}[{}].from_step` is {}; expected {}, where the segment before it ends",
                                         field, i, from.value(), *expected));
    }
    if (from.has_value() && to.has_value() && to.value() <= from.value()) {
      return InvalidArgument(
          fmt::format("`{}[{}].to_step` is {}; expected more than from_step, {}", field, i, to.value(), from.value()));
    }
    expected = to.has_value() ? std::optional<int64_t>(to.value()) : std::nullopt;
  }
  return absl::OkStatus();
}

absl::Status ValidateCheckpoints(const v1::Recipe& recipe) {
  int64_t last = -1;
  for (int i = 0; i < recipe.checkpoints_size(); ++i) {
    const v1::Integer& step = recipe.checkpoints(i).step();
    if (!step.has_value()) return InvalidArgument(fmt::format("`checkpoints[{}].step` is missing", i));
    if (step.value() <= last) {
      return InvalidArgument(fmt::format("`checkpoints[{}].step` is {}; expected more than {}", i, step.value(), last));
    }
    last = step.value();
  }
  return absl::OkStatus();
}

absl::Status ValidateRelation(const v1::Recipe& recipe) {
  static constexpr std::string_view kRelations[] = {"continued", "fine-tuned", "quantised", "merged"};
  if (recipe.parent().empty() != recipe.relation().empty()) {
    return InvalidArgument("`parent` and `relation` must be stated together");
  }
  if (recipe.relation().empty()) return absl::OkStatus();
  for (const std::string_view relation : kRelations) {
    if (recipe.relation() == relation) return absl::OkStatus();
  }
  return InvalidArgument(fmt::format(
      "`relation` is \"{}\"; expected `continued`, `fine-tuned`, `quantised` or `merged`", recipe.relation()));
}

}  // namespace

absl::Status ValidateRecipe(const v1::Recipe& recipe) {
  if (recipe.schema_version() != 1) {
    return InvalidArgument(fmt::format("`schema_version` is {}; expected 1", recipe.schema_version()));
  }
  if (recipe.ByteSizeLong() > limits::kRecipeBytesMax) {
    return InvalidArgument(
        fmt::format("the recipe takes {} bytes; expected at most {}", recipe.ByteSizeLong(), limits::kRecipeBytesMax));
  }
  PLUMB_RETURN_IF_ERROR(ValidateMessage(recipe, ""));
  PLUMB_RETURN_IF_ERROR(ValidateRelation(recipe));
  PLUMB_RETURN_IF_ERROR(ValidateSegments(recipe.schedule(), "schedule"));
  PLUMB_RETURN_IF_ERROR(ValidateSegments(recipe.batch(), "batch"));
  return ValidateCheckpoints(recipe);
}

}  // namespace plumb
