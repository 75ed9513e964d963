#include "client/cli/json.h"

namespace plumb::cli {

std::string DumpJson(const Json& value, bool pretty) {
  return value.dump(pretty ? 2 : -1, ' ', /*ensure_ascii=*/true, Json::error_handler_t::replace);
}

}  // namespace plumb::cli
