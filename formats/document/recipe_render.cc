// The inverse of recipe_read.cc: block style for structure, one line for each value.
#include <array>
#include <cctype>
#include <string>

#include "fmt/format.h"
#include "formats/document/recipe_values.h"
#include "plumb/base/status.h"
#include "plumb/document/recipe.h"

namespace plumb {
namespace {

using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// True when YAML reads `text`, unquoted, as this very text wherever a value may stand.
bool IsPlain(std::string_view text) {
  static constexpr std::string_view kTaken[] = {"null", "Null", "NULL", "true", "false"};
  if (text.empty() || !std::isalnum(static_cast<unsigned char>(text.front())) || text.back() == ' ') return false;
  for (const std::string_view word : kTaken) {
    if (text == word) return false;
  }
  for (const char c : text) {
    if (!std::isalnum(static_cast<unsigned char>(c)) &&
        std::string_view("._/+-() ").find(c) == std::string_view::npos) {
      return false;
    }
  }
  return true;
}

std::string Quote(std::string_view text) {
  if (IsPlain(text)) return std::string(text);
  std::string out = "\"";
  for (size_t i = 0; i < text.size(); ++i) {
    const std::string_view rest = text.substr(i);
    if (text[i] == '"' || text[i] == '\\') {
      out += '\\';
      out += text[i];
    } else if (text[i] == '\n') {
      out += "\\n";
    } else if (text[i] == '\t') {
      out += "\\t";
    } else if (rest.starts_with("\xEF\xBB\xBF")) {
      out += "\\uFEFF";  // A reader may take it for a byte order mark.
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out + '"';
}

std::string ScalarText(const Message& value) {
  const Reflection* reflection = value.GetReflection();
  const FieldDescriptor* field = value.GetDescriptor()->FindFieldByName("value");
  if (!reflection->HasField(value, field)) return "unknown";
  switch (field->cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT64:
      return fmt::format("{}", reflection->GetInt64(value, field));
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return fmt::format("{}", reflection->GetDouble(value, field));
    case FieldDescriptor::CPPTYPE_BOOL:
      return reflection->GetBool(value, field) ? "true" : "false";
    default:
      return Quote(reflection->GetString(value, field));
  }
}

v1::Provenance ProvenanceOf(const Message& value) {
  const FieldDescriptor* field = value.GetDescriptor()->FindFieldByName("provenance");
  return static_cast<v1::Provenance>(value.GetReflection()->GetEnumValue(value, field));
}

// Bare when the default provenance applies and there is no note, else the long form.
std::string RenderValue(const Message& value, v1::Provenance fallback) {
  const auto* type = value.GetDescriptor();
  const Reflection* reflection = value.GetReflection();
  const bool stated = reflection->HasField(value, type->FindFieldByName("value"));
  const std::string note = reflection->GetString(value, type->FindFieldByName("note"));
  const std::string scalar = ScalarText(value);
  const bool literal_unknown = stated && scalar == "unknown";
  if (note.empty() && !literal_unknown && (!stated || ProvenanceOf(value) == fallback)) return scalar;
  std::string out = stated ? fmt::format("{{value: {}", scalar) : "{unknown: true";
  if (stated) out += fmt::format(", provenance: {}", ProvenanceToText(ProvenanceOf(value)));
  if (!note.empty()) out += fmt::format(", note: {}", Quote(note));
  return out + '}';
}

// Counts how often each provenance occurs.
void CountProvenance(const Message& message, std::array<int, 5>* counts) {
  if (IsValueType(*message.GetDescriptor())) {
    ++(*counts)[ProvenanceOf(message)];
    return;
  }
  const Reflection* reflection = message.GetReflection();
  std::vector<const FieldDescriptor*> fields;
  reflection->ListFields(message, &fields);
  for (const FieldDescriptor* field : fields) {
    if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
    if (!field->is_repeated()) CountProvenance(reflection->GetMessage(message, field), counts);
    for (int i = 0; field->is_repeated() && i < reflection->FieldSize(message, field); ++i) {
      CountProvenance(reflection->GetRepeatedMessage(message, field, i), counts);
    }
  }
}

class Writer {
 public:
  explicit Writer(v1::Provenance fallback) : fallback_(fallback) {}

  // Writes every field of `message`, each on lines of its own after `indent` spaces.
  void WriteFields(const Message& message, size_t indent) {
    std::vector<const FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    for (const FieldDescriptor* field : fields) {
      out_ += fmt::format("{:{}}{}:", "", indent, field->name());
      if (field->is_repeated()) {
        WriteList(message, *field, indent + 2);
      } else {
        WriteSingle(message, *field, indent + 2);
      }
    }
  }

  std::string& out() { return out_; }

 private:
  void WriteSingle(const Message& message, const FieldDescriptor& field, size_t indent) {
    const Reflection* reflection = message.GetReflection();
    if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
      WriteMessage(reflection->GetMessage(message, &field), indent);
    } else if (field.cpp_type() == FieldDescriptor::CPPTYPE_STRING) {
      out_ += fmt::format(" {}\n", Quote(reflection->GetString(message, &field)));
    } else {
      out_ += fmt::format(" {}\n", reflection->GetUInt32(message, &field));
    }
  }

  void WriteMessage(const Message& message, size_t indent) {
    if (IsValueType(*message.GetDescriptor())) {
      out_ += fmt::format(" {}\n", RenderValue(message, fallback_));
    } else if (IsEmpty(message)) {
      out_ += " {}\n";
    } else {
      out_ += '\n';
      WriteFields(message, indent);
    }
  }

  void WriteList(const Message& message, const FieldDescriptor& field, size_t indent) {
    const Reflection* reflection = message.GetReflection();
    out_ += '\n';
    for (int i = 0; i < reflection->FieldSize(message, &field); ++i) {
      out_ += fmt::format("{:{}}-", "", indent);
      if (field.cpp_type() == FieldDescriptor::CPPTYPE_MESSAGE) {
        WriteItem(reflection->GetRepeatedMessage(message, &field, i), indent + 2);
      } else {
        out_ += fmt::format(" {}\n", Quote(reflection->GetRepeatedString(message, &field, i)));
      }
    }
  }

  // An item's first field stands on the line of its dash.
  void WriteItem(const Message& message, size_t indent) {
    if (IsEmpty(message)) {
      out_ += " {}\n";
      return;
    }
    const size_t begin = out_.size();
    WriteFields(message, indent);
    out_.erase(begin, indent);
    out_.insert(begin, 1, ' ');
  }

  static bool IsEmpty(const Message& message) {
    std::vector<const FieldDescriptor*> fields;
    message.GetReflection()->ListFields(message, &fields);
    return fields.empty();
  }

  v1::Provenance fallback_;
  std::string out_;
};

}  // namespace

absl::StatusOr<std::string> RenderRecipe(const v1::Recipe& recipe) {
  PLUMB_RETURN_IF_ERROR(ValidateRecipe(recipe));
  std::array<int, 5> counts{};
  CountProvenance(recipe, &counts);
  int fallback = v1::PROVENANCE_PUBLISHED;
  for (int i = v1::PROVENANCE_PUBLISHED; i <= v1::PROVENANCE_ASSUMED; ++i) {
    if (counts[i] > counts[fallback]) fallback = i;
  }
  const auto chosen = static_cast<v1::Provenance>(fallback);
  Writer writer(chosen);
  writer.WriteFields(recipe, 0);
  // The default stands after schema_version, which is always the first line.
  std::string& text = writer.out();
  text.insert(text.find('\n') + 1, fmt::format("provenance: {}\n", ProvenanceToText(chosen)));
  return text;
}

}  // namespace plumb
