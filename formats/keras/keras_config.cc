#include "formats/keras/keras_config.h"

#include "fmt/format.h"
#include "plumb/base/python_json.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// Bounded by ParsePythonJson's depth.
class CodeFinder {
 public:
  void Visit(const nlohmann::json& value) {
    if (value.is_object()) VisitObject(value);
    if (value.is_structured()) {
      for (const nlohmann::json& item : value) Visit(item);
    }
  }

  std::vector<std::string> Notes() const {
    std::vector<std::string> notes;
    if (lambdas_ > 0) {
      notes.push_back(
          fmt::format("{} Lambda layer{} (the first is {}): Keras runs code that this file carries, Plumb does not",
                      lambdas_, lambdas_ == 1 ? "" : "s", QuoteForMessage(first_)));
    } else if (functions_ > 0) {
      notes.push_back(fmt::format(
          "{} Python functions are stored as bytes (__lambda__): Keras runs them, Plumb does not", functions_));
    }
    return notes;
  }

 private:
  void VisitObject(const nlohmann::json& object) {
    auto kind = object.find("class_name");
    if (object.contains("__lambda__")) ++functions_;
    if (kind == object.end() || !kind->is_string()) return;
    if (*kind == "__lambda__") ++functions_;
    if (*kind != "Lambda") return;
    if (lambdas_++ > 0) return;
    auto config = object.find("config");
    if (config == object.end() || !config->is_object()) return;
    auto name = config->find("name");
    if (name != config->end() && name->is_string()) first_ = name->get<std::string>();
  }

  size_t lambdas_ = 0, functions_ = 0;
  std::string first_;
};

}  // namespace

std::vector<std::string> NotesOnConfig(std::string_view config) {
  absl::StatusOr<nlohmann::json> parsed = ParsePythonJson(config, "the configuration", RepeatedKeys::kRefused);
  if (!parsed.ok()) {
    return {fmt::format("{}; whether it carries code is not known", Message(parsed.status()))};
  }
  CodeFinder finder;
  finder.Visit(*parsed);
  return finder.Notes();
}

}  // namespace plumb
