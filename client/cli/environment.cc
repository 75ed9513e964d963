#include "client/cli/environment.h"

#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <string_view>

#include "client/cli/interrupt.h"

namespace plumb::cli {
namespace {

constexpr size_t kWidthDefault = 80;

// No terminal is wider; what is narrower is taken for this wide.
constexpr size_t kWidthMax = 10'000;
constexpr size_t kWidthMin = 20;

size_t TerminalWidth() {
  if (const char* columns = std::getenv("COLUMNS")) {
    const unsigned long stated = std::strtoul(columns, nullptr, 10);
    if (stated > 0 && stated <= kWidthMax) return std::max<size_t>(stated, kWidthMin);
  }
  for (int fd : {STDERR_FILENO, STDOUT_FILENO}) {
    winsize size{};
    if (ioctl(fd, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return std::max<size_t>(size.ws_col, kWidthMin);
  }
  return kWidthDefault;
}

std::string ReadSecretFromTerminal() {
  termios before{};
  if (tcgetattr(STDIN_FILENO, &before) != 0) return "";
  termios silent = before;
  silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
  RestoreTerminalOnInterrupt(&before);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
  std::string line;
  std::getline(std::cin, line);
  tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
  RestoreTerminalOnInterrupt(nullptr);
  std::cerr << std::endl;
  return line;
}

}  // namespace

Environment ProcessEnvironment() {
  Environment environment;
  environment.variable = [](const std::string& name) -> std::optional<std::string> {
    const char* value = std::getenv(name.c_str());
    if (value == nullptr) return std::nullopt;
    return value;
  };
  environment.in = &std::cin;
  environment.out = &std::cout;
  environment.err = &std::cerr;
  environment.in_is_terminal = isatty(STDIN_FILENO) != 0;
  environment.out_is_terminal = isatty(STDOUT_FILENO) != 0;
  environment.err_is_terminal = isatty(STDERR_FILENO) != 0;
  const char* term = std::getenv("TERM");
  environment.is_dumb = term == nullptr || *term == 0 || std::string_view(term) == "dumb";
  environment.width = TerminalWidth;
  environment.seconds = [] {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
  };
  environment.read_secret = ReadSecretFromTerminal;
  return environment;
}

}  // namespace plumb::cli
