// Uses the installed client library: parses a reference and meets a registry that is not there.
#include <cstdio>

#include "plumb/base/names.h"
#include "plumb/client/catalogue.h"
#include "plumb/client/connection.h"
#include "plumb/client/pull.h"

int main() {
  auto reference = plumb::ParseReference("lab/tiny@v1");
  if (!reference.ok() || reference->version != "v1") return 1;
  auto connection =
      plumb::Connection::Connect({.registry = "127.0.0.1:1", .connect_for = std::chrono::milliseconds(0)});
  if (connection.ok() || !absl::IsUnavailable(connection.status())) return 1;
  std::puts("consumer works");
  return 0;
}
