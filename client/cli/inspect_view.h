// What `plumb inspect` shows. JSON keys are documented in docs/cli.md and stay.
#ifndef PLUMB_CLIENT_CLI_INSPECT_VIEW_H_
#define PLUMB_CLIENT_CLI_INSPECT_VIEW_H_

#include <string>

#include "client/cli/json.h"
#include "client/cli/output.h"
#include "client/cli/table.h"
#include "plumb/client/inspect.h"

namespace plumb::cli {

Json InspectionJson(const Inspection& inspection, bool with_tensors);

// One block for each container, then what they are together.
void PrintInspection(Output& output, const Inspection& inspection, bool with_tensors);

// The lines of one container, without its tensors.
Table ContainerTable(const InspectedContainer& container);
// A line for each tensor; columns of statistics when there are some.
Table InspectedTensorTable(const InspectedContainer& container);

// `7`, `12,345`, `10.7 M`, `1.24 B`, `671 B`.
std::string FormatCount(uint64_t count);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_INSPECT_VIEW_H_
