#include "plumb/containers/file_roles.h"

namespace plumb {
namespace {

std::string_view BaseName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

bool IsGolden(std::string_view path) {
  const std::string_view name = BaseName(path);
  return name == "golden.safetensors" || name.ends_with(".golden.safetensors");
}

bool IsShardIndex(std::string_view path) { return path.ends_with(".index.json"); }

bool IsTrainingState(std::string_view path) {
  const std::string_view name = BaseName(path);
  for (std::string_view start : {"optimizer", "scheduler", "rng_state", "training_args", "scaler"}) {
    if (name.starts_with(start)) return true;
  }
  return false;
}

}  // namespace plumb
