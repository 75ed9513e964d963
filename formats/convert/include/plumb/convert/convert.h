// Writes the tensors of any container as a container of another format, or with other element types.
//
// What a format can hold is carried bit for bit: types, names, shared storages, metadata. What it cannot hold is an
// error, or, for metadata, said in the report; nothing is changed that was not asked for. Models of any size are
// converted in bounded memory. docs/containers.md has what each format can hold.
#ifndef PLUMB_CONVERT_CONVERT_H_
#define PLUMB_CONVERT_CONVERT_H_

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "plumb/weights/dtype.h"
#include "plumb/weights/tensor_source.h"
#include "plumb/weights/unreadable_tensor.h"

namespace plumb {

// Formats that are written.
enum class ConvertTarget { kSafetensors, kGguf, kNpz, kPytorch };

// `safetensors`, `gguf`, `npz`, `pytorch`.
std::string_view ConvertTargetName(ConvertTarget target);
// The inverse of ConvertTargetName.
std::optional<ConvertTarget> ParseConvertTarget(std::string_view name);
// What a path's ending means: `.safetensors`, `.gguf`, `.npz`, `.pt`, `.pth`, `.bin`.
std::optional<ConvertTarget> ConvertTargetOf(std::string_view path);

// The types that floats can be converted to in a target; the first is F32.
std::vector<DType> ConvertTypesOf(ConvertTarget target);

struct ConvertOptions {
  ConvertTarget target = ConvertTarget::kSafetensors;
  // What floats and quantised tensors become; absent, every tensor keeps its type. Integers, bools and complex numbers
  // always do. In GGUF, as llama.cpp has it, vectors and scalars become F32 whatever is asked, and a block type takes
  // tensors whose rows are whole blocks; the others become the next type that fits: Q5_0 for Q4_K, Q4_0 for TQ1_0 and
  // TQ2_0, F16 where that does not fit either.
  std::optional<DType> dtype;
  // Tensors that become F32 whatever is asked or they are: what a program expects that reads the file. Of floats alone.
  std::set<std::string> float32;
  // Whether tensors that cannot be read, or that the target cannot hold, are left out; else they are an error.
  bool skip = false;
  // Whether what stands at the path is replaced, at once and only by a whole file.
  bool replace = false;
  // Called now and then, from one thread at a time, with how many bytes are written of how many. Not OK stops the work
  // with that status.
  std::function<absl::Status(uint64_t done_bytes, uint64_t total_bytes)> progress;
};

// What was done.
struct ConvertReport {
  uint64_t tensors = 0;
  uint64_t file_bytes = 0;
  uint64_t converted = 0;  // Tensors of another type than before.
  uint64_t not_asked = 0;  // Floats that became F32 although something else was asked: the target's rule above.
  std::map<DType, uint64_t> fallbacks;    // Of the tensors whose rows do not fit the type asked: what they became.
  uint64_t requantised = 0;               // Tensors that went from one block type to another.
  uint64_t unshared = 0;                  // Tensors that shared their bytes with others and have their own now.
  std::map<DType, uint64_t> types;        // How many tensors of each type were written.
  std::vector<std::string> dropped_keys;  // Metadata that the target cannot hold.
  std::vector<UnreadableTensor> skipped;  // With `skip`, and what is no weight in any case.
  // Numbers that were finite and do not fit their new type, by tensor; those without are left out.
  std::vector<std::pair<std::string, uint64_t>> overflowed;
};

// Writes `source` to `path`. The file appears there when it is whole and durable; nothing else is left behind, however
// this ends. Works on as many threads as the machine has processors, at most eight, in some 10 MiB each.
// FAILED_PRECONDITION (ErrorClass::kPolicy) names tensors that cannot be read or that the target cannot hold, which
// `skip` leaves out, and what else to do; INVALID_ARGUMENT a tensor whose NaN or infinity a block type cannot hold, and
// (ErrorClass::kPolicy) a block type that fits no tensor; ALREADY_EXISTS unless `replace`.
absl::StatusOr<ConvertReport> ConvertTensors(const TensorSource& source, const std::string& path,
                                             const ConvertOptions& options);

}  // namespace plumb

#endif  // PLUMB_CONVERT_CONVERT_H_
