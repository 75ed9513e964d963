#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "client/library/publish_plan.h"
#include "fmt/format.h"
#include "plumb/base/byte_source.h"
#include "plumb/base/status.h"
#include "plumb/containers/file_roles.h"
#include "plumb/containers/incomplete.h"
#include "plumb/containers/open.h"
#include "plumb/weights/container_format.h"
#include "plumb/weights/weight_set.h"

namespace plumb {
namespace {

// Notes on one file that a publisher gets to see.
constexpr size_t kNotesMax = 4;

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

PlannedContainer Describe(const TensorSource& source, const std::string& path) {
  constexpr size_t kTextBytesMax = 1024;
  PlannedContainer container{.path = path, .format = std::string(source.format()), .texts = {}};
  for (const MetadataEntry& entry : source.metadata().entries()) {
    const auto* text = std::get_if<std::string>(&entry.value);
    if (text != nullptr && text->size() <= kTextBytesMax) container.texts.emplace(entry.key, *text);
  }
  return container;
}

// Weights of formats that nobody here reads are said to be that, once.
void WarnOfUnknown(const Operation& operation, const PublishPlan& plan) {
  constexpr size_t kNamesMax = 3;
  const std::vector<std::string>& names = plan.unknown_weights;
  if (names.empty()) return;
  std::string listed;
  for (size_t i = 0; i < std::min(names.size(), kNamesMax); ++i) {
    listed += fmt::format("{}{}", i == 0 ? "" : ", ", names[i]);
  }
  if (names.size() > kNamesMax) listed += fmt::format(" and {} more", names.size() - kNamesMax);
  operation.Warn(fmt::format("not understood: {}; published as plain bytes", listed));
}

// Looks at the files of a folder one after another.
class WeightPlanner {
 public:
  // All must outlive the object.
  WeightPlanner(const Directory& folder, const Operation& operation, PublishPlan* plan)
      : folder_(folder), files_(&folder), operation_(operation), plan_(plan) {}

  absl::Status Plan(const std::string& path) {
    // A golden is no weights, and what is in it is checked by running it.
    if (IsGolden(path)) return WarnOfPlace(path);
    if (IsTaken(path)) return absl::OkStatus();
    PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const ByteSource> bytes, files_.Open(path));
    PLUMB_ASSIGN_OR_RETURN(std::string_view format, ContainerFormatOf(files_, path));
    if (format.empty()) return PlanUnknown(path, *bytes);
    absl::StatusOr<std::unique_ptr<TensorSource>> source = OpenTensorSource(files_, path);
    if (!source.ok()) return PlanUnsound(path, *bytes, source.status());
    WarnOfNotes(**source, path, operation_);
    TakeTensors(**source, plan_);
    plan_->containers.push_back(Describe(**source, path));
    return absl::OkStatus();
  }

 private:
  // vLLM, SGLang and others load every .safetensors at the top as weights.
  absl::Status WarnOfPlace(const std::string& path) {
    if (path.ends_with(".safetensors") && path.find('/') == path.npos) {
      operation_.Warn(fmt::format("{} is no weights, but loaders take it for such; {} is the place for it", path,
                                  path == "golden.safetensors" ? "smoke/model.golden" : "the folder smoke/"));
    }
    return absl::OkStatus();
  }

  // What other files of the container led to already.
  bool IsTaken(const std::string& path) const {
    return std::any_of(plan_->files.begin(), plan_->files.end(), [&](const PlannedFile& file) {
      return file.path == path && (!file.tensors.empty() || !file.generated.empty());
    });
  }

  // Of no format that is read: nothing is wrong with it unless its name promises one, or it ends early.
  absl::Status PlanUnknown(const std::string& path, const ByteSource& bytes) {
    if (path.ends_with(".safetensors") || IsShardIndex(path)) return PlanNamed(path);
    if (!IsWeightName(path)) return absl::OkStatus();
    PLUMB_ASSIGN_OR_RETURN(std::optional<IncompleteFile> early, EndsEarly(path, bytes));
    if (early.has_value()) {
      plan_->incomplete.push_back(*std::move(early));
    } else if (!FormatOfName(path).empty()) {
      plan_->unknown_weights.push_back(path);
    }
    return absl::OkStatus();
  }

  // The error of a file that can only be one thing.
  absl::Status PlanNamed(const std::string& path) {
    absl::Status status;
    if (path.ends_with(".safetensors.index.json")) {
      status = WeightSet::Open(folder_, path).status();
    } else if (path.ends_with(".safetensors")) {
      PLUMB_ASSIGN_OR_RETURN(UniqueFd fd, folder_.OpenFile(path));
      status = SafetensorsHeader::Read(fd.get(), path).status();
    }
    if (!status.ok()) AddUnsound(path, status);
    return absl::OkStatus();
  }

