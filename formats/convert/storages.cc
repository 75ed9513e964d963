#include "formats/convert/storages.h"

#include <algorithm>
#include <map>
#include <utility>

#include "fmt/format.h"
#include "plumb/base/status.h"

namespace plumb {
namespace {

// Tensors, by their numbers, over bytes [begin, end) of one file.
struct Group {
  std::vector<size_t> tensors;
  uint64_t begin = 0;
  uint64_t end = 0;
};

class Finder {
 public:
  Finder(const TensorSource& source, const std::vector<DType>& types) : source_(source), types_(types) {}

  absl::StatusOr<Storages> Find() {
    found_.tensors.resize(source_.tensors().size());
    std::map<uint32_t, Group> by_number;
    std::vector<Group> groups;
    for (size_t i = 0; i < source_.tensors().size(); ++i) {
      const SourceTensor& tensor = source_.tensors()[i];
      if (tensor.shared_storage) {
        by_number[*tensor.shared_storage].tensors.push_back(i);
      } else {
        groups.push_back({{i}});
      }
    }
    for (auto& [number, group] : by_number) groups.push_back(std::move(group));
    // In the order of the tensors that come first.
    std::sort(groups.begin(), groups.end(), [](const Group& a, const Group& b) { return a.tensors[0] < b.tensors[0]; });
    for (Group& group : groups) Add(group);
    PLUMB_RETURN_IF_ERROR(OpenShared());
    return std::move(found_);
  }

 private:
  void Add(Group& group) {
    const bool apart = group.tensors.size() == 1 && source_.tensors()[group.tensors[0]].strides.empty();
    if (!apart && IsOneStorage(&group)) return AddStorage(group);
    if (group.tensors.size() > 1) found_.unshared += group.tensors.size();
    for (size_t i : group.tensors) AddAlone(i);
  }

  // A tensor's dense elements as a storage of their own.
  void AddAlone(size_t i) {
    const SourceTensor& tensor = source_.tensors()[i];
    found_.tensors[i] = {tensor.name, tensor.shape, {}, static_cast<uint32_t>(found_.storages.size()), 0};
    found_.storages.push_back({types_[i], tensor.element_count()});
    found_.payloads.push_back({&source_, &tensor, types_[i]});
  }

  // Whether the group's tensors are views of one run of elements without holes, all of one type; finds its bounds.
  bool IsOneStorage(Group* group) const {
    std::vector<StoredRange> ranges;
    const SourceTensor& first = source_.tensors()[group->tensors[0]];
    const DTypeBlock unit = BlockOf(first.dtype);
    for (size_t i : group->tensors) {
      const SourceTensor& tensor = source_.tensors()[i];
      if (tensor.ranges.size() != 1 || tensor.dtype != first.dtype || tensor.big_endian != first.big_endian ||
          types_[i] != types_[group->tensors[0]] || tensor.ranges[0].file != first.ranges[0].file) {
        return false;
      }
      ranges.push_back(tensor.ranges[0]);
    }
    if (unit.elements != 1 || unit.bytes == 0) return false;
    std::sort(ranges.begin(), ranges.end(), [](const auto& a, const auto& b) { return a.begin < b.begin; });
    group->begin = group->end = ranges[0].begin;
    for (const StoredRange& range : ranges) {
      if (range.begin > group->end || (range.begin - group->begin) % unit.bytes != 0) return false;
      group->end = std::max(group->end, range.end);
    }
    return true;
  }

  void AddStorage(const Group& group) {
    const SourceTensor& first = source_.tensors()[group.tensors[0]];
    const uint64_t unit = BlockOf(first.dtype).bytes, elements = (group.end - group.begin) / unit;
    for (size_t i : group.tensors) {
      const SourceTensor& tensor = source_.tensors()[i];
      found_.tensors[i] = {tensor.name, tensor.shape, tensor.strides, static_cast<uint32_t>(found_.storages.size()),
                           (tensor.ranges[0].begin - group.begin) / unit};
    }
    found_.storages.push_back({types_[group.tensors[0]], elements});
    // Its tensor is filled in when all are known.
    shared_.push_back(found_.payloads.size());
    found_.payloads.push_back({nullptr, nullptr, types_[group.tensors[0]]});
    // Named by the first tensor, for messages.
    SourceTensor& run = runs_.emplace_back(SourceTensor{.name = first.name, .dtype = first.dtype, .shape = {elements}});
    run.ranges.push_back({first.ranges[0].file, group.begin, group.end});
    run.big_endian = first.big_endian;
  }

  absl::Status OpenShared() {
    if (runs_.empty()) return absl::OkStatus();
    TensorSourceParts parts{.format = source_.format(), .files = source_.files(), .tensors = std::move(runs_)};
    PLUMB_ASSIGN_OR_RETURN(found_.shared, TensorSource::New(std::move(parts)));
    for (size_t i = 0; i < shared_.size(); ++i) {
      found_.payloads[shared_[i]].source = found_.shared.get();
      found_.payloads[shared_[i]].tensor = &found_.shared->tensors()[i];
    }
    return absl::OkStatus();
  }

  const TensorSource& source_;
  const std::vector<DType>& types_;
  Storages found_;
  std::vector<SourceTensor> runs_;
  std::vector<size_t> shared_;  // Parallel to runs_: numbers of payloads.
};

}  // namespace

absl::StatusOr<Storages> FindStorages(const TensorSource& source, const std::vector<DType>& types) {
  return Finder(source, types).Find();
}

}  // namespace plumb
