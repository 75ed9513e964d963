#include "plumb/containers/file_roles.h"

#include <utility>

namespace plumb {
namespace {

std::string_view BaseName(std::string_view path) { return path.substr(path.rfind('/') + 1); }

}  // namespace

bool IsGolden(std::string_view path) {
  const std::string_view name = BaseName(path);
  return name.ends_with(".golden") || name == "golden.safetensors" || name.ends_with(".golden.safetensors");
}

bool IsShardIndex(std::string_view path) { return path.ends_with(".index.json"); }

bool IsTrainingState(std::string_view path) {
  const std::string_view name = BaseName(path);
  for (std::string_view start : {"optimizer", "scheduler", "rng_state", "training_args", "scaler"}) {
    if (name.starts_with(start)) return true;
  }
  return false;
}

std::string_view FormatOfName(std::string_view path) {
  static constexpr std::pair<std::string_view, std::string_view> kEndings[] = {
      {".safetensors", "safetensors"},
      {".safetensors.index.json", "safetensors"},
      {".gguf", "gguf"},
      {".npy", "npy"},
      {".npz", "npz"},
      {".pt", "pytorch"},
      {".pth", "pytorch"},
      {".bin", "pytorch"},
      {".ckpt", "pytorch"},
      {".bin.index.json", "pytorch"},
      {".onnx", "onnx"},
      {".h5", "hdf5"},
      {".hdf5", "hdf5"},
      {".keras", "keras"},
      {".tflite", "tflite"},
      {".msgpack", "flax"},
  };
  for (const auto& [ending, format] : kEndings) {
    if (path.ends_with(ending)) return format;
  }
  return {};
}

bool IsWeightName(std::string_view path) {
  static constexpr std::string_view kEndings[] = {
      ".pb",     ".pkl",     ".pickle",     ".joblib",  ".model",     ".tiktoken", ".nemo",     ".tar",
      ".zip",    ".mlmodel", ".engine",     ".plan",    ".pdparams",  ".params",   ".ot",       ".t7",
      ".distcp", ".parquet", ".arrow",      ".ggml",    ".llamafile", ".task",     ".litertlm", ".mar",
      ".pte",    ".ptl",     ".caffemodel", ".weights", ".index"};
  if (!FormatOfName(path).empty()) return true;
  for (std::string_view ending : kEndings) {
    if (path.ends_with(ending)) return true;
  }
  return BaseName(path).find(".data-") != path.npos;
}

}  // namespace plumb
