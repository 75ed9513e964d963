#include <malloc.h>

#include <string>
#include <vector>

#include "client/cli/app.h"
#include "client/cli/environment.h"
#include "client/cli/interrupt.h"
#include "plumb/client/connection.h"

int main(int argc, char** argv) {
  // Chunks come and go by the thousand: their memory is kept for the next ones. To give it back and have it cleared
  // anew costs as much as compressing them.
  mallopt(M_ARENA_MAX, 4);
  mallopt(M_MMAP_THRESHOLD, 8 << 20);
  mallopt(M_TRIM_THRESHOLD, 32 << 20);
  plumb::SilenceTransport();
  plumb::cli::InstallInterruptHandler();
  return plumb::cli::RunApp(std::vector<std::string>(argv + 1, argv + argc), plumb::cli::ProcessEnvironment());
}
