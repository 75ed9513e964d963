// What the person at the command line gets to see: results on stdout,
// everything else on stderr.
#ifndef PLUMB_CLIENT_CLI_OUTPUT_H_
#define PLUMB_CLIENT_CLI_OUTPUT_H_

#include <cstdint>
#include <mutex>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "client/cli/environment.h"
#include "client/cli/json.h"
#include "client/cli/progress_bar.h"
#include "client/cli/settings.h"
#include "client/cli/table.h"
#include "plumb/client/operation.h"

namespace plumb::cli {

// Thread-safe: work reports progress and warnings from its own threads.
class Output {
 public:
  // `environment` is borrowed.
  Output(const Environment& environment, bool json, bool quiet, bool no_color);

  // Whether commands print their result by PrintJson instead of PrintText and
  // PrintTable.
  bool json() const { return json_; }

  // A line, or lines, of the result. Sanitised; line feeds stay. On a terminal wrapped at words, what goes on in a
  // further line `hang` columns to the right.
  void PrintText(const std::string& text, Colour colour = Colour::kNone, size_t hang = 2);
  // The same as it stands, whatever the width: what is there to be copied.
  void PrintVerbatim(const std::string& text, Colour colour = Colour::kNone);
  // Fitted to the terminal's width.
  void PrintTable(const Table& table);
  // Bytes of the result as they are: no terminal may be behind stdout unless the user asked for that.
  void PrintBytes(std::span<const uint8_t> bytes);
  bool out_is_terminal() const { return environment_.out_is_terminal; }
  // Columns that results are laid out for; 0 where no terminal shows them.
  size_t width_out() const { return environment_.out_is_terminal ? environment_.width() : 0; }
  void PrintJson(const Json& value);
  // One object of a stream, on a line of its own.
  void PrintJsonLine(const Json& value);
  // Words of ours that go along with a result; nothing with --quiet or --json.
  void Note(const std::string& text);
  // Something wrong that is no failure. With --json a line {"warning": text}.
  void Warn(const std::string& text);
  // Draws the bar where stderr is a terminal that can, else writes a line every few seconds; nothing with --quiet or
  // --json.
  void ShowProgress(const Progress& progress);
  void ClearProgress();
  // Says that the work waits for something; with an empty `text` that it goes on. Nothing with --quiet or --json.
  void ShowWaiting(const std::string& text);
  void PrintError(const absl::Status& status, const std::string& registry);

  // Whether nobody reads stdout any more.
  bool closed();
  // Hands everything over. An error unless all of stdout was taken; a reader
  // that left is none.
  absl::Status Flush();

 private:
  void Result(const std::string& text);
  bool colours_out() const { return colour_ && environment_.out_is_terminal; }
  bool colours_err() const { return colour_ && environment_.err_is_terminal; }
  size_t width_err() const { return environment_.err_is_terminal ? environment_.width() : 0; }

  const Environment& environment_;
  const bool json_;
  const bool quiet_;
  const bool colour_;
  std::mutex mutex_;
  ProgressBar bar_;
  ProgressLog log_;
  int stdout_error_ = 0;  // errno of the first write that failed.
};

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_OUTPUT_H_
