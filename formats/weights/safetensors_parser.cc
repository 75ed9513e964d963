#include "formats/weights/safetensors_parser.h"

#include <limits>
#include <set>
#include <utility>

#include "fmt/format.h"
#include "nlohmann/json.hpp"
#include "plumb/base/limits.h"
#include "plumb/base/quote.h"
#include "plumb/base/status.h"
#include "plumb/weights/unreadable_tensor.h"

namespace plumb {
namespace {

using Json = nlohmann::json;

// Largest number a header may hold: readers with signed sizes must agree with us.
constexpr uint64_t kNumberMax = std::numeric_limits<int64_t>::max();

// Receives the parser's events. A small state machine: each event is legal in few states, and the
// first that is not ends the parse with a message.
class HeaderBuilder {
 public:
  bool null() {
    if (state_ != State::kMetadataObject) return Unexpected("null");
    result_.notes.emplace_back("its __metadata__ is null, which is read as none");
    return Enter(State::kTop);
  }
  bool boolean(bool) { return Unexpected("a boolean"); }
  bool binary(Json::binary_t&) { return Unexpected("binary data"); }
  bool number_integer(Json::number_integer_t) { return Unexpected("a negative number"); }
  bool number_float(Json::number_float_t, const Json::string_t& text) {
    return Unexpected(fmt::format("the number {}", QuoteForMessage(text)));
  }

  bool number_unsigned(Json::number_unsigned_t value) {
    if (state_ == State::kPassedOver) return PassOver();
    if (value > kNumberMax) return Fail(fmt::format("the number {} is too large, at most {}", value, kNumberMax));
    if (state_ == State::kShape) {
      if (tensor_.shape.size() >= limits::kTensorRankMax) {
        return Fail(fmt::format("a shape has more than {} dimensions", limits::kTensorRankMax));
      }
      tensor_.shape.push_back(value);
      return true;
    }
    if (state_ != State::kOffsets) return Unexpected("a number");
    if (offsets_seen_ == 2) return Fail("data_offsets has more than two numbers");
    (offsets_seen_++ == 0 ? tensor_.begin : tensor_.end) = value;
    return true;
  }

  bool string(Json::string_t& value) {
    if (state_ == State::kPassedOver) return PassOver();
    if (state_ == State::kMetadataValue) {
      auto [place, inserted] = result_.metadata.try_emplace(std::move(key_), value);
      if (!inserted) return Fail(fmt::format("metadata key {} occurs twice", QuoteForMessage(place->first)));
      return Enter(State::kMetadata);
    }
    if (state_ != State::kDtype) return Unexpected("a string");
    std::optional<DType> dtype = ParseDType(value);
    if (dtype.has_value() && IsSafetensorsDType(*dtype)) {
      tensor_.dtype = *dtype;
    } else {
      result_.unreadable[tensor_.name] = fmt::format("is of the type {}, which is not read", QuoteForMessage(value));
    }
    return Enter(State::kTensor);
  }

  bool start_object(std::size_t) {
    switch (state_) {
      case State::kPassedOver:
        return BeginPassedOver();
      case State::kStart:
        return Enter(State::kTop);
      case State::kMetadataObject:
        return Enter(State::kMetadata);
      case State::kTensorObject:
        fields_seen_ = 0;
        return Enter(State::kTensor);
      default:
        return Unexpected("an object");
    }
  }

  bool end_object() {
    if (state_ == State::kPassedOver) return EndPassedOver();
    if (state_ == State::kTensor) {
      if (fields_seen_ != kAllFields) return Fail("dtype, shape or data_offsets is missing");
      result_.tensors.push_back(std::move(tensor_));
      tensor_ = TensorInfo();
    }
    return Enter(state_ == State::kTop ? State::kEnd : State::kTop);
  }

  bool start_array(std::size_t) {
    if (state_ == State::kPassedOver) return BeginPassedOver();
    if (state_ == State::kShapeArray) return Enter(State::kShape);
    if (state_ != State::kOffsetsArray) return Unexpected("an array");
    offsets_seen_ = 0;
    return Enter(State::kOffsets);
  }

  bool end_array() {
    if (state_ == State::kPassedOver) return EndPassedOver();
    if (state_ == State::kOffsets && offsets_seen_ != 2) return Fail("data_offsets has fewer than two numbers");
    return Enter(State::kTensor);
  }

  bool key(Json::string_t& name) {
    if (state_ == State::kPassedOver) return true;
    if (state_ == State::kTensor) return FieldKey(name);
    if (state_ == State::kMetadata) {
      if (result_.metadata.size() >= limits::kSafetensorsMetadataEntriesMax) {
        return Fail(fmt::format("__metadata__ has more than {} entries", limits::kSafetensorsMetadataEntriesMax));
      }
      key_ = name;
      return Enter(State::kMetadataValue);
    }
    if (name == "__metadata__") {
      if (std::exchange(metadata_seen_, true)) return Fail("key \"__metadata__\" occurs twice");
      return Enter(State::kMetadataObject);
    }
    return TensorKey(name);
  }

  bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) {
    return Fail(fmt::format("not valid JSON in UTF-8 at byte {}", position));
  }

  const std::string& error() const { return error_; }
  SafetensorsJson Take() { return std::move(result_); }