  // It claims a format and cannot be read. It is refused when it is not all there, or when there is nothing else that
  // it can be; what is merely not understood is published as plain bytes.
  absl::Status PlanUnsound(const std::string& path, const ByteSource& bytes, const absl::Status& status) {
    const bool lacks_a_file = absl::IsNotFound(status) &&
                              (path.ends_with(".onnx") || path.ends_with(".index") || HasVariables(path));
    const bool only_one_thing =
        path.ends_with(".safetensors") || path.ends_with(".gguf") || IsShardIndex(path) || lacks_a_file;
    if (absl::IsDataLoss(status) || (only_one_thing && !absl::IsUnimplemented(status))) {
      AddUnsound(path, status);
      return absl::OkStatus();
    }
    // This machine is to blame, not the file.
    if (ErrorClassOf(status) == ErrorClass::kLocalStorage) return status;
    PLUMB_ASSIGN_OR_RETURN(std::optional<IncompleteFile> early, EndsEarly(path, bytes));
    if (early.has_value()) {
      plan_->incomplete.push_back(*std::move(early));
    } else {
      operation_.Warn(fmt::format("not understood: {}; published as plain bytes", Message(AnnotateOnce(status, path))));
    }
    return absl::OkStatus();
  }

  // A SavedModel has a table of its variables; one without any, which is sound, has neither table nor data.
  bool HasVariables(std::string_view path) const {
    constexpr std::string_view kModel = "saved_model.pb";
    if (!path.ends_with(kModel)) return false;
    const std::string data = fmt::format("{}variables/variables.data-", path.substr(0, path.size() - kModel.size()));
    return std::any_of(plan_->files.begin(), plan_->files.end(),
                       [&](const PlannedFile& file) { return file.path.starts_with(data); });
  }

  static absl::Status AnnotateOnce(const absl::Status& status, const std::string& path) {
    return Message(status).starts_with(path) ? status : Annotate(status, path);
  }

  void AddUnsound(const std::string& path, const absl::Status& status) {
    std::string_view what = Message(status);
    for (const std::string& prefix : {path + ": ", path + " "}) {
      if (what.starts_with(prefix)) what.remove_prefix(prefix.size());
    }
    plan_->incomplete.push_back({path, fmt::format("cannot be used: {}", what), "mend it or download it again"});
  }

  const Directory& folder_;
  const DirectoryByteFolder files_;
  const Operation& operation_;
  PublishPlan* plan_;
};

}  // namespace

absl::Status PlanStandIns(const Directory& folder, const Operation& operation, PublishPlan* plan) {
  const DirectoryByteFolder files(&folder);
  for (const PlannedFile& file : plan->files) {
    PLUMB_RETURN_IF_ERROR(operation.Check());
    PLUMB_ASSIGN_OR_RETURN(std::shared_ptr<const ByteSource> bytes, files.Open(file.path));
    std::vector<uint8_t> head(std::min<uint64_t>(kContainerHeadBytes, bytes->Size()));
    PLUMB_RETURN_IF_ERROR(bytes->Read(0, head));
    std::optional<IncompleteFile> stand_in = StandInFor(file.path, bytes->Size(), head);
    if (stand_in.has_value()) plan->incomplete.push_back(*std::move(stand_in));
  }
  return absl::OkStatus();
}

absl::Status PlanWeights(const Directory& folder, const Operation& operation, PublishPlan* plan) {
  // Containers of several files are opened by their index, or else by their first file.
  std::vector<std::string> paths = plan->Paths();
  std::stable_partition(paths.begin(), paths.end(), [](const std::string& path) { return IsShardIndex(path); });
  std::set<std::string> stand_ins;
  for (const IncompleteFile& file : plan->incomplete) stand_ins.insert(file.path);
  WeightPlanner planner(folder, operation, plan);
  for (const std::string& path : paths) {
    if (stand_ins.contains(path)) continue;
    PLUMB_RETURN_IF_ERROR(operation.Check());
    operation.Report({.phase = "check", .item = path, .done_bytes = 0, .total_bytes = 0});
    PLUMB_RETURN_IF_ERROR(planner.Plan(path));
  }
  PlanIndexes(folder, plan);
  WarnOfUnknown(operation, *plan);
  for (IncompleteFile& set : IncompleteSets(plan->Paths())) {
    if (IsWeightName(set.path)) plan->incomplete.push_back(std::move(set));
  }
  return absl::OkStatus();
}

}  // namespace plumb
