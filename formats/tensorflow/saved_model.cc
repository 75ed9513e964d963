#include "formats/tensorflow/saved_model.h"

#include <algorithm>
#include <set>

#include "fmt/format.h"
#include "plumb/base/file.h"
#include "plumb/base/limits.h"
#include "plumb/base/status.h"
#include "plumb/protowire/wire_reader.h"

namespace plumb {
namespace {

// Operators that reach beyond the tensors they are given.
constexpr std::string_view kReaching[] = {
    "ReadFile",           "WriteFile",      "MatchingFiles", "PyFunc",    "PyFuncStateless",    "EagerPyFunc",
    "LoadAndRemapMatrix", "Save",           "SaveV2",        "RestoreV2", "MergeV2Checkpoints", "PrintV2",
    "WriteAudioSummary",  "ShardedFilename"};
// Those are part of saving and restoring every model.
constexpr std::string_view kUsual[] = {"Save", "SaveV2", "RestoreV2", "MergeV2Checkpoints", "ShardedFilename"};

absl::Status Bad(std::string_view why) {
  return WithErrorClass(InvalidArgument(fmt::format("the message is broken: {}", why)), ErrorClass::kPolicy);
}

template <typename Names>
bool Holds(const Names& names, std::string_view name) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

// Calls visit(bytes) for every field `number` of a message.
template <typename Visit>
absl::Status ForEach(std::span<const uint8_t> message, uint32_t number, Visit visit) {
  WireReader reader(message);
  for (WireField field; reader.Next(field);) {
    if (field.number == number && field.wire == Wire::kBytes) PLUMB_RETURN_IF_ERROR(visit(field.bytes));
  }
  return reader.error().empty() ? absl::OkStatus() : Bad(reader.error());
}

}  // namespace

bool LooksLikeSavedModel(const ContainerInput& input) {
  // saved_model_schema_version: 1, then meta_graphs of the rest of the file.
  std::span<const uint8_t> head = input.head;
  if (head.size() < 8 || head[0] != 0x08 || head[1] != 0x01 || head[2] != 0x12) return false;
  WireReader reader(head.subspan(2));
  uint64_t length = 0;
  size_t at = 3;
  for (unsigned shift = 0; shift < 35 && at < head.size(); shift += 7) {
    length |= uint64_t{head[at] & 0x7fu} << shift;
    if (head[at++] < 0x80) return at + length <= input.bytes->Size();
  }
  return false;
}

absl::StatusOr<std::vector<std::string>> NotesOfSavedModel(const ByteSource& bytes) {
  if (bytes.Size() > limits::kSavedModelBytesMax) {
    return WithErrorClass(
        InvalidArgument(fmt::format("it has {} bytes, at most {} are read", bytes.Size(), limits::kSavedModelBytesMax)),
        ErrorClass::kPolicy);
  }
  ByteWindow window(bytes);
  PLUMB_ASSIGN_OR_RETURN(std::span<const uint8_t> message, window.At(0, bytes.Size()));
  std::set<std::string> found;
  auto visit_node = [&](std::span<const uint8_t> node) {  // NodeDef: op (2).
    return ForEach(node, 2, [&](std::span<const uint8_t> op) {
      if (Holds(kReaching, AsText(op)) && !Holds(kUsual, AsText(op))) found.insert(std::string(AsText(op)));
      return absl::OkStatus();
    });
  };
  auto visit_graph = [&](std::span<const uint8_t> graph) -> absl::Status {  // GraphDef: node (1), library (2).
    PLUMB_RETURN_IF_ERROR(ForEach(graph, 1, visit_node));
    return ForEach(
        graph, 2, [&](std::span<const uint8_t> library) {  // FunctionDefLibrary: function (1); its node_def (3).
          return ForEach(library, 1,
                         [&](std::span<const uint8_t> function) { return ForEach(function, 3, visit_node); });
        });
  };
  // SavedModel: meta_graphs (2); MetaGraphDef: graph_def (2).
  PLUMB_RETURN_IF_ERROR(
      ForEach(message, 2, [&](std::span<const uint8_t> meta) { return ForEach(meta, 2, visit_graph); }));
  std::vector<std::string> notes;
  for (const std::string& op : found) {
    notes.push_back(fmt::format("its graph holds the operator {}, which reaches beyond its tensors", op));
  }
  return notes;
}

}  // namespace plumb
