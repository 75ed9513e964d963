// Checkpoints written by hand, opcode by opcode.
#ifndef PLUMB_TESTS_UNIT_PYTORCH_CHECKPOINT_PICKLES_H_
#define PLUMB_TESTS_UNIT_PYTORCH_CHECKPOINT_PICKLES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "tests/unit/archive/zip_builder.h"
#include "tests/unit/containers/container_testing.h"

namespace plumb::checkpoint_pickles {

inline std::string Text(const std::string& text) { return "X" + Little(text.size(), 4) + text; }
inline std::string Number(int64_t number) { return "\x8a\x08" + Little(static_cast<uint64_t>(number), 8); }
inline std::string Numbers(const std::vector<int64_t>& numbers) {
  std::string tuple = "(";
  for (int64_t number : numbers) tuple += Number(number);
  return tuple + "t";
}

// A tensor over a storage, as torch.save pickles it.
struct TensorSpec {
  std::string storage_type = "torch\nFloatStorage\n";
  std::string key = "0";
  int64_t count = 4;
  int64_t offset = 0;
  std::vector<int64_t> shape = {2, 2};
  std::vector<int64_t> strides = {2, 1};
};

inline std::string PickleOf(const TensorSpec& t) {
  return "ctorch._utils\n_rebuild_tensor_v2\n((" + Text("storage") + "c" + t.storage_type + Text(t.key) + Text("cpu") +
         Number(t.count) + "tQ" + Number(t.offset) + Numbers(t.shape) + Numbers(t.strides) + "\x89}tR";
}

inline std::string StateDict(const std::string& tensor) { return "\x80\2}" + Text("w") + tensor + "s."; }

inline ZipSpec Checkpoint(const std::string& pickle, const std::string& storage = std::string(16, '\0')) {
  return {.entries = {{.name = "archive/data.pkl", .data = pickle}, {.name = "archive/data/0", .data = storage}}};
}

}  // namespace plumb::checkpoint_pickles

#endif  // PLUMB_TESTS_UNIT_PYTORCH_CHECKPOINT_PICKLES_H_
