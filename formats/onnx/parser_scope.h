#ifndef PLUMB_FORMATS_ONNX_PARSER_SCOPE_H_
#define PLUMB_FORMATS_ONNX_PARSER_SCOPE_H_

#include "fmt/format.h"
#include "formats/onnx/parser.h"
#include "plumb/base/limits.h"
#include "plumb/base/onnx_limits.h"

namespace plumb::onnx {

class Parser::Scope {
 public:
  explicit Scope(Parser& parser) : parser_(parser) {
    if (++parser_.depth_ > limits::kOnnxDepthMax) {
      parser_.Fail(fmt::format("messages are nested deeper than {}", limits::kOnnxDepthMax));
    }
    if (++parser_.messages_ > limits::kOnnxMessagesMax) {
      parser_.Fail(fmt::format("there are more than {} messages", limits::kOnnxMessagesMax));
    }
  }
  ~Scope() { --parser_.depth_; }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;
  // False after an error: the message is not to be read.
  explicit operator bool() const { return parser_.status_.ok(); }

 private:
  Parser& parser_;
};

}  // namespace plumb::onnx

#endif  // PLUMB_FORMATS_ONNX_PARSER_SCOPE_H_
