// SIGINT and SIGTERM.
#ifndef PLUMB_CLIENT_CLI_INTERRUPT_H_
#define PLUMB_CLIENT_CLI_INTERRUPT_H_

#include <termios.h>

#include "plumb/client/operation.h"

namespace plumb::cli {

// Takes over SIGINT and SIGTERM, and ignores SIGPIPE. The first signal after InterruptCancels cancels that work; one
// before it, or a second one, ends the process at once with 130, and so does the first one when the work has not ended
// a second and a half later. Whatever is written is written so that it can be gone on with.
void InstallInterruptHandler();

// The form in which an end at once is announced on standard error.
void InterruptSays(bool json);

// What the next signal cancels; nullptr for nothing. Borrowed until the next
// call.
void InterruptCancels(Cancellation* cancellation);

// The settings to give standard input's terminal before ending at once; nullptr
// for none. Borrowed.
void RestoreTerminalOnInterrupt(const termios* settings);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_INTERRUPT_H_
