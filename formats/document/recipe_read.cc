// Plumb's own form: the message's fields are the keys, so a field that is added to
// recipe.proto can be read and written without a change here.
#include <string>
#include <vector>

#include "fmt/format.h"
#include "fmt/ranges.h"
#include "formats/document/recipe_values.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

std::string Join(std::string_view path, std::string_view key) {
  return path.empty() ? std::string(key) : fmt::format("{}.{}", path, key);
}

absl::Status UnknownKey(std::string_view path, std::string_view key, const Descriptor& type) {
  std::vector<std::string> known;
  for (int i = 0; i < type.field_count(); ++i) known.push_back(type.field(i)->name());
  return InvalidArgument(fmt::format("unknown key `{}`; known here: {}", Join(path, key), fmt::join(known, ", ")));
}

absl::Status WrongType(std::string_view path, std::string_view expected) {
  return InvalidArgument(fmt::format("`{}` must be {}", path, expected));
}

// Puts scalar text into the `value` field of an Integer, Number, Text or Flag.
absl::Status SetValue(std::string_view text, std::string_view path, google::protobuf::Message* out) {
  const FieldDescriptor* field = out->GetDescriptor()->FindFieldByName("value");
  const Reflection* reflection = out->GetReflection();
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT64: {
      const std::optional<int64_t> value = TextToInteger(text);
      if (!value) return WrongType(path, fmt::format("an integer or `unknown`; found \"{}\"", text));
      reflection->SetInt64(out, field, *value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_DOUBLE: {
      const std::optional<double> value = TextToNumber(text);
      if (!value) return WrongType(path, fmt::format("a finite number or `unknown`; found \"{}\"", text));
      reflection->SetDouble(out, field, *value);
      return absl::OkStatus();
    }
    case FieldDescriptor::CPPTYPE_BOOL:
      if (text != "true" && text != "false") {
        return WrongType(path, fmt::format("`true`, `false` or `unknown`; found \"{}\"", text));
      }
      reflection->SetBool(out, field, text == "true");
      return absl::OkStatus();
    default:
      reflection->SetString(out, field, std::string(text));
      return absl::OkStatus();
  }
}

void SetUnknown(Message* out) {
  out->GetReflection()->SetBool(out, out->GetDescriptor()->FindFieldByName("unknown"), true);
}

void SetProvenance(v1::Provenance provenance, Message* out) {
  out->GetReflection()->SetEnumValue(out, out->GetDescriptor()->FindFieldByName("provenance"), provenance);
}

// One member of the long form of a value.
absl::Status ReadValueMember(std::string_view key, const Tree& item, std::string_view path,
                             google::protobuf::Message* out) {
  const std::string place = Join(path, key);
  if (item.kind != Tree::Kind::kScalar) return WrongType(place, "a single value");
  if (key == "value") return SetValue(item.scalar, place, out);
  if (key == "unknown") {
    if (item.scalar != "true") return WrongType(place, "`true`");
    SetUnknown(out);
    return absl::OkStatus();
  }
  if (key == "note") {
    out->GetReflection()->SetString(out, out->GetDescriptor()->FindFieldByName("note"), item.scalar);
    return absl::OkStatus();
  }
  if (key != "provenance") return UnknownKey(path, key, *out->GetDescriptor());
  const std::optional<v1::Provenance> provenance = TextToProvenance(item.scalar);
  if (!provenance) return WrongType(place, "`published`, `measured`, `derived` or `assumed`");
  SetProvenance(*provenance, out);
  return absl::OkStatus();
}

// An Integer, Number, Text or Flag: bare text, or a map of value, unknown, provenance, note.
absl::Status ReadValue(const Tree& tree, v1::Provenance fallback, std::string_view path,
                       google::protobuf::Message* out) {
  const FieldDescriptor* provenance = out->GetDescriptor()->FindFieldByName("provenance");
  if (tree.kind == Tree::Kind::kMap) {
    if (tree.Find("value") != nullptr && tree.Find("unknown") != nullptr) {
      return InvalidArgument(fmt::format("`{}` has both a value and `unknown`", path));
    }
    for (size_t i = 0; i < tree.items.size(); ++i) {
      PLUMB_RETURN_IF_ERROR(ReadValueMember(tree.keys[i], tree.items[i], path, out));
    }
  } else if (tree.kind != Tree::Kind::kScalar) {
    return WrongType(path, "a value; write `unknown` for one that is not known");
  } else if (tree.scalar == "unknown") {
    SetUnknown(out);
  } else {
    PLUMB_RETURN_IF_ERROR(SetValue(tree.scalar, path, out));
  }
  const FieldDescriptor* value = out->GetDescriptor()->FindFieldByName("value");
  const bool stated = out->GetReflection()->HasField(*out, value);
  if (stated && out->GetReflection()->GetEnumValue(*out, provenance) == v1::PROVENANCE_UNSPECIFIED) {
    if (fallback == v1::PROVENANCE_UNSPECIFIED) {
      return InvalidArgument(
          fmt::format("`{}` says no provenance, and the recipe has no `provenance:` at its top", path));
    }
    SetProvenance(fallback, out);
  }
  return absl::OkStatus();
}

absl::Status ReadMessage(const Tree& tree, v1::Provenance fallback, std::string_view path,
                         google::protobuf::Message* out) {
  if (IsValueType(*out->GetDescriptor())) return ReadValue(tree, fallback, path, out);
  return ReadRecipeMessage(tree, fallback, path, out);
}

absl::Status ReadRepeated(const Tree& tree, const FieldDescriptor* field, v1::Provenance fallback,
                          std::string_view path, google::protobuf::Message* out) {
  const Reflection* reflection = out->GetReflection();
  if (tree.kind != Tree::Kind::kList) return WrongType(path, "a list");
  for (size_t i = 0; i < tree.items.size(); ++i) {
    const std::string place = fmt::format("{}[{}]", path, i);
    if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      PLUMB_RETURN_IF_ERROR(ReadMessage(tree.items[i], fallback, place, reflection->AddMessage(out, field)));
    } else if (tree.items[i].kind == Tree::Kind::kScalar) {
      reflection->AddString(out, field, tree.items[i].scalar);
    } else {
      return WrongType(place, "text");
    }
  }
  return absl::OkStatus();
}

