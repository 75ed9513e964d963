#include "verify/inference/runnable_model.h"

#include "verify/inference/check/config_hash.h"

namespace plumb {

absl::StatusOr<std::string> RunnableModel::ConfigHash(const Graph& /*graph*/) const {
  return plumb::ConfigHash(model());
}

}  // namespace plumb
