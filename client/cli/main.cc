#include <string>
#include <vector>

#include "client/cli/app.h"
#include "client/cli/environment.h"
#include "client/cli/interrupt.h"

int main(int argc, char** argv) {
  plumb::cli::InstallInterruptHandler();
  return plumb::cli::RunApp(std::vector<std::string>(argv + 1, argv + argc), plumb::cli::ProcessEnvironment());
}
