#include "plumb/base/json.h"

#include <string>
#include <utility>
#include <vector>

#include "fmt/format.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

using Json = nlohmann::json;

// Longest piece of a hostile document, or of the parser's words about it, in a message.
constexpr size_t kShownBytes = 200;

// Builds a document from parser events, stopping at the first thing that is not allowed.
class StrictBuilder : public nlohmann::json_sax<Json> {
 public:
  explicit StrictBuilder(RepeatedKeys repeated) : repeated_(repeated) {}
  bool null() override { return Add(nullptr); }
  bool boolean(bool value) override { return Add(value); }
  bool number_integer(number_integer_t value) override { return Add(value); }
  bool number_unsigned(number_unsigned_t value) override { return Add(value); }
  bool number_float(number_float_t value, const string_t&) override { return Add(value); }
  bool string(string_t& value) override { return Add(std::move(value)); }
  bool binary(binary_t&) override { return false; }
  bool start_object(std::size_t) override { return Open(Json::object()); }
  bool start_array(std::size_t) override { return Open(Json::array()); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }

  bool key(string_t& name) override {
    if (repeated_ == RepeatedKeys::kRefused && open_.back()->contains(name)) {
      error_ = fmt::format("key \"{}\" occurs twice", name.substr(0, kShownBytes));
      return false;
    }
    key_ = std::move(name);
    return true;
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception& error) override {
    error_ = fmt::format("at byte {}: {}", position, std::string(error.what()).substr(0, kShownBytes));
    return false;
  }

  const std::string& error() const { return error_; }
  Json TakeDocument() { return std::move(root_); }

 private:
  Json* Place(Json value) {
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    if (open_.back()->is_array()) {
      open_.back()->push_back(std::move(value));
      return &open_.back()->back();
    }
    return &((*open_.back())[key_] = std::move(value));
  }
  bool Add(Json value) {
    Place(std::move(value));
    return true;
  }
  bool Open(Json value) {
    if (open_.size() >= limits::kJsonDepthMax) {
      error_ = fmt::format("nested deeper than {}", limits::kJsonDepthMax);
      return false;
    }
    open_.push_back(Place(std::move(value)));
    return true;
  }
  bool Close() {
    open_.pop_back();
    return true;
  }

  const RepeatedKeys repeated_;
  Json root_;
  std::vector<Json*> open_;
  std::string key_;
  std::string error_;
};

}  // namespace

absl::StatusOr<Json> ParseJson(std::string_view text, std::string_view what, RepeatedKeys repeated) {
  // To the JSON parser a NUL is the end; what follows would be read by others and not by us.
  if (size_t nul = text.find('\0'); nul != text.npos) {
    return InvalidArgument(fmt::format("{} is not valid JSON: NUL at byte {}", what, nul));
  }
  StrictBuilder builder(repeated);
  if (!Json::sax_parse(text.begin(), text.end(), &builder)) {
    return InvalidArgument(fmt::format("{} is not valid JSON: {}", what, builder.error()));
  }
  return builder.TakeDocument();
}

}  // namespace plumb