 private:
  // What the next event may be: `*Object` and `*Array` and `*Value` wait for that, the others are inside.
  enum class State {
    kStart,
    kTop,
    kMetadataObject,
    kMetadata,
    kMetadataValue,
    kTensorObject,
    kTensor,
    kDtype,
    kShapeArray,
    kShape,
    kOffsetsArray,
    kOffsets,
    kPassedOver,
    kEnd,
  };
  static constexpr unsigned kAllFields = 7;
  static constexpr size_t kFieldsNotedMax = 8;

  bool Enter(State state) {
    state_ = state;
    return true;
  }

  bool Fail(std::string_view rule) {
    bool in_tensor = state_ >= State::kTensorObject && state_ <= State::kOffsets;
    error_ = in_tensor ? fmt::format("tensor {}: {}", QuoteForMessage(tensor_.name), rule) : std::string(rule);
    return false;
  }

  // A value of a field that is not known.
  bool PassOver() { return passed_over_ > 0 || Enter(State::kTensor); }

  bool BeginPassedOver() {
    if (++passed_over_ <= limits::kJsonDepthMax) return true;
    return Fail(fmt::format("a field that is not known is nested deeper than {}", limits::kJsonDepthMax));
  }

  bool EndPassedOver() {
    --passed_over_;
    return PassOver();
  }

  bool Unexpected(std::string_view found) {
    if (state_ == State::kPassedOver) return PassOver();
    static constexpr std::string_view kExpected[] = {"an object",
                                                     "a key",
                                                     "an object of strings as __metadata__",
                                                     "a key",
                                                     "a string as metadata value",
                                                     "an object with dtype, shape and data_offsets",
                                                     "a key",
                                                     "a string as dtype",
                                                     "an array as shape",
                                                     "a whole number as dimension",
                                                     "an array as data_offsets",
                                                     "a whole number as offset",
                                                     "any value",
                                                     "nothing more"};
    return Fail(fmt::format("found {}, expected {}", found, kExpected[static_cast<size_t>(state_)]));
  }

  bool TensorKey(const std::string& name) {
    if (name.empty()) result_.unreadable[""] = kEmptyName;
    if (name.size() > limits::kTensorNameBytesMax) {
      return Fail(fmt::format("tensor name {} is {} bytes long, at most {} are allowed", QuoteForMessage(name),
                              name.size(), limits::kTensorNameBytesMax));
    }
    if (name.find('\0') != name.npos) return Fail(fmt::format("tensor name {} holds a NUL", QuoteForMessage(name)));
    tensor_.name = name;
    return Enter(State::kTensorObject);
  }

  bool FieldKey(const std::string& name) {
    State next = State::kTensor;
    unsigned bit = 0;
    if (name == "dtype") {
      bit = 1;
      next = State::kDtype;
    } else if (name == "shape") {
      bit = 2;
      next = State::kShapeArray;
    } else if (name == "data_offsets") {
      bit = 4;
      next = State::kOffsetsArray;
    } else {
      if (fields_noted_.size() < kFieldsNotedMax && fields_noted_.insert(name).second) {
        result_.notes.push_back(fmt::format("tensor {} has the field {}, which is passed over",
                                            QuoteForMessage(tensor_.name), QuoteForMessage(name)));
      }
      return Enter(State::kPassedOver);
    }
    if ((fields_seen_ & bit) != 0) return Fail(fmt::format("field \"{}\" occurs twice", name));
    fields_seen_ |= bit;
    return Enter(next);
  }

  State state_ = State::kStart;
  SafetensorsJson result_;
  TensorInfo tensor_;
  unsigned fields_seen_ = 0;
  unsigned offsets_seen_ = 0;
  bool metadata_seen_ = false;
  std::set<std::string> fields_noted_;  // Those that were noted.
  uint64_t passed_over_ = 0;            // Objects and arrays that the value passed over is in.
  std::string key_;
  std::string error_;
};

}  // namespace

absl::StatusOr<SafetensorsJson> ParseSafetensorsJson(std::string_view json) {
  size_t first = json.find_first_not_of(" \t\r\n");
  if (first == json.npos || json[first] != '{') {
    return InvalidArgument("the header does not start with `{`");
  }
  // To the JSON parser a NUL is the end; what follows would be read by others and not by us.
  if (size_t nul = json.find('\0'); nul != json.npos) {
    return InvalidArgument(fmt::format("the header holds a NUL at byte {}; only white space may pad it", nul));
  }
  HeaderBuilder builder;
  try {
    if (!Json::sax_parse(json.data(), json.data() + json.size(), &builder)) {
      return InvalidArgument(builder.error());
    }
  } catch (const nlohmann::detail::exception& error) {
    return Internal(fmt::format("JSON parser: {}", error.what()));
  }
  return builder.Take();
}

std::vector<std::string> NotesOnSafetensorsJson(std::string_view json) {
  absl::StatusOr<SafetensorsJson> parsed = ParseSafetensorsJson(json);
  if (!parsed.ok()) return {};
  std::vector<std::string> notes = std::move(parsed->notes);
  for (const auto& [name, why] : parsed->unreadable) NoteUnreadable({name, why}, &notes);
  return notes;
}

}  // namespace plumb
