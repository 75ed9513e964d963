#include "client/cli/output.h"

#include <cerrno>

#include "client/cli/error_report.h"
#include "client/cli/text.h"
#include "client/cli/wrap.h"
#include "plumb/base/status.h"

namespace plumb::cli {
namespace {

constexpr size_t kWarningColumns = 9;  // Of `Warning: `.

}  // namespace

Output::Output(const Environment& environment, bool json, bool quiet, bool no_color)
    : environment_(environment),
      json_(json),
      quiet_(quiet),
      colour_(!no_color && !environment.is_dumb),
      bar_(environment.err, environment.seconds, environment.width),
      log_(environment.err, environment.seconds) {}

void Output::Result(const std::string& text) {
  std::lock_guard lock(mutex_);
  bar_.Clear();
  if (stdout_error_ != 0) return;
  errno = 0;
  *environment_.out << text << std::flush;
  if (!environment_.out->good()) stdout_error_ = errno == 0 ? EIO : errno;
}

void Output::PrintText(const std::string& text, Colour colour, size_t hang) {
  PrintVerbatim(WrapText(Sanitise(text, /*keep_lines=*/true), width_out(), hang), colour);
}

void Output::PrintVerbatim(const std::string& text, Colour colour) {
  std::string safe = Sanitise(text, /*keep_lines=*/true);
  Result((colours_out() ? Paint(safe, colour) : safe) + "\n");
}

void Output::PrintTable(const Table& table) { Result(table.Render(colours_out(), width_out())); }

void Output::PrintBytes(std::span<const uint8_t> bytes) {
  Result(std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

void Output::PrintJson(const Json& value) { Result(DumpJson(value, environment_.out_is_terminal) + "\n"); }

void Output::PrintJsonLine(const Json& value) { Result(DumpJson(value, /*pretty=*/false) + "\n"); }

void Output::Note(const std::string& text) {
  if (quiet_ || json_) return;
  std::lock_guard lock(mutex_);
  bar_.Clear();
  *environment_.err << WrapText(Sanitise(text, /*keep_lines=*/true), width_err()) << std::endl;
}

void Output::Warn(const std::string& text) {
  std::lock_guard lock(mutex_);
  bar_.Clear();
  if (json_) {
    *environment_.err << DumpJson({{"warning", text}}, false) << std::endl;
  } else {
    *environment_.err << Paint("Warning:", colours_err() ? Colour::kYellow : Colour::kNone) << " "
                      << WrapText(Sanitise(text, /*keep_lines=*/true), width_err(), 2, kWarningColumns) << std::endl;
  }
}

void Output::ShowProgress(const Progress& progress) {
  if (quiet_ || json_) return;
  std::lock_guard lock(mutex_);
  environment_.err_is_terminal && !environment_.is_dumb ? bar_.Update(progress) : log_.Update(progress);
}

void Output::ClearProgress() {
  std::lock_guard lock(mutex_);
  bar_.Clear();
}

void Output::ShowWaiting(const std::string& text) {
  if (quiet_ || json_) return;
  if (!environment_.err_is_terminal || environment_.is_dumb) return Note(text.empty() ? "... and goes on" : text);
  std::lock_guard lock(mutex_);
  bar_.Waits(text);
}

void Output::PrintError(const absl::Status& status, const std::string& registry) {
  std::lock_guard lock(mutex_);
  bar_.Clear();
  *environment_.err << (json_ ? DumpJson(ErrorJson(status, registry), false) + "\n"
                              : RenderError(status, registry, colours_err(), width_err()))
                    << std::flush;
}

bool Output::closed() {
  std::lock_guard lock(mutex_);
  return stdout_error_ != 0;
}

absl::Status Output::Flush() {
  std::lock_guard lock(mutex_);
  bar_.Clear();
  if (stdout_error_ == 0 || stdout_error_ == EPIPE) return absl::OkStatus();
  return WithErrorClass(ErrnoStatus(stdout_error_, "write to standard output"), ErrorClass::kLocalStorage);
}

}  // namespace plumb::cli
