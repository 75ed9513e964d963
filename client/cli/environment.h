// What the command line gets from the process it runs in; tests give it
// something else.
#ifndef PLUMB_CLIENT_CLI_ENVIRONMENT_H_
#define PLUMB_CLIENT_CLI_ENVIRONMENT_H_

#include <cstddef>
#include <functional>
#include <istream>
#include <optional>
#include <ostream>
#include <string>

namespace plumb::cli {

// Streams are borrowed and must outlive every use.
struct Environment {
  // An environment variable; absent when it is not set. Thread-safe.
  std::function<std::optional<std::string>(const std::string& name)> variable;
  std::istream* in = nullptr;
  std::ostream* out = nullptr;
  std::ostream* err = nullptr;
  bool in_is_terminal = false;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
  // The terminal knows no colours and cannot draw a line again: TERM is `dumb` or says nothing.
  bool is_dumb = false;
  // Columns of the terminal now; COLUMNS, where it is set.
  std::function<size_t()> width = [] { return size_t{80}; };
  // Seconds of a clock that only goes forward.
  std::function<double()> seconds = [] { return 0.0; };
  // Reads a line from the terminal without showing it; used when
  // `in_is_terminal`.
  std::function<std::string()> read_secret;
};

// The real one.
Environment ProcessEnvironment();

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_ENVIRONMENT_H_
