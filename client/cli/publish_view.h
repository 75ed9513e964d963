// What a publish did, or would do, for people and programs.
#ifndef PLUMB_CLIENT_CLI_PUBLISH_VIEW_H_
#define PLUMB_CLIENT_CLI_PUBLISH_VIEW_H_

#include "client/cli/output.h"
#include "plumb/client/publish.h"

namespace plumb::cli {

void PrintPublished(Output& output, const PublishResult& result);
void PrintPreview(Output& output, const PublishPreview& preview);

}  // namespace plumb::cli

#endif  // PLUMB_CLIENT_CLI_PUBLISH_VIEW_H_