absl::Status ReadField(const Tree& tree, const FieldDescriptor* field, v1::Provenance fallback, std::string_view path,
                       Message* out) {
  const Reflection* reflection = out->GetReflection();
  if (field->is_repeated()) return ReadRepeated(tree, field, fallback, path, out);
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
    return ReadMessage(tree, fallback, path, reflection->MutableMessage(out, field));
  }
  if (tree.kind != Tree::Kind::kScalar) return WrongType(path, "a single value");
  if (field->cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
    reflection->SetString(out, field, tree.scalar);
    return absl::OkStatus();
  }
  const std::optional<int64_t> value = TextToInteger(tree.scalar);
  if (!value || *value < 0 || *value > INT32_MAX) return WrongType(path, "a small integer");
  reflection->SetUInt32(out, field, static_cast<uint32_t>(*value));
  return absl::OkStatus();
}

}  // namespace

absl::Status ReadRecipeMessage(const Tree& tree, v1::Provenance fallback, std::string_view path,
                               google::protobuf::Message* out) {
  if (tree.kind != Tree::Kind::kMap) return WrongType(path, "a map of keys to values");
  const bool top = out->GetDescriptor() == v1::Recipe::descriptor();
  for (size_t i = 0; i < tree.items.size(); ++i) {
    if (top && tree.keys[i] == "provenance") continue;
    const FieldDescriptor* field = out->GetDescriptor()->FindFieldByName(tree.keys[i]);
    if (field == nullptr) return UnknownKey(path, tree.keys[i], *out->GetDescriptor());
    PLUMB_RETURN_IF_ERROR(ReadField(tree.items[i], field, fallback, Join(path, tree.keys[i]), out));
  }
  return absl::OkStatus();
}

}  // namespace plumb
