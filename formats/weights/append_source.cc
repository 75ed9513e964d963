#include "plumb/weights/append_source.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "fmt/format.h"
#include "plumb/weights/unreadable_tensor.h"

namespace plumb {

void AppendSource(const TensorSource& source, TensorSourceParts* parts) {
  const auto first_file = static_cast<uint32_t>(parts->files.size());
  uint32_t groups = 0;
  for (const SourceTensor& tensor : parts->tensors) groups = std::max(groups, tensor.shared_storage.value_or(0) + 1);
  for (SourceTensor tensor : source.tensors()) {
    for (StoredRange& range : tensor.ranges) range.file += first_file;
    if (tensor.shared_storage) *tensor.shared_storage += groups;
    parts->tensors.push_back(std::move(tensor));
  }
  const std::string_view name = source.files().empty() ? source.format() : source.files().front().path;
  for (const std::string& note : source.notes()) {
    parts->notes.push_back(IsUnreadableNote(note) ? note : fmt::format("{}: {}", name, note));
  }
  parts->files.insert(parts->files.end(), source.files().begin(), source.files().end());
  if (first_file == 0) parts->metadata = source.metadata().entries();
}

}  // namespace plumb
