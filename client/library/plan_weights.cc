#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "client/library/publish_plan.h"
#include "fmt/format.h"
#include "plumb/base/status.h"
#include "plumb/containers/open.h"
#include "plumb/weights/weight_set.h"

namespace plumb {
namespace {

// Notes on one file that a publisher gets to see.
constexpr size_t kNotesMax = 4;

absl::Status PlanContainer(const Directory& folder, PlannedFile* file) {
  PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, folder.OpenFile(file->path));
  absl::StatusOr<SafetensorsHeader> header = SafetensorsHeader::Read(fd.get(), file->path);
  if (!header.ok()) return AsRefusal(header.status(), file->path);
  for (const TensorInfo& info : header->tensors()) {
    v1::Tensor tensor;
    tensor.set_name(info.name);
    tensor.set_dtype(std::string(DTypeName(info.dtype)));
    tensor.mutable_shape()->Assign(info.shape.begin(), info.shape.end());
    tensor.set_begin(info.begin);
    tensor.set_end(info.end);
    file->tensors.push_back(std::move(tensor));
  }
  return absl::OkStatus();
}

// Gives the tensors of a container to the files that they lie in.
void TakeTensors(const TensorSource& source, PublishPlan* plan) {
  std::vector<std::vector<v1::Tensor>> by_file(source.files().size());
  std::vector<std::set<std::string>> big_endian(source.files().size());
  for (const SourceTensor& each : source.tensors()) {
    // What lies in several places, or was unpacked, is no run of bytes of a file.
    if (each.ranges.size() > 1) continue;
    StoredRange range = each.ranges.empty() ? StoredRange{} : each.ranges.front();
    if (range.file >= by_file.size() || source.files()[range.file].unpacked) continue;
    v1::Tensor& tensor = by_file[range.file].emplace_back();
    tensor.set_name(each.name);
    tensor.set_dtype(std::string(DTypeName(each.dtype)));
    tensor.mutable_shape()->Assign(each.shape.begin(), each.shape.end());
    tensor.set_begin(range.begin);
    tensor.set_end(range.end);
    if (each.big_endian) big_endian[range.file].insert(each.name);
  }
  for (size_t i = 0; i < by_file.size(); ++i) {
    auto file = std::find_if(plan->files.begin(), plan->files.end(),
                             [&](const PlannedFile& planned) { return planned.path == source.files()[i].path; });
    if (file == plan->files.end() || !file->tensors.empty()) continue;
    std::stable_sort(by_file[i].begin(), by_file[i].end(), [](const v1::Tensor& a, const v1::Tensor& b) {
      return std::pair(a.begin(), a.end()) < std::pair(b.begin(), b.end());
    });
    file->tensors = std::move(by_file[i]);
    file->big_endian = std::move(big_endian[i]);
  }
}

void WarnOfNotes(const TensorSource& source, const std::string& path, const Operation& operation) {
  const std::vector<std::string>& notes = source.notes();
  for (size_t i = 0; i < std::min(notes.size(), kNotesMax); ++i) {
    operation.Warn(fmt::format("{}: {}", path, notes[i]));
  }
  if (notes.size() > kNotesMax) {
    operation.Warn(fmt::format("{}: {} more notes; `plumb inspect` shows them", path, notes.size() - kNotesMax));
  }
}

// A container of any other format, known by its content. Only GGUF files that are not sound are refused: what else
// looks like a container may be something else, and is published as plain bytes.
absl::Status PlanOther(const Directory& folder, const std::string& path, const Operation& operation,
                       PublishPlan* plan) {
  absl::StatusOr<std::string_view> format = ContainerFormatOf(DirectoryByteFolder(&folder), path);
  PLUMB_RETURN_IF_ERROR(format.status());
  if (format->empty()) return absl::OkStatus();
  absl::StatusOr<std::unique_ptr<TensorSource>> source = OpenTensorSource(folder, path);
  if (!source.ok() && path.ends_with(".gguf")) return AsRefusal(source.status(), path);
  if (!source.ok()) {
    operation.Warn(fmt::format("{}: {}; published as plain bytes", path, Message(source.status())));
    return absl::OkStatus();
  }
  WarnOfNotes(**source, path, operation);
  TakeTensors(**source, plan);
  return absl::OkStatus();
}

}  // namespace

absl::Status PlanWeights(const Directory& folder, const Operation& operation, PublishPlan* plan) {
  for (PlannedFile& file : plan->files) {
    PLUMB_RETURN_IF_ERROR(operation.Check());
    operation.Report({.phase = "check", .item = file.path, .done_bytes = 0, .total_bytes = 0});
    if (file.path.ends_with(".safetensors")) PLUMB_RETURN_IF_ERROR(PlanContainer(folder, &file));
    if (file.path.ends_with(".safetensors.index.json")) {
      absl::StatusOr<WeightSet> weights = WeightSet::Open(folder, file.path);
      if (!weights.ok()) return AsRefusal(weights.status(), file.path);
    }
  }
  for (const std::string& path : plan->Paths()) {
    PLUMB_RETURN_IF_ERROR(operation.Check());
    bool planned = std::any_of(plan->files.begin(), plan->files.end(), [&](const PlannedFile& file) {
      return file.path == path && (!file.tensors.empty() || !file.generated.empty());
    });
    if (planned || path.ends_with(".safetensors") || path.ends_with(".index.json")) continue;
    PLUMB_RETURN_IF_ERROR(PlanOther(folder, path, operation, plan));
  }
  return absl::OkStatus();
}

}  // namespace plumb
